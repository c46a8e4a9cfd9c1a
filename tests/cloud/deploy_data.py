"""Makes what keeps data by direct calls: databases, brokers, secrets, and the file system's policy."""

import json
import secrets

from tests.cloud.deploy_calls import call, refused, renamed, without
from tests.cloud.deploy_kinds import NOWHERE, Resource, direct, mended
from tests.cloud.moto_cloud import ACCOUNT, REGION

_NAMELESS = "moto's CloudFormation does not say under which name it made it"


@direct("AWS::KMS::Key", "moto's CloudFormation keeps its policy as moto's own describe_key cannot read it")
def key(of: Resource) -> str:
    """Create a key that others are encrypted with."""
    properties = without(of.properties, "EnableKeyRotation", "KeyPolicy", "PendingWindowInDays", "Enabled")
    policy = json.dumps(of.properties["KeyPolicy"])
    made = str(call(of.cloud, "kms", "create_key", {**properties, "Policy": policy})["KeyMetadata"]["KeyId"])
    if str(of.properties.get("EnableKeyRotation")).casefold() == "true":
        call(of.cloud, "kms", "enable_key_rotation", {"KeyId": made})
    return made


@mended("AWS::EFS::FileSystem", "passes over FileSystemPolicy")
def file_system(of: Resource) -> None:
    """Give a file system its policy."""
    if policy := of.properties.get("FileSystemPolicy"):
        call(of.cloud, "efs", "put_file_system_policy", {"FileSystemId": of.physical, "Policy": json.dumps(policy)})


@direct("AWS::EFS::AccessPoint", _NAMELESS)
def access_point(of: Resource) -> str:
    """Create a folder of a file system that is used as somebody."""
    arguments = renamed({"ClientToken": of.name, **of.properties}, AccessPointTags="Tags")
    return str(call(of.cloud, "efs", "create_access_point", arguments)["AccessPointId"])


@direct("AWS::RDS::DBSubnetGroup", _NAMELESS)
def subnet_group(of: Resource) -> str:
    """Say in which subnets a database may stand."""
    name = of.named("DBSubnetGroupName").lower()
    call(of.cloud, "rds", "create_db_subnet_group", {**of.properties, "DBSubnetGroupName": name})
    return name


@direct("AWS::RDS::DBParameterGroup", _NAMELESS)
def parameter_group(of: Resource) -> str:
    """Create a group of parameters for a database."""
    name = {"DBParameterGroupName": of.named("DBParameterGroupName").lower()}
    properties = without({**of.properties, **name}, "Parameters")
    call(of.cloud, "rds", "create_db_parameter_group", renamed(properties, Family="DBParameterGroupFamily"))
    parameters = of.properties.get("Parameters", {})
    every = [
        {"ParameterName": key, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
        for key, value in parameters.items()
    ]
    call(of.cloud, "rds", "modify_db_parameter_group", {**name, "Parameters": every})
    return name["DBParameterGroupName"]


@direct(
    "AWS::RDS::DBInstance", "moto's CloudFormation passes over DeletionProtection, ManageMasterUserPassword and more"
)
def database(of: Resource) -> str:
    """Create a database."""
    later = ("AllowMajorVersionUpgrade", "DeleteAutomatedBackups")  # what modify and delete take
    name = {"DBInstanceIdentifier": of.named("DBInstanceIdentifier").lower()}
    arguments = renamed({**without(of.properties, *later), **name}, VPCSecurityGroups="VpcSecurityGroupIds")
    if secret := arguments.pop("MasterUserSecret", None):
        arguments["MasterUserSecretKmsKeyId"] = secret["KmsKeyId"]
    return str(call(of.cloud, "rds", "create_db_instance", arguments)["DBInstance"]["DBInstanceIdentifier"])


@direct("AWS::SecretsManager::Secret")
def secret(of: Resource) -> str:
    """Create a secret, and what is random of it."""
    properties = without(of.properties, "GenerateSecretString")
    if how := of.properties.get("GenerateSecretString"):
        characters = how.get("ExcludeCharacters", "")
        value = "".join(one for one in secrets.token_hex(int(how.get("PasswordLength", 32))) if one not in characters)
        value = value[: int(how.get("PasswordLength", 32))]
        if key := how.get("GenerateStringKey"):
            value = json.dumps({**json.loads(how["SecretStringTemplate"]), key: value})
        properties["SecretString"] = value
    arguments = {"Name": of.name, **properties}
    return str(call(of.cloud, "secretsmanager", "create_secret", arguments)["ARN"])


@direct("AWS::MSK::Cluster")
def brokers(of: Resource) -> str:
    """Create a cluster of brokers."""
    return str(call(of.cloud, "kafka", "create_cluster", of.properties)["ClusterArn"])


@direct("AWS::MSK::Configuration", NOWHERE)
def broker_settings(of: Resource) -> str:
    """Check the brokers' settings as far as botocore can: moto has none."""
    properties = without(of.properties, "KafkaVersionsList")
    arguments = renamed({**properties, "KafkaVersions": of.properties.get("KafkaVersionsList", [])})
    refused(of.cloud, "kafka", "create_configuration", arguments)
    return (
        f"arn:aws:kafka:{REGION}:{ACCOUNT}:configuration/{of.properties['Name']}/00000000-0000-0000-0000-000000000000-1"
    )


@direct("AWS::MSK::BatchScramSecret", NOWHERE)
def broker_passwords(of: Resource) -> str:
    """Check which secrets brokers are told as far as botocore can: moto's brokers take none."""
    refused(of.cloud, "kafka", "batch_associate_scram_secret", of.properties)
    return str(of.properties["ClusterArn"])
