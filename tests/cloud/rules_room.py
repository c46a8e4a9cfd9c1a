"""There is room: tasks stand in every zone, and the database has connections for the most of them."""

import re
from collections.abc import Iterator
from typing import Final

from tests.cloud.rules_network import runs, told
from tests.cloud.template import Part, View

from careplane.app.settings import Settings

_SPREAD: Final = (
    "AWS::ECS::Service",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::RDS::DBSubnetGroup",
    "AWS::ApiGatewayV2::VpcLink",
)
_DATABASE: Final = "CAREPLANE_DATABASE_URL"
_POOL_SIZE: Final = Settings().database.pool_size


def every_zone_has_its_share(view: View) -> Iterator[str]:
    """What runs, what stands before it and what it mounts has a subnet in each zone, so that no zone is missed."""
    wanted = int(view.parameters["Zones"])
    interfaces = [part for part in view.of("AWS::EC2::VPCEndpoint") if part.said("VpcEndpointType") == "Interface"]
    for part in (*view.of(*_SPREAD), *interfaces):
        if (count := len(_zones(view, [part]))) != wanted:
            yield f"{part.name} stands in {count} of {wanted} zones: name a subnet in each."
    for files in view.of("AWS::EFS::FileSystem"):
        targets = [
            one for one in view.of("AWS::EFS::MountTarget") if files.name in view.named_in(one.said("FileSystemId"))
        ]
        if (count := len(_zones(view, targets))) != wanted:
            yield f"{files.name} can be mounted in {count} of {wanted} zones: add an AWS::EFS::MountTarget to each."


def _zones(view: View, parts: list[Part]) -> set[str]:
    names = view.named_in([part.properties for part in parts])
    return {
        str(view.parts[name].said("AvailabilityZone")) for name in names if view.parts[name].kind == "AWS::EC2::Subnet"
    }


def the_database_has_room(view: View) -> Iterator[str]:
    """The most tasks there can be, with those that replace them, open fewer connections than the alarm goes off at."""
    needed = sum(_connections(view, keeper, task) for keeper, task in runs(view))
    kept = {task.name for _, task in runs(view)}
    needed += sum(_pool(task) for task in view.of("AWS::ECS::TaskDefinition") if task.name not in kept)
    alarms = [one for one in view.of("AWS::CloudWatch::Alarm") if one.said("MetricName") == "DatabaseConnections"]
    if not alarms:
        yield "No alarm watches DatabaseConnections: add one."
    for alarm in alarms:
        if needed >= int(alarm.properties["Threshold"]):
            threshold = alarm.properties["Threshold"]
            yield f"{alarm.name} goes off at {threshold} connections, but the tasks may need {needed}: allow fewer."
        stated = re.search(r"more than (\d+) connections", str(alarm.said("AlarmDescription")))
        if not stated or stated[1] != str(alarm.properties["Threshold"]):
            yield f"{alarm.name} says another number than {alarm.properties['Threshold']}, which it goes off at."


def _connections(view: View, keeper: Part, task: Part) -> int:
    scales = [
        one
        for one in view.of("AWS::ApplicationAutoScaling::ScalableTarget")
        if keeper.name in view.named_in(one.said("ResourceId"))
    ]
    most = max((int(one.properties["MaxCapacity"]) for one in scales), default=int(keeper.said("DesiredCount") or 0))
    percent = int(keeper.said("DeploymentConfiguration", "MaximumPercent") or 200)
    return most * percent // 100 * _pool(task)


def _pool(task: Part) -> int:
    said = told(task)
    size = said.get("CAREPLANE_DATABASE_POOL_SIZE", _POOL_SIZE)
    return int(size) if _DATABASE in said else 0
