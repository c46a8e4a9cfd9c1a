"""Faults of secrets, in many disguises: in plain text, resolved too early, written in the template, shown."""

from typing import Final

from tests.cloud.planting import CONTAINER, Plant, append, both, drop, output, parameter, put, told

_PLAIN = "no_secret_in_environment"
_MADE = "secrets_are_made_and_hidden"
_MIGRATE: Final = "SetupTask.Properties.ContainerDefinitions.3"
_TOLD: Final = "patient of PatientTask is told"


SECRETS: Final[list[tuple[str, str, Plant, str]]] = [
    (_PLAIN, "a password as it is", told("CAREPLANE_DATABASE_PASSWORD", "correct horse"), _TOLD),
    (_PLAIN, "a password of a table", told("CAREPLANE_DATABASE_LOGINS_PATIENT", "correct horse"), _TOLD),
    (_PLAIN, "a password that is no setting of ours", told("PGPASSWORD", "correct horse"), _TOLD),
    (_PLAIN, "a token", told("SENTRY_AUTH_TOKEN", "abc"), _TOLD),
    (_PLAIN, "a key of the settings", told("CAREPLANE_IDENTITY_SECRETS_KEY", "QUJD"), _TOLD),
    (
        _PLAIN,
        "a URL with a password",
        told("CAREPLANE_DATABASE_URL", "postgresql://a:b@c/d?sslmode=verify-full"),
        _TOLD,
    ),
    (_PLAIN, "a password after the question mark", told("WHERE", "postgresql://a@b/c?user=a&password=b"), _TOLD),
    (
        _PLAIN,
        "resolved as it is deployed",
        told("WHERE", "{{resolve:secretsmanager:careplane:SecretString:a}}"),
        _TOLD,
    ),
    (
        _PLAIN,
        "resolved, put together",
        told("WHERE", {"Fn::Sub": "{{resolve:secretsmanager:${PatientLogin}}}"}),
        _TOLD,
    ),
    (_PLAIN, "the name of a secret under another name", told("HARMLESS", {"Ref": "PatientLogin"}), _TOLD),
    (_PLAIN, "a private key", told("CERTIFICATE", "-----BEGIN {} KEY-----\nMC4\n".format("PRIVATE")), _TOLD),
    (
        _PLAIN,
        "a hidden parameter",
        both(parameter("Hidden", NoEcho=True, Default="Tr0ub4dor"), told("HARMLESS", {"Fn::Sub": "x${Hidden}"})),
        _TOLD,
    ),
    (
        _PLAIN,
        "in the command",
        put(f"{CONTAINER}.Command", ["serve", {"Fn::Sub": "{{resolve:ssm-secure:${AWS::StackName}}}"}]),
        "patient of PatientTask is told a secret in its Command",
    ),
    (
        _PLAIN,
        "in a label",
        put(f"{CONTAINER}.DockerLabels", {"database": "postgresql://a:b@c/d"}),
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
        append(f"{CONTAINER}.Secrets", {"Name": "A", "ValueFrom": "arn:aws:ssm:a:1:parameter/b"}),
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
