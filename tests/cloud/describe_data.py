"""Asks KMS, Secrets Manager, EFS, RDS and MSK what they have of what is kept."""

import json

from tests.cloud.deploy_document import Json
from tests.cloud.deploy_kinds import Resource
from tests.cloud.describe_kinds import Missing, described, only

_FORGOTTEN = "create_db_instance takes it (botocore checks it), moto forgets it"


@described("AWS::KMS::Key", PendingWindowInDays="is for the key's deletion, which nobody asks for")
def key(of: Resource) -> Json:
    """Ask for a key, its policy, and whether it rotates."""
    kms = of.cloud["kms"]
    found = kms.describe_key(KeyId=of.physical)["KeyMetadata"]
    if found["KeyState"] != "Enabled":
        raise Missing(f"the key {of.physical} is {found['KeyState']}")
    return {
        **found,
        "EnableKeyRotation": kms.get_key_rotation_status(KeyId=of.physical)["KeyRotationEnabled"],
        "KeyPolicy": kms.get_key_policy(KeyId=of.physical, PolicyName="default")["Policy"],
    }


@described("AWS::KMS::Alias")
def alias(of: Resource) -> Json:
    """Ask for a key's other name."""
    name = of.properties["AliasName"]
    every = of.cloud["kms"].list_aliases()["Aliases"]
    return dict(only((one for one in every if one["AliasName"] == name), f"alias {name}"))


@described(
    "AWS::SecretsManager::Secret",
    GenerateSecretString="the tests make the value as it says",
    SecretString="is not looked at",
)
def secret(of: Resource) -> Json:
    """Ask for a secret, and whether there is a value."""
    client = of.cloud["secretsmanager"]
    found = client.describe_secret(SecretId=of.physical)
    if "DeletedDate" in found:
        raise Missing(f"the secret {of.physical} is deleted")
    value = client.get_secret_value(SecretId=of.physical)["SecretString"]
    how = of.properties.get("GenerateSecretString", {})
    if name := how.get("GenerateStringKey"):
        assert json.loads(value).keys() == {name, *json.loads(how["SecretStringTemplate"])}, f"{of.logical}: {name}"
        value = json.loads(value)[name]
    assert len(value) == int(how.get("PasswordLength", len(value))), f"{of.logical}: the length of what is generated"
    return {**found, "Id": found["ARN"]}


@described("AWS::EFS::FileSystem", BypassPolicyLockoutSafetyCheck="is for the one who deploys")
def file_system(of: Resource) -> Json:
    """Ask for a file system, its policy, its backups, and where old files go."""
    efs = of.cloud["efs"]
    found = only(efs.describe_file_systems(FileSystemId=of.physical)["FileSystems"], f"file system {of.physical}")
    more: Json = {"Arn": found["FileSystemArn"]}
    if "BackupPolicy" in of.properties:
        more["BackupPolicy"] = efs.describe_backup_policy(FileSystemId=of.physical)["BackupPolicy"]
    if "FileSystemPolicy" in of.properties:
        more["FileSystemPolicy"] = efs.describe_file_system_policy(FileSystemId=of.physical)["Policy"]
    if "LifecyclePolicies" in of.properties:
        answer = efs.describe_lifecycle_configuration(FileSystemId=of.physical)
        more["LifecyclePolicies"] = answer["LifecyclePolicies"]
    return {**found, **more}


@described("AWS::EFS::MountTarget")
def mount_target(of: Resource) -> Json:
    """Ask for where a subnet reaches a file system, and who may."""
    efs = of.cloud["efs"]
    found = only(efs.describe_mount_targets(MountTargetId=of.physical)["MountTargets"], f"mount target {of.physical}")
    groups = efs.describe_mount_target_security_groups(MountTargetId=of.physical)["SecurityGroups"]
    return {**found, "SecurityGroups": groups}


@described("AWS::EFS::AccessPoint")
def access_point(of: Resource) -> Json:
    """Ask for a folder of a file system and as whom it is used."""
    found = of.cloud["efs"].describe_access_points(AccessPointId=of.physical)["AccessPoints"]
    point = only(found, f"access point {of.physical}")
    return {**point, "Arn": point["AccessPointArn"]}


@described("AWS::RDS::DBSubnetGroup")
def subnet_group(of: Resource) -> Json:
    """Ask for the subnets of a database."""
    found = of.cloud["rds"].describe_db_subnet_groups(DBSubnetGroupName=of.physical)["DBSubnetGroups"]
    group = only(found, f"subnets {of.physical}")
    return {**group, "SubnetIds": [one["SubnetIdentifier"] for one in group["Subnets"]]}


@described("AWS::RDS::DBParameterGroup")
def parameter_group(of: Resource) -> Json:
    """Ask for a database's parameters."""
    rds = of.cloud["rds"]
    found = rds.describe_db_parameter_groups(DBParameterGroupName=of.physical)["DBParameterGroups"]
    group = only(found, f"parameters {of.physical}")
    every = rds.describe_db_parameters(DBParameterGroupName=of.physical)["Parameters"]
    return {
        **group,
        "Family": group["DBParameterGroupFamily"],
        "Parameters": {one["ParameterName"]: one["ParameterValue"] for one in every},
    }


@described(
    "AWS::RDS::DBInstance",
    AllowMajorVersionUpgrade="is for an update",
    ManageMasterUserPassword="is seen by the secret that RDS made",
    EnablePerformanceInsights=_FORGOTTEN,
    PerformanceInsightsKMSKeyId=_FORGOTTEN,
    PerformanceInsightsRetentionPeriod=_FORGOTTEN,
    CACertificateIdentifier=_FORGOTTEN,
    DeleteAutomatedBackups="is for the end",
)
def database(of: Resource) -> Json:
    """Ask for a database."""
    found = of.cloud["rds"].describe_db_instances(DBInstanceIdentifier=of.physical)["DBInstances"]
    made = only(found, f"database {of.physical}")
    if str(of.properties.get("ManageMasterUserPassword")).casefold() == "true":
        assert made["MasterUserSecret"]["SecretArn"], f"{of.logical}: RDS has made no secret for its master"
    return {
        **made,
        "DBSubnetGroupName": made["DBSubnetGroup"]["DBSubnetGroupName"],
        "DBParameterGroupName": made["DBParameterGroups"][0]["DBParameterGroupName"],
        "VPCSecurityGroups": [one["VpcSecurityGroupId"] for one in made["VpcSecurityGroups"]],
        "Endpoint.Address": made["Endpoint"]["Address"],
        "Endpoint.Port": made["Endpoint"]["Port"],
        "MasterUserSecret.SecretArn": made.get("MasterUserSecret", {}).get("SecretArn"),
        "EnableIAMDatabaseAuthentication": made["IAMDatabaseAuthenticationEnabled"],
        "EnableCloudwatchLogsExports": made.get("EnabledCloudwatchLogsExports", []),
    }


@described("AWS::MSK::Cluster")
def brokers(of: Resource) -> Json:
    """Ask for a cluster of brokers."""
    found = of.cloud["kafka"].describe_cluster(ClusterArn=of.physical)["ClusterInfo"]
    software = found["CurrentBrokerSoftwareInfo"]
    return {
        **found,
        "KafkaVersion": software["KafkaVersion"],
        "ConfigurationInfo": {
            "Arn": software["ConfigurationArn"],
            "Revision": software["ConfigurationRevision"],
        },
        "Arn": found["ClusterArn"],
    }
