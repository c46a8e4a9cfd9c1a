"""What one resource says of another is true in the deployed cloud: each side is asked through its own API."""

import json
import re

from tests.cloud.deploy import Deployment
from tests.cloud.describe_tasks import containers, environment, keepers, task_definition, task_definitions

_PEER = re.compile(r"^([a-z0-9-]+)\.([a-z0-9.-]+):4010$")


def test_the_listener_leads_to_what_runs(deployed: Deployment) -> None:
    """A listener forwards to a group of targets that the gateway's tasks register in, at a port that they listen on."""
    elb = deployed.cloud["elbv2"]
    listeners = [
        elb.describe_listeners(LoadBalancerArn=one["LoadBalancerArn"])["Listeners"] for one in _balancers(deployed)
    ]
    actions = [action for of in listeners for listener in of for action in listener["DefaultActions"]]
    forwarded = {action["TargetGroupArn"] for action in actions if action["Type"] == "forward"}
    behind = {told["serviceName"]: told["loadBalancers"] for told in keepers(deployed) if told["loadBalancers"]}
    registered = {one["targetGroupArn"] for every in behind.values() for one in every}
    assert registered
    assert registered == forwarded
    for group in elb.describe_target_groups(TargetGroupArns=sorted(registered))["TargetGroups"]:
        assert group["LoadBalancerArns"], f"{group['TargetGroupName']} has no load balancer"
    for told in keepers(deployed):
        for target in told["loadBalancers"]:
            assert (target["containerName"], target["containerPort"]) in _ports(deployed, told["taskDefinition"])


def _balancers(deployed: Deployment) -> list[dict[str, str]]:
    return list(deployed.cloud["elbv2"].describe_load_balancers()["LoadBalancers"])


def _ports(deployed: Deployment, task: str) -> set[tuple[str, int]]:
    every = task_definition(deployed, task)["containerDefinitions"]
    return {(one["name"], port["containerPort"]) for one in every for port in one["portMappings"]}


def test_everything_runs_the_newest_revision(deployed: Deployment) -> None:
    """An update of the stack reaches what runs, not only the definition."""
    newest = {deployed.resource(name).physical for name in deployed.names("AWS::ECS::TaskDefinition")}
    for told in keepers(deployed):
        assert told["taskDefinition"] in newest


def test_nothing_runs_before_the_brokers_are_known(deployed: Deployment) -> None:
    """The first deployment starts no task; then there are at least two of each, which Auto Scaling sees to."""
    serving = bool(deployed.resolver.parameters["KafkaBootstrap"])
    targets = deployed.cloud["application-autoscaling"].describe_scalable_targets(ServiceNamespace="ecs")
    least = {one["ResourceId"]: one["MinCapacity"] for one in targets["ScalableTargets"]}
    told = list(keepers(deployed))
    assert told
    if not serving:
        assert least == {}
        assert {one["desiredCount"] for one in told} == {0}
        return
    names = [f"service/{one['clusterArn'].rsplit('/', 1)[1]}/{one['serviceName']}" for one in told]
    assert sorted(least) == sorted(names)
    assert min(least.values()) >= 2


def test_the_secrets_of_containers_are_there(deployed: Deployment) -> None:
    """Each secret that a container is given can be read, and has the key that is taken of it."""
    client = deployed.cloud["secretsmanager"]
    given = [(name, one) for name, container in containers(deployed) for one in container.get("secrets", [])]
    assert given
    for name, one in given:
        arn, key = _parts(one["valueFrom"])
        value = client.get_secret_value(SecretId=arn)["SecretString"]
        assert not key or json.loads(value)[key], f"{name}: {one}"


def _parts(value_from: str) -> tuple[str, str]:
    words = value_from.split(":")
    return ":".join(words[:7]), words[7] if len(words) > 7 else ""


def test_no_secret_is_told_in_plain_text(deployed: Deployment) -> None:
    """No value that Secrets Manager keeps is in the environment or the command of a container."""
    client = deployed.cloud["secretsmanager"]
    kept: set[str] = set()
    for one in client.list_secrets(MaxResults=100)["SecretList"]:
        value = client.get_secret_value(SecretId=one["ARN"])["SecretString"]
        kept |= {value, *(str(part) for part in json.loads(value).values())} if value.startswith("{") else {value}
    passwords = {value for value in kept if len(value) >= 16}
    assert passwords
    for name, container in containers(deployed):
        told = json.dumps([container.get("environment"), container.get("command"), container.get("entryPoint")])
        assert not any(value in told for value in passwords), name


def test_the_brokers_passwords_are_as_they_need_them(deployed: Deployment) -> None:
    """A secret for MSK begins with its prefix, has a key of our own, and has a user name and a password."""
    client = deployed.cloud["secretsmanager"]
    of = [deployed.resource(name) for name in deployed.names("AWS::MSK::BatchScramSecret")]
    arns = [arn for one in of for arn in one.properties["SecretArnList"]]
    assert arns
    for arn in arns:
        about = client.describe_secret(SecretId=arn)
        assert about["Name"].startswith("AmazonMSK_")
        assert deployed.cloud["kms"].describe_key(KeyId=about["KmsKeyId"])["KeyMetadata"]["KeyManager"] == "CUSTOMER"
        assert json.loads(client.get_secret_value(SecretId=arn)["SecretString"]).keys() >= {"username", "password"}


