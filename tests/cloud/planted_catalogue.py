"""Faults against the catalogue, in many disguises: who calls whom, who keeps and hears what, and the room for it."""

from typing import Any, Final

from tests.cloud.planting import Plant, add, append, both, drop, put, told

_INGRESS = "AWS::EC2::SecurityGroupIngress"
_EACH = "each_component_is_a_process"
_CALLS = "calls_are_those_of_the_catalogue"
_DATA = "data_is_for_those_of_the_catalogue"
_ZONES = "every_zone_has_its_share"
_ROOM = "the_database_has_room"
_NAMES = "variables_are_settings"
_SUBNETS: Final = "NetworkConfiguration.AwsvpcConfiguration.Subnets"


def _let_in(into: str, who: str, port: int) -> Plant:
    at = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    return add("Planted", _INGRESS, GroupId={"Ref": into}, SourceSecurityGroupId={"Ref": who}, **at)


def _peer(value: str | None) -> Plant:
    """Tell patient another address of billing, or none."""

    def plant(template: Any) -> None:
        told = template["Resources"]["PatientTask"]["Properties"]["ContainerDefinitions"][0]["Environment"]
        (peer,) = [one for one in told if one["Name"] == "CAREPLANE_GRPC_PEERS_BILLING"]
        told.remove(peer) if value is None else peer.update(Value=value)

    return plant


_HEARS: Final = both(
    told("CAREPLANE_KAFKA_BOOTSTRAP_SERVERS", "b:9096", whom="IdentityTask"),
    told("CAREPLANE_KAFKA_SECURITY_PROTOCOL", "SASL_SSL", whom="IdentityTask"),
    told("CAREPLANE_KAFKA_REPLICATION_FACTOR", "3", whom="IdentityTask"),
    _let_in("KafkaGroup", "IdentityGroup", 9096),
)
_AT_SSH: Final = both(
    put("DatabaseFromBilling.Properties.FromPort", 22), put("DatabaseFromBilling.Properties.ToPort", 22)
)

