"""The HTTP API as API Gateway tells it: the gateway's route table and nothing else, through the VPC link."""

import yaml
from tests.cloud.deploy import Deployment

from careplane.gateway.routes import default_routes_file


def test_the_routes_are_the_gateways_routes(deployed: Deployment) -> None:
    """Each path and method of the route table is a route, and there is no other; without the option there is no API."""
    client = deployed.cloud["apigatewayv2"]
    apis = client.get_apis()["Items"]
    if not deployed.names("AWS::ApiGatewayV2::Api"):
        assert apis == []
        return
    (api,) = apis
    told = {one["RouteKey"] for one in client.get_routes(ApiId=api["ApiId"])["Items"]}
    table = yaml.safe_load(default_routes_file().read_text("utf-8"))["routes"]
    assert told == {f"{method} {row['path']}" for row in table for method in row["methods"]}


def test_every_route_leads_through_the_link_to_the_listener(deployed: Deployment) -> None:
    """No route leads anywhere but to the load balancer's listener, inside the VPC."""
    client = deployed.cloud["apigatewayv2"]
    links = {one["VpcLinkId"] for one in client.get_vpc_links()["Items"]}
    listeners = {deployed.resource(one).physical for one in deployed.names("AWS::ElasticLoadBalancingV2::Listener")}
    for api in client.get_apis()["Items"]:
        integrations = {one["IntegrationId"]: one for one in client.get_integrations(ApiId=api["ApiId"])["Items"]}
        for route in client.get_routes(ApiId=api["ApiId"])["Items"]:
            integration = integrations[route["Target"].removeprefix("integrations/")]
            assert integration["ConnectionType"] == "VPC_LINK", route["RouteKey"]
            assert integration["ConnectionId"] in links, route["RouteKey"]
            assert integration["IntegrationUri"] in listeners, route["RouteKey"]
            assert integration["TlsConfig"]["ServerNameToVerify"], route["RouteKey"]
