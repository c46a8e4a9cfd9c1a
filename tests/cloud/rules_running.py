"""How things run: rules about containers, rollouts, the balancer's settings, and alarms."""

import re
from collections.abc import Iterator
from typing import Final

from tests.cloud.rules_network import containers, runs, told
from tests.cloud.template import Part, View

_DRAIN_SECONDS: Final = 45
"""How long a process may take to stop, as in docker/compose.yaml."""

_LONGEST_ROUTE_SECONDS: Final = 13
_FULL: Final = 100
_NOT_ROOT: Final = re.compile(r"[1-9][0-9]*(:[1-9][0-9]*)?")
"""A user by number: what a name stands for is up to the image."""


def containers_are_confined(view: View) -> Iterator[str]:
    """No container runs as root, writes to its own file system, has rights of the kernel, or writes where it serves."""
    served = {task.name for _, task in runs(view)}
    for task in view.of("AWS::ECS::TaskDefinition"):
        if task.said("NetworkMode") != "awsvpc" or task.said("RequiresCompatibilities") != ["FARGATE"]:
            yield f"{task.name} shares a machine with others: run it on Fargate, in awsvpc."
        for of in containers(task):
            where = f"{of['Name']} of {task.name}"
            if str(of.get("ReadonlyRootFilesystem")).casefold() != "true":
                yield f"{where} may change its own files: set ReadonlyRootFilesystem to true."
            if not _NOT_ROOT.fullmatch(str(of.get("User"))):
                yield f"{where} runs as root: set User to 10001:10001."
            capabilities = of.get("LinuxParameters", {}).get("Capabilities", {})
            if capabilities.get("Drop") != ["ALL"] or capabilities.get("Add") or of.get("Privileged"):
                yield f"{where} has rights of the kernel: drop ALL capabilities, and add none."
            for mount in of.get("MountPoints", []):
                is_files = _is_files(task, mount["SourceVolume"])
                if task.name in served and is_files and str(mount.get("ReadOnly")).casefold() != "true":
                    yield f"{where} can write into {mount['SourceVolume']}: set ReadOnly to true."


def _is_files(task: Part, volume: str) -> bool:
    return any("EFSVolumeConfiguration" in one for one in task.properties.get("Volumes", []) if one["Name"] == volume)


def rollouts_can_go_back(view: View) -> Iterator[str]:
    """A new version comes up beside the old one, is found healthy, and is taken back by itself where it is not."""
    for keeper, task in runs(view):
        how = keeper.said("DeploymentConfiguration") or {}
        breaker = how.get("DeploymentCircuitBreaker", {})
        if {str(breaker.get(one)).casefold() for one in ("Enable", "Rollback")} != {"true"}:
            yield f"{keeper.name} does not go back from a version that fails: enable circuit breaker and Rollback."
        if int(how.get("MinimumHealthyPercent", 0)) < _FULL or int(how.get("MaximumPercent", 0)) <= _FULL:
            yield f"{keeper.name} has fewer tasks while it is replaced: 100 percent at least, more at most."
        for of in containers(task):
            if "HealthCheck" not in of:
                yield f"{of['Name']} of {task.name} is never asked how it is: give it a HealthCheck."
            if int(of.get("StopTimeout", 0)) < _DRAIN_SECONDS:
                yield f"{of['Name']} of {task.name} is killed before it has drained: set StopTimeout to 45 or more."


def the_balancer_and_the_gateway_agree(view: View) -> Iterator[str]:
    """The gateway believes what stands before it about addresses, and waits longer for a connection than that does."""
    behind_api = bool(list(view.of("AWS::ApiGatewayV2::Api")))
    header = "x-client-address" if behind_api else "x-forwarded-for"
    for balancer in view.of("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        said = {one["Key"]: str(one["Value"]) for one in balancer.properties.get("LoadBalancerAttributes", [])}
        if said.get("routing.http.drop_invalid_header_fields.enabled") != "true":
            yield f"{balancer.name} hands invalid headers on: drop them."
        if said.get("routing.http.desync_mitigation_mode") != "strictest":
            yield f"{balancer.name} hands on what two readers may read differently: be strictest."
        if said.get("routing.http.xff_header_processing.mode", "append") != "append":
            yield f"{balancer.name} does not append whom it sees: the gateway would believe the caller."
        idle = int(said.get("idle_timeout.timeout_seconds", "60"))
        if idle <= _LONGEST_ROUTE_SECONDS:
            yield f"{balancer.name} gives requests up before the gateway does: make its idle timeout longer."
        for keeper, task in runs(view):
            if "LoadBalancers" not in keeper.properties:
                continue
            env = told(task)
            if float(env.get("CAREPLANE_HTTP_IDLE_TIMEOUT_S", "5")) <= idle:
                yield f"{task.name} ends connections that {balancer.name} uses: raise CAREPLANE_HTTP_IDLE_TIMEOUT_S."
            if env.get("CAREPLANE_HTTP_TRUSTED_PROXIES") != "1" or env.get("CAREPLANE_HTTP_ADDRESS_HEADER") != header:
                yield f"{task.name} does not know who calls: it must believe one proxy, in {header}."


def alarms_tell_somebody(view: View) -> Iterator[str]:
    """Each alarm has somebody to tell, and asks for a number that is there to be had."""
    for alarm in view.of("AWS::CloudWatch::Alarm"):
        if not any(view.parts[name].kind == "AWS::SNS::Topic" for name in view.named_in(alarm.said("AlarmActions"))):
            yield f"{alarm.name} tells nobody: set AlarmActions."
        dimensions = {one["Name"] for one in alarm.properties.get("Dimensions", [])}
        if alarm.said("MetricName") == "KafkaDataLogsDiskUsed" and "Broker ID" not in dimensions:
            yield f"{alarm.name} never hears anything: each broker tells of its own disk."