CATALOGUE: Final[list[tuple[str, str, Plant, str]]] = [
    (
        _EACH,
        "a component that nobody runs",
        both(*map(drop, ("AnalyticsTasks", "AnalyticsScale", "AnalyticsScaling", "AnalyticsFew"))),
        "Nothing keeps analytics running",
    ),
    (_EACH, "something else that runs", add("Planted", "AWS::ECS::TaskSet"), "Planted runs nothing of the catalogue"),
    (
        _EACH,
        "a component in another's group",
        append(
            "BillingTasks.Properties.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups", {"Ref": "PatientGroup"}
        ),
        "shares PatientGroup with",
    ),
    (
        _CALLS,
        "a caller who is told and let in",
        both(
            told("CAREPLANE_GRPC_PEERS_BILLING", "billing.careplane.internal:4010", whom="IdentityTask"),
            _let_in("BillingGroup", "IdentityGroup", 4010),
        ),
        "IdentityTask is told CAREPLANE_GRPC_PEERS_BILLING, but identity does not call it",
    ),
    (
        _CALLS,
        "a door for whoever is not told",
        _let_in("BillingGroup", "AnalyticsGroup", 4010),
        "Planted lets into BillingTasks who has nothing to do with it",
    ),
    (
        _CALLS,
        "a caller who is neither told nor let in",
        both(_peer(None), drop("BillingFromPatient")),
        "BillingTasks does not let in PatientGroup",
    ),
    (
        _CALLS,
        "another's address",
        _peer("billing.example.org:4010"),
        "PatientTask must be told CAREPLANE_GRPC_PEERS_BILLING: billing.careplane.internal:4010",
    ),
    (
        _CALLS,
        "a name that nobody is registered under",
        put("BillingName.Properties.Name", "accounts"),
        "PatientTask must be told CAREPLANE_GRPC_PEERS_BILLING: accounts.careplane.internal:4010",
    ),
    (
        _DATA,
        "events for identity, told and let in",
        _HEARS,
        "IdentityTask has nothing to do with, but is told CAREPLANE_KAFKA_BOOTSTRAP_SERVERS",
    ),
    (
        _DATA,
        "the database for the gateway, told and let in",
        both(
            told("CAREPLANE_DATABASE_URL", "postgresql://a@b/c?sslmode=verify-full&sslrootcert=/a", whom="GatewayTask"),
            _let_in("DatabaseGroup", "GatewayGroup", 5432),
        ),
        "GatewayTask has nothing to do with, but is told CAREPLANE_DATABASE_URL",
    ),
    (_DATA, "a component without its database", drop("DatabaseFromBilling"), "Database does not let in BillingGroup"),
    (_DATA, "setup without the database", drop("DatabaseFromSetup"), "Database does not let in SetupGroup"),
    (_DATA, "a component without events", drop("KafkaFromAnalytics"), "Kafka does not let in AnalyticsGroup"),
    (_DATA, "the database at another port", _AT_SSH, "DatabaseFromBilling lets into Database"),
    (
        _DATA,
        "files for the balancer",
        put("FilesFromPatient.Properties.SourceSecurityGroupId", {"Ref": "BalancerGroup"}),
        "FilesFromPatient lets into FilesA who has nothing to do with it",
    ),
    (
        _DATA,
        "files for a stranger",
        put("FilesFromPatient.Properties.SourceSecurityGroupId", "sg-0123456789abcdef0"),
        "FilesFromPatient lets into FilesA who has nothing to do with it",
    ),
    (
        _ZONES,
        "a component in one zone",
        put(f"PatientTasks.Properties.{_SUBNETS}", [{"Ref": "PrivateA"}]),
        "PatientTasks stands in 1 of",
    ),
    (
        _ZONES,
        "a component twice in one zone",
        put(f"PatientTasks.Properties.{_SUBNETS}", [{"Ref": "PrivateA"}, {"Ref": "PublicA"}]),
        "PatientTasks stands in 1 of",
    ),
    (
        _ZONES,
        "a component that forgets the third zone",
        drop(f"PatientTasks.Properties.{_SUBNETS}.2"),
        "PatientTasks stands in 2 of 3 zones",
    ),
    (_ZONES, "a zone without files", drop("FilesB"), "Files can be mounted in 1 of 2 zones"),
    (_ROOM, "too many tasks", put("PatientScale.Properties.MaxCapacity", 40), "DatabaseCrowded goes off at 600"),
    (
        _ROOM,
        "too many connections of each",
        told("CAREPLANE_DATABASE_POOL_SIZE", "50"),
        "DatabaseCrowded goes off at 600",
    ),
    (_ROOM, "an alarm too early", put("DatabaseCrowded.Properties.Threshold", 100), "DatabaseCrowded goes off at 100"),
    (_ROOM, "an alarm that says another number", put("DatabaseCrowded.Properties.Threshold", 700), "another number"),
    (_ROOM, "no alarm", drop("DatabaseCrowded"), "No alarm watches DatabaseConnections"),
    (_NAMES, "a misspelt setting", told("CAREPLANE_FOO", "1"), "told CAREPLANE_FOO, which is no"),
    (
        _NAMES,
        "a misspelt file",
        told("CAREPLANE_GRPC_TLS_CAA_FILE", "/a"),
        "told CAREPLANE_GRPC_TLS_CAA_FILE, which is no setting",
    ),
    (
        _NAMES,
        "an entry of nobody",
        told("CAREPLANE_GRPC_PEERS_BILING", "a:4010"),
        "told CAREPLANE_GRPC_PEERS_BILING, which is no setting",
    ),
    (
        _NAMES,
        "a misspelt secret",
        append(
            "PatientTask.Properties.ContainerDefinitions.0.Secrets",
            {"Name": "CAREPLANE_DATABASE_PASWORD", "ValueFrom": {"Ref": "PatientLogin"}},
        ),
        "told CAREPLANE_DATABASE_PASWORD, which is no setting",
    ),
    (_NAMES, "one that hides another", told("CAREPLANE_GRPC_HOST", "::"), "CAREPLANE_GRPC_HOST twice"),
]
