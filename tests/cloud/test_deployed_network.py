"""Who can reach whom in the deployed cloud, as EC2 and those who stand in the network tell it."""

from tests.cloud.deploy import Deployment
from tests.cloud.deploy_document import Json
from tests.cloud.describe_rules import Rule, as_rules, wanted_rule
from tests.cloud.describe_tasks import keepers

_EVERYWHERE = "0.0.0.0/0"
_ANY: Rule = {"IpProtocol": "-1", "CidrIp": _EVERYWHERE}


def test_security_groups_have_their_rules_and_no_others(deployed: Deployment) -> None:
    """What a group lets in and out is what the template's rules for it say together."""
    for name in deployed.names("AWS::EC2::SecurityGroup"):
        group = deployed.resource(name).physical
        (told,) = deployed.cloud["ec2"].describe_security_groups(GroupIds=[group])["SecurityGroups"]
        assert _set(as_rules(told["IpPermissions"])) == _set(_wanted(deployed, name, "Ingress")), name
        out = _wanted(deployed, name, "Egress") or [_ANY]  # so it is in a group that says nothing
        assert _set(as_rules(told["IpPermissionsEgress"])) == _set(out), name


def _wanted(deployed: Deployment, name: str, way: str) -> list[Rule]:
    group = deployed.resource(name)
    own = [wanted_rule(one) for one in group.properties.get(f"SecurityGroup{way}", [])]
    apart = [deployed.resource(one).properties for one in deployed.names(f"AWS::EC2::SecurityGroup{way}")]
    return own + [wanted_rule(one) for one in apart if one["GroupId"] == group.physical]


def _set(rules: list[Rule]) -> set[tuple[tuple[str, str], ...]]:
    return {tuple(sorted(rule.items())) for rule in rules}


def test_only_the_load_balancers_subnets_lead_outside(deployed: Deployment) -> None:
    """Each subnet has a route table; only those of the load balancer have a route from and to the internet."""
    public = {name for name in _subnets(deployed) if _gateway(deployed, name).startswith("igw-")}
    balancers = deployed.cloud["elbv2"].describe_load_balancers()["LoadBalancers"]
    assert balancers
    for balancer in balancers:
        subnets = {zone["SubnetId"] for zone in balancer["AvailabilityZones"]}
        assert (subnets <= public) is (balancer["Scheme"] == "internet-facing")
    inside = set(_inside(deployed))
    assert inside
    assert not inside & public
    assert inside <= set(_subnets(deployed))


def test_every_zone_has_its_part(deployed: Deployment) -> None:
    """Brokers, databases, files and tasks stand in each of the zones that were asked for."""
    zones = int(deployed.resolver.parameters["Zones"])
    subnets = _subnets(deployed)
    assert len({one["AvailabilityZone"] for one in subnets.values()}) == zones
    for told in keepers(deployed):
        network = told["networkConfiguration"]["awsvpcConfiguration"]
        assert _zones(subnets, network["subnets"]) == zones, told["serviceName"]
        assert network["assignPublicIp"] == "DISABLED", told["serviceName"]
    for told in _brokers(deployed):
        assert _zones(subnets, told["BrokerNodeGroupInfo"]["ClientSubnets"]) == zones
        assert told["NumberOfBrokerNodes"] % zones == 0
    for group in deployed.cloud["rds"].describe_db_subnet_groups()["DBSubnetGroups"]:
        assert _zones(subnets, [one["SubnetIdentifier"] for one in group["Subnets"]]) == zones
    for system in deployed.cloud["efs"].describe_file_systems()["FileSystems"]:
        assert _zones(subnets, _mounted(deployed, system["FileSystemId"])) == zones


def _brokers(deployed: Deployment) -> list[Json]:
    kafka = deployed.cloud["kafka"]
    every = kafka.list_clusters()["ClusterInfoList"]
    return [kafka.describe_cluster(ClusterArn=one["ClusterArn"])["ClusterInfo"] for one in every]


def _mounted(deployed: Deployment, system: str) -> list[str]:
    return [
        one["SubnetId"] for one in deployed.cloud["efs"].describe_mount_targets(FileSystemId=system)["MountTargets"]
    ]


def _zones(subnets: dict[str, Json], names: list[str]) -> int:
    return len({subnets[name]["AvailabilityZone"] for name in names})


def _subnets(deployed: Deployment) -> dict[str, Json]:
    ids = [deployed.resource(name).physical for name in deployed.names("AWS::EC2::Subnet")]
    return {one["SubnetId"]: one for one in deployed.cloud["ec2"].describe_subnets(SubnetIds=ids)["Subnets"]}


def _gateway(deployed: Deployment, subnet: str) -> str:
    """Return through what a subnet's own route table leads everywhere else."""
    found = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (table,) = deployed.cloud["ec2"].describe_route_tables(Filters=found)["RouteTables"]
    ways = [one for one in table["Routes"] if one.get("DestinationCidrBlock") == _EVERYWHERE]
    return "".join(one.get("GatewayId") or one.get("NatGatewayId") or "" for one in ways)


def _inside(deployed: Deployment) -> list[str]:
    found = [
        name for told in keepers(deployed) for name in told["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
    ]
    for group in deployed.cloud["rds"].describe_db_subnet_groups()["DBSubnetGroups"]:
        found += [one["SubnetIdentifier"] for one in group["Subnets"]]
    for told in _brokers(deployed):
        found += told["BrokerNodeGroupInfo"]["ClientSubnets"]
    for system in deployed.cloud["efs"].describe_file_systems()["FileSystems"]:
        found += _mounted(deployed, system["FileSystemId"])
    return found
