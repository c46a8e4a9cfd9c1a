"""Who can reach whom: rules about security groups, subnets, routes and addresses."""

import re
from collections.abc import Iterator
from typing import Any, Final

from tests.cloud.deploy_document import Json
from tests.cloud.template import Part, View

GRPC_PORT: Final = "4010"
_HTTP_PORT = "4004"
_METRICS_PORT = "4005"
_BLOCKS = ("CidrIp", "CidrIpv6", "SourcePrefixListId")
_PEERS = "CAREPLANE_GRPC_PEERS_"
_DATA = {
    "AWS::RDS::DBInstance": ("CAREPLANE_DATABASE_URL", "VPCSecurityGroups"),
    "AWS::RDS::DBCluster": ("CAREPLANE_DATABASE_URL", "VpcSecurityGroupIds"),
    "AWS::MSK::Cluster": ("CAREPLANE_KAFKA_BOOTSTRAP_SERVERS", "BrokerNodeGroupInfo"),
}


def ingress(view: View) -> Iterator[tuple[str, str, Json]]:
    """Give every rule that lets in, wherever it is written: whose it is, in which group, and what it says."""
    for group in view.of("AWS::EC2::SecurityGroup"):
        for rule in group.properties.get("SecurityGroupIngress", []):
            yield group.name, group.name, rule
    for alone in view.of("AWS::EC2::SecurityGroupIngress"):
        into = alone.properties.get("GroupId") or alone.properties.get("GroupName")
        for name in view.named_in(into) or {str(into)}:
            yield alone.name, name, alone.properties


def containers(task: Part) -> list[Json]:
    """Return the containers of a task definition."""
    return list(task.properties.get("ContainerDefinitions", []))


def told(task: Part) -> dict[str, Any]:
    """Return what all containers of a task definition are told in plain text."""
    return {one["Name"]: one["Value"] for of in containers(task) for one in of.get("Environment", [])}


def runs(view: View) -> Iterator[tuple[Part, Part]]:
    """Give what keeps tasks running, each with its task definition."""
    for keeper in view.of("AWS::ECS::Service"):
        for name in view.named_in(keeper.properties["TaskDefinition"]):
            yield keeper, view.parts[name]


def awsvpc(keeper: Part) -> Json:
    """Return in which network something runs."""
    how = keeper.said("NetworkConfiguration") or {}
    found = how.get("AwsvpcConfiguration") or how.get("AwsVpcConfiguration") or {}  # a TaskSet spells it so
    assert isinstance(found, dict)
    return found


def groups_of_tasks(view: View) -> dict[str, set[str]]:
    """Return the security groups of each task definition; those that are run once have the groups of the outputs."""
    kept = {task.name: view.named_in(awsvpc(keeper).get("SecurityGroups")) for keeper, task in runs(view)}
    for_once = {
        name
        for value in view.outputs.values()
        for name in view.named_in(value)
        if view.parts[name].kind == "AWS::EC2::SecurityGroup"
    }
    return {task.name: kept.get(task.name, for_once) for task in view.of("AWS::ECS::TaskDefinition")}


def ports(rule: Json) -> str:
    """Return the port that a rule lets in at, or from which to which."""
    first, last = str(rule.get("FromPort", "every")), str(rule.get("ToPort", "port"))
    return first if first == last and rule.get("IpProtocol") in {"tcp", 6, "6"} else f"{first} to {last}"


def _balancers(view: View, *, facing: bool) -> list[Part]:
    every = view.of("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer")
    return [one for one in every if (one.said("Scheme") != "internal") is facing]


def no_open_ingress_into_components(view: View) -> Iterator[str]:
    """No addresses are let in anywhere but to the public balancer, at 443 and 80; and every rule is for one port."""
    doors = view.named_in([one.properties.get("SecurityGroups") for one in _balancers(view, facing=True)])
    used = view.named_in([one.properties for one in view.of("AWS::ECS::Service", *_DATA, "AWS::EFS::MountTarget")])
    for name, group, rule in ingress(view):
        port = ports(rule)
        source = next((str(rule[key]) for key in _BLOCKS if key in rule), None)
        if source is not None and (group not in doors or group in used):
            yield f"{name} lets the addresses {source} into {group}: let in a security group instead."
        elif source is not None and port not in {"443", "80"}:
            yield f"{name} lets {source} into {group} at port {port}: the world may come to 443 and 80 only."
        elif source is None and not str(rule.get("SourceSecurityGroupId", "")).startswith(("«", "sg-")):
            yield f"{name} does not say whom it lets into {group}: name a security group."
        elif " " in port:
            yield f"{name} lets into {group} at the ports {port}: let in at one port."
    for part in view.of("AWS::ECS::Service", *_DATA, "AWS::EFS::MountTarget"):
        if not {one for one in view.named_in(part.properties) if view.parts[one].kind == "AWS::EC2::SecurityGroup"}:
            yield f"{part.name} has no security group of the template: the network's own lets in whoever shares it."


def only_the_balancer_is_public(view: View) -> Iterator[str]:
    """Nothing but the balancer has a public address or stands in a subnet that the internet has a route to."""
    public = _public_subnets(view)
    doors = _balancers(view, facing=True)
    behind_api = bool(list(view.of("AWS::ApiGatewayV2::Api")))
    if len(doors) != (0 if behind_api else 1):
        names = ", ".join(one.name for one in doors) or "none"
        yield f"The balancers that face the internet are {names}: one should, or none behind an HTTP API."
    for part in view.parts.values():
        yield from _own_address(part)
        if part not in doors and not part.kind.startswith("AWS::EC2::Subnet"):
            for subnet in sorted(view.named_in(part.properties) & public):
                yield f"{part.name} stands in {subnet}, which the internet has a route to: choose a private subnet."
    for name, value in view.outputs.items():
        if re.search(r"assignPublicIp=(?!DISABLED\b)", str(value), re.IGNORECASE):
            yield f"The output {name} gives tasks public addresses: set assignPublicIp to DISABLED."
        for subnet in sorted(view.named_in(value) & public):
            yield f"The output {name} has tasks run in {subnet}, which the internet has a route to."


