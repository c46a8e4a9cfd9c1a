"""Faults that look harmless: rights attached from elsewhere, one container behind another, ids in place of names."""

from typing import Any, Final

from tests.cloud.planting import CONTAINER, Plant, add, append, drop, output, put, told

_OWN = "each_process_opens_its_own"
_NARROW = "rights_are_narrow"
_PUBLIC = "only_the_balancer_is_public"
_WIRE = "traffic_is_encrypted"
_REST = "encryption_is_on"
_PLAIN = "no_secret_in_environment"
_MADE = "secrets_are_made_and_hidden"
_START: Final = "PatientStartRole.Properties.Policies.0.PolicyDocument.Statement"
_SECRETS: Final = "arn:aws:secretsmanager:eu-central-1:123456789012:secret"
_READ: Final = "secretsmanager:GetSecretValue"
_OPEN_URL: Final = "postgresql://a@b/c?sslmode=disable"


def _may(action: str, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _attached(kind: str, **to: Any) -> Plant:
    document = {"Version": "2012-10-17", "Statement": [_may(_READ, {"Ref": "IdentityLogin"})]}
    return add("Planted", f"AWS::IAM::{kind}", PolicyName="planted", PolicyDocument=document, **to)


_RIGHTS: Final[list[tuple[str, str, Plant, str]]] = [
    (_OWN, "every secret", append(_START, _may(_READ, f"{_SECRETS}:*")), "PatientStartRole may read arn:"),
    (_OWN, "a secret by its ARN", append(_START, _may(_READ, f"{_SECRETS}:a")), "PatientStartRole may read arn:"),
    (
        _OWN,
        "an action in other letters",
        append(_START, _may("SecretsManager:getsecretvalue", {"Ref": "IdentityLogin"})),
        "PatientStartRole allows SecretsManager:getsecretvalue",
    ),
    (
        _OWN,
        "many secrets at once",
        append(_START, _may("secretsmanager:BatchGetSecretValue", {"Ref": "IdentityLogin"})),
        "PatientStartRole allows secretsmanager:BatchGetSecretValue",
    ),
    (
        _OWN,
        "a policy beside the role",
        _attached("Policy", Roles=[{"Ref": "PatientStartRole"}]),
        "PatientStartRole may read IdentityLogin",
    ),
    (
        _OWN,
        "a managed policy beside the role",
        _attached("ManagedPolicy", Roles=[{"Ref": "PatientStartRole"}]),
        "PatientStartRole may read IdentityLogin",
    ),
    (
        _OWN,
        "a policy beside the role of what runs",
        _attached("RolePolicy", RoleName={"Ref": "PatientRole"}),
        "PatientRole allows more than to read the folder of PatientTask",
    ),
    (
        _OWN,
        "files for the starting role",
        append(_START, _may("elasticfilesystem:ClientMount", {"Fn::GetAtt": ["Files", "Arn"]})),
        "PatientStartRole allows elasticfilesystem:ClientMount",
    ),
    (
        _OWN,
        "the setup opens every folder",
        drop("SetupRole.Properties.Policies.0.PolicyDocument.Statement.0.Condition"),
        "SetupRole allows more than",
    ),
    (
        _NARROW,
        "a star in the middle",
        append(_START, _may("s3:*Object", "arn:aws:s3:::a/b")),
        "PatientStartRole allows s3:*Object",
    ),
    (
        "containers_are_confined",
        "root by another number",
        put(f"{CONTAINER}.User", "00"),
        "patient of PatientTask runs as root",
    ),
]

_WAYS: Final[list[tuple[str, str, Plant, str]]] = [
    (
        _PUBLIC,
        "a way out that is named by its id",
        add(
            "Planted",
            "AWS::EC2::Route",
            RouteTableId={"Ref": "PrivateRoutes"},
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId="igw-0123456789abcdef0",
        ),
        "PatientTasks stands in PrivateA",
    ),
    (
        _PUBLIC,
        "a stranger's routes",
        put("PrivateARoutes.Properties.RouteTableId", "rtb-0123456789abcdef0"),
        "PatientTasks stands in PrivateA",
    ),
    (
        _PUBLIC,
        "public addresses of what is run once",
        output("Planted", "awsvpcConfiguration={assignPublicIp=ENABLED}"),
        "The output Planted gives tasks public addresses",
    ),
    (
        _PUBLIC,
        "public addresses under another name",
        add(
            "Planted",
            "AWS::ECS::TaskSet",
            NetworkConfiguration={"AwsVpcConfiguration": {"AssignPublicIp": "ENABLED"}},
        ),
        "Planted gives its tasks public addresses",
    ),
    (
        _WIRE,
        "one container behind another",
        append(
            "SetupTask.Properties.ContainerDefinitions.0.Environment",
            {"Name": "CAREPLANE_DATABASE_URL", "Value": _OPEN_URL},
        ),
        "database-ca of SetupTask does not check whom it gives",
    ),
    (_WIRE, "the database's other variable", told("DATABASE_URL", _OPEN_URL), "patient of PatientTask does not check"),
    (
        _WIRE,
        "a mode that is taken back",
        told("CAREPLANE_DATABASE_URL", "postgresql://a@b/c?sslmode=verify-full&sslrootcert=/a&sslmode=disable"),
        "patient of PatientTask does not check",
    ),
    (
        _WIRE,
        "parameters of AWS",
        drop("Database.Properties.DBParameterGroupName"),
        "Database may let in who comes without TLS",
    ),
    (
        _WIRE,
        "a rule that serves without TLS",
        add(
            "Planted",
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            ListenerArn={"Ref": "HttpListener"},
            Actions=[{"Type": "forward", "TargetGroupArn": {"Ref": "Gateways"}}],
        ),
        "Planted adds to a listener without TLS",
    ),
    (
        _WIRE,
        "files without TLS, to read",
        put("Files.Properties.FileSystemPolicy.Statement.0.Action", "elasticfilesystem:ClientWrite"),
        "Files may be mounted without TLS",
    ),
    (
        _REST,
        "the owner's password with AWS's key",
        drop("Database.Properties.MasterUserSecret"),
        "set MasterUserSecret.KmsKeyId to the template's key",
    ),
    (
        _REST,
        "statements with AWS's key",
        drop("Database.Properties.PerformanceInsightsKMSKeyId"),
        "set PerformanceInsightsKMSKeyId to the template's key",
    ),
]

_TOLD: Final[list[tuple[str, str, Plant, str]]] = [
    (
        _PLAIN,
        "an environment from elsewhere",
        put(f"{CONTAINER}.EnvironmentFiles", [{"Type": "s3", "Value": "arn:aws:s3:::a/b.env"}]),
        "patient of PatientTask reads its environment from where no rule looks",
    ),
    (
        _PLAIN,
        "a password in place of its file",
        told("CAREPLANE_DATABASE_PASSWORD_FILE", "correct horse"),
        "is told CAREPLANE_DATABASE_PASSWORD_FILE",
    ),
    (
        _PLAIN,
        "in the question how it is",
        put(f"{CONTAINER}.HealthCheck.Command", ["CMD", "psql", "postgresql://a:b@c/d"]),
        "is told a secret in its HealthCheck",
    ),
    (
        _PLAIN,
        "in where it logs to",
        put(f"{CONTAINER}.LogConfiguration.Options.splunk", "{{resolve:ssm-secure:a}}"),
        "is told a secret in its LogConfiguration",
    ),
    (_PLAIN, "a short word for it", told("DB_PASS", "a"), "is told DB_PASS in its environment"),
    (_PLAIN, "a long word for it", told("KEY_PASSPHRASE", "a"), "is told KEY_PASSPHRASE in its environment"),
    (
        _MADE,
        "resolved where nobody looks",
        put("DatabaseFull.Properties.AlarmDescription", "{{resolve:ssm-secure:a}}"),
        "DatabaseFull has a secret among its properties",
    ),
]

DISGUISES: Final = [*_RIGHTS, *_WAYS, *_TOLD]
