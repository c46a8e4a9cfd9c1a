"""What ECS tells of everything that runs: task definitions, their containers, and who keeps them going."""

from collections.abc import Iterator

from tests.cloud.deploy import Deployment
from tests.cloud.deploy_document import Json


def keepers(deployed: Deployment) -> Iterator[Json]:
    """Give what keeps tasks running, as ECS tells it."""
    ecs = deployed.cloud["ecs"]
    for name in deployed.names("AWS::ECS::Service"):
        of = deployed.resource(name)
        (told,) = ecs.describe_services(cluster=of.properties["Cluster"], services=[of.physical])["services"]
        yield told


def task_definitions(deployed: Deployment) -> Iterator[Json]:
    """Give the task definitions, as ECS tells them."""
    for name in deployed.names("AWS::ECS::TaskDefinition"):
        yield task_definition(deployed, deployed.resource(name).physical)


def task_definition(deployed: Deployment, arn: str) -> Json:
    """Return one task definition."""
    found: Json = deployed.cloud["ecs"].describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return found


def containers(deployed: Deployment) -> Iterator[tuple[str, Json]]:
    """Give every container of every task definition, with a name to speak of it."""
    for task in task_definitions(deployed):
        for container in task["containerDefinitions"]:
            yield f"{task['family']}/{container['name']}", container


def environment(container: Json) -> dict[str, str]:
    """Return what a container is told in plain text."""
    return {one["name"]: one["value"] for one in container.get("environment", [])}
