"""Asks Elastic Load Balancing, WAF and API Gateway what stands at the edge."""

from tests.cloud.deploy_document import Json
from tests.cloud.deploy_kinds import Resource
from tests.cloud.describe_kinds import described, only


@described("AWS::ElasticLoadBalancingV2::LoadBalancer")
def load_balancer(of: Resource) -> Json:
    """Ask for a load balancer and its attributes."""
    elb = of.cloud["elbv2"]
    found = only(elb.describe_load_balancers(LoadBalancerArns=[of.physical])["LoadBalancers"], of.physical)
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=of.physical)["Attributes"]
    return {
        **found,
        "Name": found["LoadBalancerName"],
        "Subnets": [zone["SubnetId"] for zone in found["AvailabilityZones"]],
        "LoadBalancerAttributes": _those_of(attributes, of.properties.get("LoadBalancerAttributes", [])),
        "LoadBalancerFullName": of.physical.split(":loadbalancer/")[1],
    }


@described("AWS::ElasticLoadBalancingV2::TargetGroup")
def target_group(of: Resource) -> Json:
    """Ask for a group of targets and its attributes."""
    elb = of.cloud["elbv2"]
    found = only(elb.describe_target_groups(TargetGroupArns=[of.physical])["TargetGroups"], of.physical)
    attributes = elb.describe_target_group_attributes(TargetGroupArn=of.physical)["Attributes"]
    return {
        **found,
        "Name": found["TargetGroupName"],
        "TargetGroupAttributes": _those_of(attributes, of.properties.get("TargetGroupAttributes", [])),
        "TargetGroupFullName": of.physical.rsplit(":", 1)[1],
    }


@described("AWS::ElasticLoadBalancingV2::Listener")
def listener(of: Resource) -> Json:
    """Ask for a listener."""
    found = only(of.cloud["elbv2"].describe_listeners(ListenerArns=[of.physical])["Listeners"], of.physical)
    return {
        **found,
        "Certificates": [{"CertificateArn": one["CertificateArn"]} for one in found.get("Certificates", [])],
    }


@described("AWS::ApiGatewayV2::VpcLink")
def vpc_link(of: Resource) -> Json:
    """Ask for the way from an HTTP API into the VPC."""
    return dict(of.cloud["apigatewayv2"].get_vpc_link(VpcLinkId=of.physical))


@described(
    "AWS::ApiGatewayV2::Api",
    Body="is seen by the routes: test_deployed_routes.py",
    FailOnWarnings="reimport_api was called with it",
)
def http_api(of: Resource) -> Json:
    """Ask for an HTTP API."""
    return {**of.cloud["apigatewayv2"].get_api(ApiId=of.physical)}


@described("AWS::ApiGatewayV2::Stage")
def stage(of: Resource) -> Json:
    """Ask for the stage at which an HTTP API is reached."""
    api = of.properties["ApiId"]
    return {**of.cloud["apigatewayv2"].get_stage(ApiId=api, StageName=of.physical), "ApiId": api}


def _those_of(told: list[Json], wanted: list[Json]) -> list[Json]:
    names = {one["Key"] for one in wanted}
    return [one for one in told if one["Key"] in names]
