"""Makes what runs containers by direct calls: clusters' settings, task definitions, their names, how many there are."""

import json

from tests.cloud.deploy_calls import call, without
from tests.cloud.deploy_kinds import Resource, changed, direct, mended

_ONLY_AT_FIRST = ("LaunchType", "SchedulingStrategy", "DeploymentController", "Role", "ServiceName", "Tags")


@mended("AWS::ECS::Cluster", "passes over ClusterSettings and Configuration")
def cluster(of: Resource) -> None:
    """Give a cluster its settings."""
    taken = {"ClusterSettings": "Settings", "Configuration": "Configuration"}
    settings = {taken[name]: value for name, value in of.properties.items() if name in taken}
    arguments = {"Cluster": of.physical, **settings}
    call(of.cloud, "ecs", "update_cluster", arguments)


@changed("AWS::ECS::TaskDefinition")
@direct("AWS::ECS::TaskDefinition", "moto's CloudFormation keeps only containers, volumes and memory")
def task_definition(of: Resource) -> str:
    """Register a task definition, or its next revision."""
    arguments = {"Family": of.name, **of.properties}
    answer = call(of.cloud, "ecs", "register_task_definition", arguments)
    return str(answer["taskDefinition"]["taskDefinitionArn"])


@direct("AWS::ECS::Service", "moto's CloudFormation keeps only the count and the task definition")
def containers(of: Resource) -> str:
    """Create what keeps so many tasks running."""
    properties = without({"ServiceName": of.name, **of.properties}, "Tags", "EnableECSManagedTags")
    return str(call(of.cloud, "ecs", "create_service", properties)["service"]["serviceArn"])


@changed("AWS::ECS::Service")
def containers_again(of: Resource) -> str:
    """Change how many there are, or which revision of the task runs."""
    arguments = {**without(of.properties, *_ONLY_AT_FIRST, "EnableECSManagedTags"), "Service": of.physical}
    return str(call(of.cloud, "ecs", "update_service", arguments)["service"]["serviceArn"])


@direct("AWS::ServiceDiscovery::PrivateDnsNamespace")
def namespace(of: Resource) -> str:
    """Create the domain in which the components find each other."""
    client = of.cloud["servicediscovery"]
    answer = call(of.cloud, "servicediscovery", "create_private_dns_namespace", of.properties)
    return str(client.get_operation(OperationId=answer["OperationId"])["Operation"]["Targets"]["NAMESPACE"])


@direct("AWS::ServiceDiscovery::Service")
def name_of_component(of: Resource) -> str:
    """Create the name under which one component is found."""
    return str(call(of.cloud, "servicediscovery", "create_service", of.properties)["Service"]["Id"])


@changed("AWS::ApplicationAutoScaling::ScalableTarget")
@direct("AWS::ApplicationAutoScaling::ScalableTarget")
def scalable_target(of: Resource) -> str:
    """Say between which numbers something may scale, or say it again."""
    call(of.cloud, "application-autoscaling", "register_scalable_target", of.properties)
    return "|".join(str(of.properties[name]) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace"))


@changed("AWS::ApplicationAutoScaling::ScalingPolicy")
@direct("AWS::ApplicationAutoScaling::ScalingPolicy")
def scaling_policy(of: Resource) -> str:
    """Say what makes something scale."""
    properties = without(of.properties, "ScalingTargetId")
    if target := of.properties.get("ScalingTargetId"):
        names = ("ResourceId", "ScalableDimension", "ServiceNamespace")
        properties |= dict(zip(names, str(target).split("|"), strict=True))
    return str(call(of.cloud, "application-autoscaling", "put_scaling_policy", properties)["PolicyARN"])


@mended("AWS::IAM::Role", "passes over ManagedPolicyArns, and keeps inline policies as no JSON")
def role(of: Resource) -> None:
    """Write a role's policies into it as JSON, and attach to it those that have an ARN."""
    for one in of.properties.get("Policies", []):
        document = json.dumps(one["PolicyDocument"])
        arguments = {"RoleName": of.physical, "PolicyName": one["PolicyName"], "PolicyDocument": document}
        call(of.cloud, "iam", "put_role_policy", arguments)
    for arn in of.properties.get("ManagedPolicyArns", []):
        call(of.cloud, "iam", "attach_role_policy", {"RoleName": of.physical, "PolicyArn": arn})
