"""Asks EC2 what it has of the network: the VPC, its subnets, its ways out, and who may speak with whom."""

from tests.cloud.deploy_document import Json
from tests.cloud.deploy_kinds import Resource
from tests.cloud.describe_kinds import described, only
from tests.cloud.describe_rules import as_rules, wanted_rule

_VPC_ATTRIBUTES = ("EnableDnsSupport", "EnableDnsHostnames")


@described("AWS::EC2::VPC")
def vpc(of: Resource) -> Json:
    """Ask for a VPC and for whether it has DNS."""
    ec2 = of.cloud["ec2"]
    found: Json = only(ec2.describe_vpcs(VpcIds=[of.physical])["Vpcs"], f"VPC {of.physical}")
    for name in _VPC_ATTRIBUTES:
        attribute = name[0].lower() + name[1:]
        found[name] = ec2.describe_vpc_attribute(VpcId=of.physical, Attribute=attribute)[name]["Value"]
    return found


@described("AWS::EC2::InternetGateway")
def internet_gateway(of: Resource) -> Json:
    """Ask for an internet gateway."""
    found = of.cloud["ec2"].describe_internet_gateways(InternetGatewayIds=[of.physical])
    return dict(only(found["InternetGateways"], f"internet gateway {of.physical}"))


@described("AWS::EC2::VPCGatewayAttachment")
def gateway_attachment(of: Resource) -> Json:
    """Ask an internet gateway which VPC it is attached to."""
    gateway = of.properties["InternetGatewayId"]
    found = only(of.cloud["ec2"].describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"], gateway)
    return {"InternetGatewayId": gateway, **only(found["Attachments"], f"attachment of {gateway}")}


@described("AWS::EC2::Subnet")
def subnet(of: Resource) -> Json:
    """Ask for a subnet."""
    return dict(only(of.cloud["ec2"].describe_subnets(SubnetIds=[of.physical])["Subnets"], f"subnet {of.physical}"))


@described("AWS::EC2::RouteTable")
def route_table(of: Resource) -> Json:
    """Ask for a route table."""
    return _table(of, of.physical)


@described("AWS::EC2::Route")
def route(of: Resource) -> Json:
    """Ask a route table for the route to a destination."""
    table, block = of.properties["RouteTableId"], of.properties["DestinationCidrBlock"]
    routes = [one for one in _table(of, table)["Routes"] if one.get("DestinationCidrBlock") == block]
    return {"RouteTableId": table, **only(routes, f"route to {block} in {table}")}


@described("AWS::EC2::SubnetRouteTableAssociation")
def association(of: Resource) -> Json:
    """Ask a route table for its association with a subnet."""
    table = _table(of, of.properties["RouteTableId"])
    subnet_id = of.properties["SubnetId"]
    found = [one for one in table["Associations"] if one.get("SubnetId") == subnet_id]
    return dict(only(found, f"association of {subnet_id} with {table['RouteTableId']}"))


@described("AWS::EC2::VPCEndpoint")
def endpoint(of: Resource) -> Json:
    """Ask for an endpoint of a service inside the VPC."""
    found = of.cloud["ec2"].describe_vpc_endpoints(VpcEndpointIds=[of.physical])["VpcEndpoints"]
    made: Json = only((one for one in found if one["State"] == "available"), f"VPC endpoint {of.physical}")
    return {**made, "SecurityGroupIds": [group["GroupId"] for group in made.get("Groups", [])]}


@described("AWS::EC2::SecurityGroup")
def security_group(of: Resource) -> Json:
    """Ask for a security group and its rules."""
    group = _group(of, of.physical)
    told = {"SecurityGroupIngress": "IpPermissions", "SecurityGroupEgress": "IpPermissionsEgress"}
    rules = {
        name: [rule for rule in of.properties.get(name, []) if wanted_rule(rule) in as_rules(group[key])]
        for name, key in told.items()
    }
    return {**group, "GroupDescription": group["Description"], **rules}


@described("AWS::EC2::SecurityGroupIngress")
def ingress(of: Resource) -> Json:
    """Ask a security group for a rule that lets in."""
    return _rule(of, "IpPermissions")


@described("AWS::EC2::FlowLog", ResourceType="is seen by the id of what it is about")
def flow_log(of: Resource) -> Json:
    """Ask for the log of what flows through the VPC."""
    found = of.cloud["ec2"].describe_flow_logs(FlowLogIds=[of.physical])["FlowLogs"]
    return dict(only(found, f"flow log {of.physical}"))


def _table(of: Resource, table: str) -> Json:
    found = of.cloud["ec2"].describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return dict(only(found, f"route table {table}"))


def _group(of: Resource, group: str) -> Json:
    found = of.cloud["ec2"].describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return dict(only(found, f"security group {group}"))


def _rule(of: Resource, key: str) -> Json:
    rules = as_rules(_group(of, of.properties["GroupId"])[key])
    wanted = wanted_rule(of.properties)
    only((rule for rule in rules if rule == wanted), f"rule {wanted} in {of.properties['GroupId']}")
    return dict(of.properties)
