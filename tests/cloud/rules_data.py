"""What is kept: rules about encryption, deletion, backups, logs and how many brokers there are."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import parse_qs

from tests.cloud.deploy_document import Json
from tests.cloud.rules_network import containers, told
from tests.cloud.template import Part, View

_ENCRYPTED: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "AWS::RDS::DBInstance": (
        ("StorageEncrypted",),
        ("KmsKeyId",),
        ("MasterUserSecret", "KmsKeyId"),
        ("PerformanceInsightsKMSKeyId",),
    ),
    "AWS::RDS::DBCluster": (("StorageEncrypted",), ("KmsKeyId",)),
    "AWS::EFS::FileSystem": (("Encrypted",), ("KmsKeyId",)),
    "AWS::MSK::Cluster": (("EncryptionInfo", "EncryptionAtRest", "DataVolumeKMSKeyId"),),
    "AWS::SecretsManager::Secret": (("KmsKeyId",),),
    "AWS::Logs::LogGroup": (("KmsKeyId",),),
    "AWS::SNS::Topic": (("KmsMasterKeyId",),),
    "AWS::KMS::Key": (("EnableKeyRotation",),),
}
"""What is to be on or a key of ours, by type."""

_NO_DATA: Final = re.compile(
    r"AWS::(EC2::(?!Volume|Instance)\w+|ECS::\w+|IAM::\w+|ElasticLoadBalancingV2::\w+|ServiceDiscovery::\w+|"
    r"ApplicationAutoScaling::\w+|ApiGatewayV2::\w+|CloudWatch::\w+|Logs::MetricFilter|SNS::(Subscription|TopicPolicy)|"
    r"KMS::Alias|EFS::(MountTarget|AccessPoint)|RDS::(DBSubnetGroup|DBParameterGroup)|WAFv2::\w+|"
    r"MSK::(Configuration|BatchScramSecret)|SecretsManager::ResourcePolicy)"
)
_STAYS: Final = ("Retain", "RetainExceptOnCreate", "Snapshot")
_KEEPS: Final = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::EFS::FileSystem", "AWS::MSK::Cluster")
_LEAST_COPIES: Final = 3
_TLS_POLICY: Final = re.compile(r"ELBSecurityPolicy-TLS13-1-[23]-.+")


def brokers_fit_zones(view: View) -> Iterator[str]:
    """Brokers are a multiple of the zones they stand in, in each zone as many, and enough for the copies of events."""
    for part in view.of("AWS::MSK::Cluster"):
        subnets = view.named_in(part.said("BrokerNodeGroupInfo", "ClientSubnets"))
        zones = {str(view.parts[name].said("AvailabilityZone")) for name in subnets}
        brokers, wanted = int(part.said("NumberOfBrokerNodes")), int(view.parameters["Zones"])
        if len(zones) != len(subnets) or len(zones) != wanted:
            yield f"{part.name} stands in {len(subnets)} subnets of {len(zones)} zones: have one in each of {wanted}."
        elif brokers % len(zones):
            yield f"{part.name} has {brokers} brokers for {len(zones)} zones: make them a multiple."
        settings = _properties(view)
        copies = int(settings.get("default.replication.factor", "0"))
        if brokers < max(copies, _LEAST_COPIES) or copies < _LEAST_COPIES:
            yield f"{part.name} has {brokers} brokers for {copies} copies: have three copies, and as many brokers."
        if settings.get("min.insync.replicas") != "2" or settings.get("auto.create.topics.enable") != "false":
            yield f"{part.name} must have two copies written before an event counts, and make no topics by itself."
        for task in view.of("AWS::ECS::TaskDefinition"):
            said = told(task)
            if "CAREPLANE_KAFKA_BOOTSTRAP_SERVERS" in said and said.get("CAREPLANE_KAFKA_REPLICATION_FACTOR") != str(
                copies
            ):
                yield f"{task.name} makes topics with other than {copies} copies: set its replication factor."


def _properties(view: View) -> dict[str, str]:
    lines = [
        line for part in view.of("AWS::MSK::Configuration") for line in part.properties["ServerProperties"].split()
    ]
    return dict(line.split("=", 1) for line in lines)


def encryption_is_on(view: View) -> Iterator[str]:
    """Whatever keeps anything does so encrypted, with a key of the template that is renewed each year."""
    for part in view.parts.values():
        if part.kind not in _ENCRYPTED:
            if not _NO_DATA.fullmatch(part.kind):
                yield f"Nobody knows whether {part.name} ({part.kind}) keeps data in the clear: teach rules_data.py."
            continue
        for path in _ENCRYPTED[part.kind]:
            if path[-1].endswith("KeyId"):
                used = view.named_in(part.said(*path))
                is_right, wanted = any(view.parts[name].kind == "AWS::KMS::Key" for name in used), "the template's key"
            else:
                is_right, wanted = part.is_on(*path), "true"
            if not is_right:
                yield f"{part.name} is not encrypted as it should be: set {'.'.join(path)} to {wanted}."


def traffic_is_encrypted(view: View) -> Iterator[str]:
    """Whatever goes over the network is TLS: to the balancer, between processes, to database, brokers and files."""
    for part in view.parts.values():
        yield from _WIRES.get(part.kind, _nothing)(part)
    for rule in view.of("AWS::ElasticLoadBalancingV2::ListenerRule"):
        listeners = [view.parts[name] for name in view.named_in(rule.said("ListenerArn"))]
        if not listeners or any(one.said("Protocol") != "HTTPS" for one in listeners):
            yield f"{rule.name} adds to a listener without TLS, which redirects to HTTPS and does nothing else."


def _nothing(_part: Part) -> Iterator[str]:
    return iter(())


def _listener(part: Part) -> Iterator[str]:
    actions = part.properties["DefaultActions"]
    if part.said("Protocol") == "HTTPS":
        if not _TLS_POLICY.fullmatch(str(part.said("SslPolicy"))):
            yield f"{part.name} takes old TLS: set SslPolicy to one that begins with ELBSecurityPolicy-TLS13-1-2."
    elif any(one.get("RedirectConfig", {}).get("Protocol") != "HTTPS" for one in actions):
        yield f"{part.name} serves without TLS: let it redirect to HTTPS, and do nothing else."


def _brokers(part: Part) -> Iterator[str]:
    transit, who = part.said("EncryptionInfo", "EncryptionInTransit") or {}, part.said("ClientAuthentication") or {}
    if transit.get("ClientBroker") != "TLS" or str(transit.get("InCluster")).casefold() != "true":
        yield f"{part.name} takes events in the clear: set ClientBroker to TLS and InCluster to true."
    if str(who.get("Unauthenticated", {}).get("Enabled")).casefold() != "false":
        yield f"{part.name} lets in whoever does not sign in: set Unauthenticated to false."
    if str(who.get("Sasl", {}).get("Scram", {}).get("Enabled")).casefold() != "true":
        yield f"{part.name} has no sign-in with a name and a password: enable Sasl.Scram."


def _files(part: Part) -> Iterator[str]:
    statements = (part.said("FileSystemPolicy") or {}).get("Statement", [])
    denied = [json.dumps(one.get("Condition")) for one in statements if one["Effect"] == "Deny" and _is_for_all(one)]
    if not any('"aws:SecureTransport": "false"' in one for one in denied):
        yield f"{part.name} may be mounted without TLS: deny it where aws:SecureTransport is false."
    if not any("elasticfilesystem:AccessPointArn" in one for one in denied):
        yield f"{part.name} may be mounted without an access point: deny it where there is none."


def _is_for_all(statement: Json) -> bool:
    principal, action = statement.get("Principal"), statement.get("Action")
    return principal in ("*", {"AWS": "*"}) and action in ("*", "elasticfilesystem:*", "elasticfilesystem:Client*")


def _task(part: Part) -> Iterator[str]:
    for volume in part.properties.get("Volumes", []):
        files = volume.get("EFSVolumeConfiguration")
        if files and (
            files.get("TransitEncryption") != "ENABLED" or files.get("AuthorizationConfig", {}).get("IAM") != "ENABLED"
        ):
            yield f"{part.name} mounts {volume['Name']} without TLS or without its role: enable both."
    for of in containers(part):  # one by one: another's address does not make it good
        for one in of.get("Environment", []):
            if re.match(r"postgres(ql)?:", str(one["Value"])) and not _checks(str(one["Value"])):
                where = f"{of['Name']} of {part.name}"
                yield f"{where} does not check whom it gives the password to: sslmode=verify-full and sslrootcert."
    said = told(part)
    if "CAREPLANE_KAFKA_BOOTSTRAP_SERVERS" in said and said.get("CAREPLANE_KAFKA_SECURITY_PROTOCOL") != "SASL_SSL":
        yield f"{part.name} speaks to the brokers in the clear: set CAREPLANE_KAFKA_SECURITY_PROTOCOL to SASL_SSL."
    calls = any(name.startswith("CAREPLANE_GRPC_PEERS") or name == "CAREPLANE_GRPC_PORT" for name in said)
    if calls and not {f"CAREPLANE_GRPC_TLS_{one}_FILE" for one in ("CA", "CERT", "KEY")} <= set(said):
        yield f"{part.name} calls in the clear: set the three CAREPLANE_GRPC_TLS_..._FILE."


def _checks(url: str) -> bool:
    asked = parse_qs(url.partition("?")[2])
    return asked.get("sslmode") == ["verify-full"] and asked.get("sslrootcert", [""])[0].startswith("/")


def _database(part: Part) -> Iterator[str]:
    if not str(part.said("DBParameterGroupName")).startswith("«"):
        yield f"{part.name} may let in who comes without TLS: give it the template's parameters, with rds.force_ssl."


def _parameters(part: Part) -> Iterator[str]:
    if str((part.said("Parameters") or {}).get("rds.force_ssl")) != "1":
        yield f"{part.name} lets in who comes without TLS: set rds.force_ssl to 1."


_WIRES: Final[dict[str, Callable[[Part], Iterator[str]]]] = {
    "AWS::ElasticLoadBalancingV2::Listener": _listener,
    "AWS::MSK::Cluster": _brokers,
    "AWS::EFS::FileSystem": _files,
    "AWS::ECS::TaskDefinition": _task,
    "AWS::RDS::DBInstance": _database,
    "AWS::RDS::DBParameterGroup": _parameters,
}


def what_is_kept_outlives_the_stack(view: View) -> Iterator[str]:
    """Data, its key and its passwords stay when the stack is deleted or they are replaced, and there are backups."""
    needed = view.named_in(
        [part.properties for part in view.of("AWS::ECS::TaskDefinition", "AWS::MSK::BatchScramSecret")]
    )
    for part in view.parts.values():
        is_login = part.kind == "AWS::SecretsManager::Secret" and part.name in needed and not _is_for_once(view, part)
        if part.kind in {*_KEEPS, "AWS::KMS::Key", "AWS::Logs::LogGroup"} or is_login:
            for when in ("DeletionPolicy", "UpdateReplacePolicy"):
                if part.about.get(when) not in _STAYS:
                    yield f"{part.name} is lost with the stack or when replaced: set {when} to Retain or Snapshot."
        if part.kind == "AWS::RDS::DBInstance":
            if int(part.said("BackupRetentionPeriod") or 0) < 1 or not part.is_on("DeletionProtection"):
                yield f"{part.name} can be lost: set BackupRetentionPeriod and DeletionProtection."
            if not part.is_on("MultiAZ"):
                yield f"{part.name} is away as long as its zone is: set MultiAZ to true."
        if part.kind == "AWS::EFS::FileSystem" and part.said("BackupPolicy", "Status") != "ENABLED":
            yield f"{part.name} has no backups: set BackupPolicy.Status to ENABLED."


def _is_for_once(view: View, secret: Part) -> bool:
    """Tell whether nothing but commands that the program does not know by a setting is given a secret."""
    given = [one for task in view.of("AWS::ECS::TaskDefinition") for of in containers(task)
             for one in of.get("Secrets", []) if secret.name in view.named_in(one["ValueFrom"])]  # fmt: skip
    return bool(given) and not any(one["Name"].startswith("CAREPLANE_") for one in given)


def logs_are_kept_for_a_time(view: View) -> Iterator[str]:
    """Each group of logs has an end to its memory, and each container, the database and the brokers write into one."""
    for group in view.of("AWS::Logs::LogGroup"):
        if int(group.said("RetentionInDays") or 0) < 1:
            yield f"{group.name} keeps everything for ever: set RetentionInDays."
    for task in view.of("AWS::ECS::TaskDefinition"):
        for of in containers(task):
            if not view.named_in(of.get("LogConfiguration", {}).get("Options", {}).get("awslogs-group")):
                yield f"{of['Name']} of {task.name} does not log into a group of the template: set awslogs-group."
    yield from _logs_of_databases(view)
    for part in view.of("AWS::MSK::Cluster"):
        if not view.named_in(part.said("LoggingInfo")):
            yield f"{part.name} does not log into a group of the template: set LoggingInfo."


def _logs_of_databases(view: View) -> Iterator[str]:
    names = {str(group.said("LogGroupName")) for group in view.of("AWS::Logs::LogGroup")}
    for part in view.of("AWS::RDS::DBInstance"):
        for log in part.properties.get("EnableCloudwatchLogsExports", []):
            wanted = f"/aws/rds/instance/{part.said('DBInstanceIdentifier')}/{log}"
            if wanted not in names:
                yield f"{part.name} makes a group of logs that is kept for ever: have one called {wanted} before it."
