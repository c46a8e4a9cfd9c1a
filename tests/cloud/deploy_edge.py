"""Makes what stands at the edge by direct calls: the load balancer's attributes, the firewall, the HTTP API."""

import json
from typing import Any

from tests.cloud.deploy_calls import call, renamed, without
from tests.cloud.deploy_document import Json
from tests.cloud.deploy_kinds import Resource, direct, mended


@mended("AWS::ElasticLoadBalancingV2::LoadBalancer", "passes over LoadBalancerAttributes")
def load_balancer(of: Resource) -> None:
    """Give a load balancer its attributes."""
    if attributes := of.properties.get("LoadBalancerAttributes"):
        arguments = {"LoadBalancerArn": of.physical, "Attributes": attributes}
        call(of.cloud, "elbv2", "modify_load_balancer_attributes", arguments)


@mended("AWS::ElasticLoadBalancingV2::TargetGroup", "passes over TargetGroupAttributes")
def target_group(of: Resource) -> None:
    """Give a target group its attributes."""
    if attributes := of.properties.get("TargetGroupAttributes"):
        arguments = {"TargetGroupArn": of.physical, "Attributes": attributes}
        call(of.cloud, "elbv2", "modify_target_group_attributes", arguments)


@direct("AWS::ApiGatewayV2::VpcLink")
def vpc_link(of: Resource) -> str:
    """Create the way from an HTTP API into the VPC."""
    return str(call(of.cloud, "apigatewayv2", "create_vpc_link", without(of.properties, "Tags"))["VpcLinkId"])


@direct("AWS::ApiGatewayV2::Api")
def http_api(of: Resource) -> str:
    """Create an HTTP API, import its document, and say of each route what moto's import passes over."""
    about = expanded(of.properties["Body"])
    own = {"Name": about["info"]["title"], "ProtocolType": "HTTP", **without(of.properties, *_ONLY_OF_IMPORT)}
    physical = str(call(of.cloud, "apigatewayv2", "create_api", own)["ApiId"])
    warnings = of.properties.get("FailOnWarnings", True)
    imported = {"ApiId": physical, "Body": json.dumps(about), "FailOnWarnings": warnings}
    call(of.cloud, "apigatewayv2", "reimport_api", imported)
    for route in of.cloud["apigatewayv2"].get_routes(ApiId=physical)["Items"]:
        method, path = route["RouteKey"].split(" ", 1)
        integration = about["paths"][path][method.lower()]["x-amazon-apigateway-integration"]
        said = renamed(without(integration, "type"), httpMethod="IntegrationMethod", uri="IntegrationUri")
        which = {"ApiId": physical, "IntegrationId": route["Target"].removeprefix("integrations/")}
        call(of.cloud, "apigatewayv2", "update_integration", {**said, **which})
    return physical


_ONLY_OF_IMPORT = ("Body", "FailOnWarnings", "Tags")


def expanded(document: Json) -> Json:
    """Put in the place of each `$ref` what it names: API Gateway follows them, moto does not."""

    def follow(node: Any) -> Any:
        if isinstance(node, list):
            return [follow(one) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            found: Any = document
            for word in node["$ref"].removeprefix("#/").split("/"):
                found = found[word]
            return follow(found)
        return {key: follow(one) for key, one in node.items()}

    made: Json = follow(document)
    return made


@direct("AWS::ApiGatewayV2::Stage")
def stage(of: Resource) -> str:
    """Create the stage at which an HTTP API is reached."""
    return str(call(of.cloud, "apigatewayv2", "create_stage", of.properties)["StageName"])
