"""Faults of what is kept, in many disguises: brokers, encryption, deletion, logs."""

from typing import Final

from tests.cloud.planting import CONTAINER, Plant, add, drop, put, told

_FIT = "brokers_fit_zones"
_REST = "encryption_is_on"
_WIRE = "traffic_is_encrypted"
_STAYS = "what_is_kept_outlives_the_stack"
_LOGS = "logs_are_kept_for_a_time"


_BROKERS: Final[list[tuple[str, str, Plant, str]]] = [
    (_FIT, "one broker for the zones", put("Kafka.Properties.NumberOfBrokerNodes", 1), "Kafka has 1 brokers for"),
    (_FIT, "brokers that are no multiple", put("Kafka.Properties.NumberOfBrokerNodes", 7), "make them a multiple"),
    (
        _FIT,
        "a row of the table that is wrong",
        lambda template: template["Mappings"]["Brokers"]["2"].update({"2": 3}),
        "Kafka has 3 brokers for 2 zones",
    ),
    (
        _FIT,
        "two subnets of one zone",
        put("PrivateB.Properties.AvailabilityZone", {"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
        "have one in each",
    ),
    (
        _FIT,
        "a zone without brokers",
        drop("Kafka.Properties.BrokerNodeGroupInfo.ClientSubnets.1"),
        "have one in each",
    ),
    (
        _FIT,
        "two copies",
        put("KafkaConfiguration.Properties.ServerProperties", "default.replication.factor=2\nmin.insync.replicas=2"),
        "have three copies",
    ),
    (
        _FIT,
        "the template lets one broker in each of two zones through",
        lambda template: template["Rules"].clear(),
        "Kafka has 2 brokers for 3 copies",
    ),
    (
        _FIT,
        "topics with one copy",
        put(f"{CONTAINER}.Environment", [{"Name": "CAREPLANE_KAFKA_BOOTSTRAP_SERVERS", "Value": "b"}]),
        "PatientTask makes topics with other than 3 copies",
    ),
]

_ENCRYPTION: Final[list[tuple[str, str, Plant, str]]] = [
    (_REST, "the database", put("Database.Properties.StorageEncrypted", value=False), "set StorageEncrypted to true"),
    (_REST, "the database says nothing", drop("Database.Properties.StorageEncrypted"), "Database is not encrypted"),
    (
        _REST,
        "AWS's own key",
        put("Database.Properties.KmsKeyId", "alias/aws/rds"),
        "set KmsKeyId to the template's key",
    ),
    (_REST, "the files", put("Files.Properties.Encrypted", "false"), "Files is not encrypted"),
    (_REST, "the brokers' disks", drop("Kafka.Properties.EncryptionInfo.EncryptionAtRest"), "Kafka is not encrypted"),
    (_REST, "a secret", drop("PatientLogin.Properties.KmsKeyId"), "PatientLogin is not encrypted"),
    (_REST, "logs", drop("PatientLog.Properties.KmsKeyId"), "PatientLog is not encrypted"),
    (_REST, "alarms", drop("Alarms.Properties.KmsMasterKeyId"), "Alarms is not encrypted"),
    (_REST, "a key for ever", put("Key.Properties.EnableKeyRotation", value=False), "set EnableKeyRotation to true"),
    (_REST, "something new that keeps data", add("Planted", "AWS::S3::Bucket"), "Nobody knows whether Planted"),
    (
        _WIRE,
        "brokers in the clear",
        put("Kafka.Properties.EncryptionInfo.EncryptionInTransit.ClientBroker", "TLS_PLAINTEXT"),
        "ClientBroker to TLS",
    ),
    (
        _WIRE,
        "brokers among themselves",
        put("Kafka.Properties.EncryptionInfo.EncryptionInTransit.InCluster", value=False),
        "InCluster to true",
    ),
    (
        _WIRE,
        "anybody at the brokers",
        put("Kafka.Properties.ClientAuthentication.Unauthenticated.Enabled", value=True),
        "lets in whoever does not sign in",
    ),
    (
        _WIRE,
        "anybody by silence",
        drop("Kafka.Properties.ClientAuthentication.Unauthenticated"),
        "lets in whoever does not sign in",
    ),
    (
        _WIRE,
        "a listener without TLS",
        put("HttpListener.Properties.DefaultActions", [{"Type": "forward", "TargetGroupArn": {"Ref": "Gateways"}}]),
        "HttpListener serves without TLS",
    ),
    (
        _WIRE,
        "old TLS",
        put("HttpsListener.Properties.SslPolicy", "ELBSecurityPolicy-2016-08"),
        "HttpsListener takes old TLS",
    ),
    (_WIRE, "TLS that nobody chose", drop("HttpsListener.Properties.SslPolicy"), "HttpsListener takes old TLS"),
    (
        _WIRE,
        "files in the clear",
        put("PatientTask.Properties.Volumes.0.EFSVolumeConfiguration.TransitEncryption", "DISABLED"),
        "PatientTask mounts files without TLS",
    ),
    (
        _WIRE,
        "files by no role",
        put("SetupTask.Properties.Volumes.0.EFSVolumeConfiguration.AuthorizationConfig.IAM", "DISABLED"),
        "SetupTask mounts files",
    ),
    (
        _WIRE,
        "files for all of the network",
        drop("Files.Properties.FileSystemPolicy"),
        "Files may be mounted without TLS",
    ),
    (
        _WIRE,
        "files past the access points",
        drop("Files.Properties.FileSystemPolicy.Statement.1"),
        "Files may be mounted without an access point",
    ),
    (
        _WIRE,
        "a database that takes plain text",
        put("DatabaseParameters.Properties.Parameters", {"rds.force_ssl": "0"}),
        "set rds.force_ssl to 1",
    ),
    (
        _WIRE,
        "a database that nobody checks",
        told("CAREPLANE_DATABASE_URL", "postgresql://a@b/c?sslmode=require"),
        "does not check whom it gives",
    ),
    (
        _WIRE,
        "events in the clear",
        told("CAREPLANE_KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"),
        "speaks to the brokers in the clear",
    ),
    (
        _WIRE,
        "calls in the clear",
        put(
            "IdentityTask.Properties.ContainerDefinitions.0.Environment",
            [{"Name": "CAREPLANE_GRPC_PORT", "Value": "4010"}],
        ),
        "IdentityTask calls in the clear",
    ),
]

_LOSSES: Final[list[tuple[str, str, Plant, str]]] = [
    (_STAYS, "the database goes with the stack", put("Database.DeletionPolicy", "Delete"), "Database is lost"),
    (_STAYS, "the database goes when replaced", drop("Database.UpdateReplacePolicy"), "set UpdateReplacePolicy"),
    (_STAYS, "the key goes", drop("Key.DeletionPolicy"), "Key is lost"),
    (_STAYS, "the files go", drop("Files.DeletionPolicy"), "Files is lost"),
    (_STAYS, "a password goes", drop("PatientLogin.DeletionPolicy"), "PatientLogin is lost"),
    (_STAYS, "the logs go", put("PatientLog.DeletionPolicy", "Delete"), "PatientLog is lost"),
    (_STAYS, "no backups", put("Database.Properties.BackupRetentionPeriod", 0), "Database can be lost"),
    (_STAYS, "no protection", put("Database.Properties.DeletionProtection", value=False), "Database can be lost"),
    (_STAYS, "one zone", drop("Database.Properties.MultiAZ"), "Database is away as long as its zone is"),
    (_STAYS, "no backups of the files", drop("Files.Properties.BackupPolicy"), "Files has no backups"),
    (_LOGS, "logs for ever", drop("PatientLog.Properties.RetentionInDays"), "PatientLog keeps everything for ever"),
    (_LOGS, "the database's logs for ever", drop("DatabaseLog"), "Database makes a group of logs"),
    (_LOGS, "no log", drop(f"{CONTAINER}.LogConfiguration"), "patient of PatientTask does not log"),
    (_LOGS, "another's log", put(f"{CONTAINER}.LogConfiguration.Options.awslogs-group", "/x"), "does not log"),
    (_LOGS, "silent brokers", drop("Kafka.Properties.LoggingInfo"), "Kafka does not log"),
]

DATA: Final = [*_BROKERS, *_ENCRYPTION, *_LOSSES]
