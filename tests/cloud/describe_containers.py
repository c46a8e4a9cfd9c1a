"""Asks ECS, Cloud Map, Auto Scaling and IAM what they have of what runs containers."""

from tests.cloud.deploy_document import Json
from tests.cloud.deploy_kinds import Resource
from tests.cloud.describe_kinds import described, only

_MOTO_DROPS = "create_service takes it (botocore checks it), moto forgets it"


@described("AWS::ECS::Cluster", CapacityProviders="moto's CloudFormation passes over it", Configuration=_MOTO_DROPS)
def cluster(of: Resource) -> Json:
    """Ask for a cluster and its settings."""
    answer = of.cloud["ecs"].describe_clusters(clusters=[of.physical], include=["SETTINGS", "CONFIGURATIONS"])
    found = only((one for one in answer["clusters"] if one["status"] == "ACTIVE"), f"cluster {of.physical}")
    return {**found, "ClusterSettings": found.get("settings", []), "Arn": found["clusterArn"]}


@described("AWS::ECS::TaskDefinition")
def task_definition(of: Resource) -> Json:
    """Ask for a task definition."""
    found = of.cloud["ecs"].describe_task_definition(taskDefinition=of.physical)["taskDefinition"]
    return dict(only((one for one in [found] if one["status"] == "ACTIVE"), f"task definition {of.physical}"))


@described(
    "AWS::ECS::Service",
    DeploymentConfiguration=_MOTO_DROPS,
    HealthCheckGracePeriodSeconds=_MOTO_DROPS,
    EnableExecuteCommand=_MOTO_DROPS,
    EnableECSManagedTags=_MOTO_DROPS,
    AvailabilityZoneRebalancing=_MOTO_DROPS,
)
def containers(of: Resource) -> Json:
    """Ask for what keeps so many tasks running."""
    cluster_name = of.properties["Cluster"]
    found = of.cloud["ecs"].describe_services(cluster=cluster_name, services=[of.physical])["services"]
    active = only((one for one in found if one["status"] == "ACTIVE"), f"service {of.physical}")
    return {**active, "Cluster": active["clusterArn"].rsplit("/", 1)[-1], "Name": active["serviceName"]}


@described(
    "AWS::ServiceDiscovery::PrivateDnsNamespace", Vpc="create_private_dns_namespace takes it, get_namespace has it not"
)
def namespace(of: Resource) -> Json:
    """Ask for the domain in which the components find each other."""
    return dict(of.cloud["servicediscovery"].get_namespace(Id=of.physical)["Namespace"])


@described("AWS::ServiceDiscovery::Service")
def name_of_component(of: Resource) -> Json:
    """Ask for the name under which one component is found."""
    return dict(of.cloud["servicediscovery"].get_service(Id=of.physical)["Service"])


@described("AWS::ApplicationAutoScaling::ScalableTarget")
def scalable_target(of: Resource) -> Json:
    """Ask between which numbers something may scale."""
    resource, dimension, space = of.physical.split("|")
    found = of.cloud["application-autoscaling"].describe_scalable_targets(
        ServiceNamespace=space, ResourceIds=[resource], ScalableDimension=dimension
    )
    return dict(only(found["ScalableTargets"], f"scalable target {resource}"))


@described("AWS::ApplicationAutoScaling::ScalingPolicy")
def scaling_policy(of: Resource) -> Json:
    """Ask what makes something scale."""
    resource = of.properties.get("ResourceId") or of.properties["ScalingTargetId"].split("|")[0]
    client = of.cloud["application-autoscaling"]
    every = client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]
    found = only((one for one in every if one["PolicyARN"] == of.physical), f"scaling policy {of.physical}")
    names = ("ResourceId", "ScalableDimension", "ServiceNamespace")
    return {**found, "ScalingTargetId": "|".join(found[name] for name in names)}


@described("AWS::IAM::Role")
def role(of: Resource) -> Json:
    """Ask for a role, the policies written into it and those attached to it."""
    iam = of.cloud["iam"]
    found = iam.get_role(RoleName=of.physical)["Role"]
    names = iam.list_role_policies(RoleName=of.physical)["PolicyNames"]
    attached = [one["PolicyArn"] for one in iam.list_attached_role_policies(RoleName=of.physical)["AttachedPolicies"]]
    return {
        **found,
        "Policies": [_policy(of, of.physical, name) for name in names if name in _own(of.properties)],
        "ManagedPolicyArns": [arn for arn in attached if arn in of.properties.get("ManagedPolicyArns", [])],
    }


def _own(properties: Json) -> set[str]:
    return {one["PolicyName"] for one in properties.get("Policies", [])}


def _policy(of: Resource, role_name: str, name: str) -> Json:
    found = of.cloud["iam"].get_role_policy(RoleName=role_name, PolicyName=name)
    return {"PolicyName": name, "PolicyDocument": found["PolicyDocument"]}
