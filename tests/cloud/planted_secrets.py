"""Faults of secrets, in many disguises: in plain text, resolved too early, written in the template, shown."""

from typing import Any, Final

from tests.cloud.planting import Plant, append, both, drop, output, parameter, put

_PLAIN = "no_secret_in_environment"
_MADE = "secrets_are_made_and_hidden"
_CONTAINER: Final = "PatientTask.Properties.ContainerDefinitions.0"
_MIGRATE: Final = "SetupTask.Properties.ContainerDefinitions.3"
_TOLD: Final = "patient of PatientTask is told"


def _told(name: str, value: Any) -> Plant:
    return append(f"{_CONTAINER}.Environment", {"Name": name, "Value": value})


SECRETS: Final[list[tuple[str, str, Plant, str]]] = [
    (_PLAIN, "a password as it is", _told("CAREPLANE_DATABASE_PASSWORD", "correct horse"), _TOLD),
    (_PLAIN, "a password of a table", _told("CAREPLANE_DATABASE_LOGINS_PATIENT", "correct horse"), _TOLD),
    (_PLAIN, "a password that is no setting of ours", _told("PGPASSWORD", "correct horse"), _TOLD),
    (_PLAIN, "a token", _told("SENTRY_AUTH_TOKEN", "abc"), _TOLD),
    (_PLAIN, "a key of the settings", _told("CAREPLANE_IDENTITY_SECRETS_KEY", "QUJD"), _TOLD),
    (
        _PLAIN,
        "a URL with a password",
        _told("CAREPLANE_DATABASE_URL", "postgresql://a:b@c/d?sslmode=verify-full"),
        _TOLD,
    ),
    (_PLAIN, "a password after the question mark", _told("WHERE", "postgresql://a@b/c?user=a&password=b"), _TOLD),
    (
        _PLAIN,
        "resolved as it is deployed",
        _told("WHERE", "{{resolve:secretsmanager:careplane:SecretString:a}}"),
        _TOLD,
    ),
    (
        _PLAIN,
        "resolved, put together",
        _told("WHERE", {"Fn::Sub": "{{resolve:secretsmanager:${PatientLogin}}}"}),
        _TOLD,
    ),
    (_PLAIN, "the name of a secret under another name", _told("HARMLESS", {"Ref": "PatientLogin"}), _TOLD),
    (_PLAIN, "a private key", _told("CERTIFICATE", "-----BEGIN {} KEY-----\nMC4\n".format("PRIVATE")), _TOLD),
    (
        _PLAIN,
        "a hidden parameter",
        both(parameter("Hidden", NoEcho=True, Default="Tr0ub4dor"), _told("HARMLESS", {"Fn::Sub": "x${Hidden}"})),
        _TOLD,
    ),
    (
        _PLAIN,
        "in the command",
        put(f"{_CONTAINER}.Command", ["serve", {"Fn::Sub": "{{resolve:ssm-secure:${AWS::StackName}}}"}]),
        "patient of PatientTask is told a secret in its Command",
    ),
    (
        _PLAIN,
        "in a label",
        put(f"{_CONTAINER}.DockerLabels", {"database": "postgresql://a:b@c/d"}),
        "in its DockerLabels",
    ),
    (
        _PLAIN,
        "in the setup",
        append(f"{_MIGRATE}.Environment", {"Name": "CAREPLANE_DATABASE_PASSWORD", "Value": "a"}),
        "migrate of SetupTask is told",
    ),
    (
        _PLAIN,
        "a secret from nowhere",
        append(f"{_CONTAINER}.Secrets", {"Name": "A", "ValueFrom": "arn:aws:ssm:a:1:parameter/b"}),
        "gets A from where no secret is kept",
    ),
    (
        _MADE,
        "a secret that is written down",
        put("PatientLogin.Properties", {"SecretString": "correct horse"}),
        "PatientLogin has its secret from the template",
    ),
    (
        _MADE,
        "a short secret",
        put("PatientLogin.Properties.GenerateSecretString.PasswordLength", 8),
        "PatientLogin is short",
    ),
    (
        _MADE,
        "a password beside the name",
        put(
            "PatientKafkaLogin.Properties.GenerateSecretString.SecretStringTemplate",
            '{"username": "a", "password": "b"}',
        ),
        "has password written in the template",
    ),
    (
        _MADE,
        "the owner's password",
        put("Database.Properties.MasterUserPassword", {"Ref": "Image"}),
        "Database has its owner's password",
    ),
    (
        _MADE,
        "the owner's password by nobody",
        drop("Database.Properties.ManageMasterUserPassword"),
        "Database has its owner's password",
    ),
    (
        _MADE,
        "a parameter that is shown",
        parameter("DatabasePassword", Default="x"),
        "The parameter DatabasePassword is shown",
    ),
    (
        _MADE,
        "an output that tells",
        output("Planted", {"Fn::Sub": "{{resolve:secretsmanager:${FirstPassword}}}"}),
        "The output Planted tells a secret",
    ),
]