def _public_subnets(view: View) -> set[str]:
    # Whatever is called a gateway there may be one to the internet, be it the template's own or named by its id.
    ways = ("GatewayId", "EgressOnlyInternetGatewayId")
    routes = [part for part in view.of("AWS::EC2::Route") if any(part.said(one) for one in ways)]
    tables = view.named_in([part.properties["RouteTableId"] for part in routes])
    links = [part.properties for part in view.of("AWS::EC2::SubnetRouteTableAssociation")]
    public = {one for link in links if view.named_in(link["RouteTableId"]) & tables for one in view.named_in(link)}
    linked = view.named_in([link["SubnetId"] for link in links if view.named_in(link["RouteTableId"])])
    subnets = {part.name for part in view.of("AWS::EC2::Subnet")}
    # One without a table of the template has the network's or a stranger's, which no rule here looks into.
    return ((public | (subnets - linked)) & subnets) | {
        part.name for part in view.of("AWS::EC2::Subnet") if part.is_on("MapPublicIpOnLaunch")
    }


def _own_address(part: Part) -> Iterator[str]:
    if part.is_on("MapPublicIpOnLaunch"):
        yield f"{part.name} gives public addresses to whatever starts in it: set MapPublicIpOnLaunch to false."
    if part.is_on("PubliclyAccessible"):
        yield f"{part.name} has a public address: set PubliclyAccessible to false."
    if part.kind == "AWS::RDS::DBInstance" and "PubliclyAccessible" not in part.properties:
        yield f"{part.name} does not say whether it has a public address: set PubliclyAccessible to false."
    if part.kind in {"AWS::ECS::Service", "AWS::ECS::TaskSet"} and awsvpc(part).get("AssignPublicIp") != "DISABLED":
        yield f"{part.name} gives its tasks public addresses: set AssignPublicIp to DISABLED."
    if part.said("BrokerNodeGroupInfo", "ConnectivityInfo", "PublicAccess", "Type") not in {None, "DISABLED"}:
        yield f"{part.name} has public brokers: set PublicAccess to DISABLED."
    if part.kind in {"AWS::EC2::EIP", "AWS::EC2::EIPAssociation"}:
        yield f"{part.name} is a public address: nothing but the balancer needs one."


def who_calls_is_let_in_and_nobody_else(view: View) -> Iterator[str]:
    """A component lets in those who are told where it is, the gateway its balancer, all the scraper; and no others."""
    groups = groups_of_tasks(view)
    for keeper, task in runs(view):
        own, listens = groups[task.name], _listens(task)
        wanted = _callers(view, task, groups) if GRPC_PORT in listens else _before(view, keeper)
        port = GRPC_PORT if GRPC_PORT in listens else _HTTP_PORT
        found = set()
        for name, group, rule in ingress(view):
            if group not in own:
                continue
            sources = view.named_in(rule.get("SourceSecurityGroupId"))
            if ports(rule) == _METRICS_PORT:
                if str(rule.get("SourceSecurityGroupId")) != view.parameters.get("MetricsSecurityGroup"):
                    yield f"{name} lets others than the scraper read the metrics of {keeper.name}."
            elif ports(rule) == port and sources and sources <= wanted:
                found |= sources
            else:
                yield f"{name} lets into {keeper.name} who is not told to call it, or at a port that is not {port}."
        for missing in sorted(wanted - found):
            yield f"{keeper.name} does not let in {missing}, which calls it: add an ingress rule for port {port}."


def _listens(task: Part) -> set[str]:
    return {str(port["ContainerPort"]) for of in containers(task) for port in of.get("PortMappings", [])}


def _callers(view: View, task: Part, groups: dict[str, set[str]]) -> set[str]:
    names = {str(of["Name"]).upper() for of in containers(task)}
    tasks = view.of("AWS::ECS::TaskDefinition")
    return {
        group for one in tasks if {f"{_PEERS}{name}" for name in names} & set(told(one)) for group in groups[one.name]
    }


def _before(view: View, keeper: Part) -> set[str]:
    """Return the groups of the balancers whose listeners lead to something."""
    targets = view.named_in(keeper.properties.get("LoadBalancers"))
    listeners = view.of("AWS::ElasticLoadBalancingV2::Listener")
    balancers = {
        name for one in listeners if view.named_in(one.properties) & targets for name in view.named_in(one.properties)
    }
    return view.named_in([view.parts[name].properties.get("SecurityGroups") for name in balancers])


def data_is_reached_by_its_users_only(view: View) -> Iterator[str]:
    """The database and the brokers let in the tasks that are told their address, and no others."""
    groups = groups_of_tasks(view)
    for part in view.of(*_DATA):
        variable, where = _DATA[part.kind]
        users = {
            group
            for task in view.of("AWS::ECS::TaskDefinition")
            if variable in told(task)
            for group in groups[task.name]
        }
        own = view.named_in(part.properties.get(where))
        for name, group, rule in ingress(view):
            sources = view.named_in(rule.get("SourceSecurityGroupId"))
            if group in own and not (sources and sources <= users):
                yield f"{name} lets into {part.name} who is not told {variable}: take the rule away."
