"""Gives what moto's CloudFormation makes of the network the properties that it passes over."""

import json

from tests.cloud.deploy_calls import call
from tests.cloud.deploy_kinds import Resource, direct, mended


@mended("AWS::EC2::VPC", "passes over EnableDnsSupport and EnableDnsHostnames")
def vpc(of: Resource) -> None:
    """Turn a VPC's DNS on."""
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in of.properties:
            arguments = {"VpcId": of.physical, name: {"Value": of.properties[name]}}
            call(of.cloud, "ec2", "modify_vpc_attribute", arguments)


@mended("AWS::EC2::Subnet", "passes over MapPublicIpOnLaunch")
def subnet(of: Resource) -> None:
    """Say whether who starts in a subnet has a public address."""
    if "MapPublicIpOnLaunch" in of.properties:
        value = {"Value": of.properties["MapPublicIpOnLaunch"]}
        arguments = {"SubnetId": of.physical, "MapPublicIpOnLaunch": value}
        call(of.cloud, "ec2", "modify_subnet_attribute", arguments)


@mended("AWS::EC2::VPCEndpoint", "keeps a policy as no JSON")
def endpoint(of: Resource) -> None:
    """Say as JSON what may be done through an endpoint."""
    if policy := of.properties.get("PolicyDocument"):
        arguments = {"VpcEndpointId": of.physical, "PolicyDocument": json.dumps(policy)}
        call(of.cloud, "ec2", "modify_vpc_endpoint", arguments)


@direct("AWS::EC2::SubnetRouteTableAssociation", "moto's CloudFormation says that it is made, and associates nothing")
def association(of: Resource) -> str:
    """Let a subnet's traffic go by a route table."""
    return str(call(of.cloud, "ec2", "associate_route_table", of.properties)["AssociationId"])