def test_the_logs_of_containers_are_there(deployed: Deployment) -> None:
    """Each container writes into a group of logs that exists, keeps them for a time, and encrypts them."""
    every = deployed.cloud["logs"].describe_log_groups()["logGroups"]
    groups = {one["logGroupName"]: one for one in every}
    for name, container in containers(deployed):
        group = groups[container["logConfiguration"]["options"]["awslogs-group"]]
        assert group["retentionInDays"] > 0, name
        assert group["kmsKeyId"], name


def test_volumes_are_access_points_of_their_file_system(deployed: Deployment) -> None:
    """Each volume names a file system and, but for who writes into all of it, an access point of that very one."""
    efs = deployed.cloud["efs"]
    volumes = [
        one["efsVolumeConfiguration"]
        for task in task_definitions(deployed)
        for one in task["volumes"]
        if "efsVolumeConfiguration" in one
    ]
    assert volumes
    for volume in volumes:
        (system,) = efs.describe_file_systems(FileSystemId=volume["fileSystemId"])["FileSystems"]
        assert system["Encrypted"]
        assert volume["transitEncryption"] == "ENABLED"
        if point := volume.get("authorizationConfig", {}).get("accessPointId"):
            (told,) = efs.describe_access_points(AccessPointId=point)["AccessPoints"]
            assert told["FileSystemId"] == system["FileSystemId"]


def test_components_are_found_under_their_names(deployed: Deployment) -> None:
    """Each address of a component in a container's environment is a name in Cloud Map that its tasks register under."""
    names = {registry["registryArn"] for told in keepers(deployed) for registry in told["serviceRegistries"]}
    client = deployed.cloud["servicediscovery"]
    spaces = {one["Id"]: one["Name"] for one in client.list_namespaces()["Namespaces"]}
    found = [client.get_service(Id=one["Id"])["Service"] for one in client.list_services()["Services"]]
    known = {(one["Name"], spaces[one["DnsConfig"]["NamespaceId"]]) for one in found if one["Arn"] in names}
    addresses = [value for _, container in containers(deployed) for value in environment(container).values()]
    peers = {match.groups() for value in addresses if (match := _PEER.match(value))}
    assert peers
    assert peers <= known


def test_the_database_is_at_the_address_that_is_told(deployed: Deployment) -> None:
    """Every database URL names the host and port of the database, checks its certificate, and has no password."""
    (database,) = deployed.cloud["rds"].describe_db_instances()["DBInstances"]
    at = f"@{database['Endpoint']['Address']}:{database['Endpoint']['Port']}/"
    urls = [value for _, one in containers(deployed) for value in environment(one).values() if "postgresql://" in value]
    assert urls
    for url in urls:
        assert at in url
        assert "sslmode=verify-full" in url
        assert ":" not in url.removeprefix("postgresql://").split("@")[0], "a password"


def test_alarms_watch_what_is_there_and_tell_somebody(deployed: Deployment) -> None:
    """Each value of an alarm's dimensions is the name of something deployed, and what it calls is a topic."""
    names = _names(deployed)
    topics = {one["TopicArn"] for one in deployed.cloud["sns"].list_topics()["Topics"]}
    own = [deployed.resource(name).physical for name in deployed.names("AWS::CloudWatch::Alarm")]
    alarms = deployed.cloud["cloudwatch"].describe_alarms(AlarmNames=own, MaxRecords=100)["MetricAlarms"]
    assert len(alarms) == len(own) > 0
    for alarm in alarms:
        assert set(alarm["AlarmActions"]) <= topics, alarm["AlarmName"]
        for dimension in _dimensions(alarm):
            assert dimension["Value"] in names, f"{alarm['AlarmName']}: {dimension}"


def _dimensions(alarm: dict[str, list[dict[str, dict[str, dict[str, list[dict[str, str]]]]]]]) -> list[dict[str, str]]:
    own = alarm.get("Dimensions", [])
    metrics = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    return [*own, *(one for metric in metrics for one in metric.get("Dimensions", []))]  # type: ignore[list-item]


def _names(deployed: Deployment) -> set[str]:
    found = {deployed.resource(name).physical for name in deployed.names()}
    found |= {arn.split(":loadbalancer/")[1] for arn in found if ":loadbalancer/" in arn}
    found |= {arn.rsplit(":", 1)[1] for arn in found if ":targetgroup/" in arn}
    found |= {told["serviceName"] for told in keepers(deployed)}
    return found | {
        str(deployed.resource(name).properties.get("ClusterName")) for name in deployed.names("AWS::MSK::Cluster")
    }
