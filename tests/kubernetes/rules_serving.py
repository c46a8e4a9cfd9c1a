"""Rules of our own about what serves: how it is asked, replaced, spread, scaled; each returns the faults it finds."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tests.kubernetes.platforms import PODS, Manifest, Manifests, containers, named, of_kind, ours, pod, title

from careplane.app.catalog import NAMES
from careplane.gateway.routes import GATEWAY

_DRAIN_SECONDS: Final = 45
"""What config/README.md promises that a process needs to finish what it has accepted."""

_UNTIL_FOUND_SECONDS: Final = 35
"""How long callers may go without knowing a new process: 5 s until they look again, and 30 s that DNS may remember."""

_GIVEN: Final = re.compile(r"(ConfigMap database-ca|Secret kafka-[a-z]+|Secret careplane-tls)")
"""What README.md asks for, of what is the user's own."""


def served(manifests: Manifests) -> Iterator[Manifest]:
    """Yield the Deployments, each of which is a process that serves."""
    return of_kind(manifests, "Deployment")


def replaced_with_nobody_noticing(manifests: Manifests) -> list[str]:
    """Each is asked how it is, leaves before it stops listening, has the time to finish, and is replaced one by one."""
    return [f"{title(it)}: {fault}" for it in served(manifests) for fault in _of_life(it)]


def _of_life(deployment: Manifest) -> Iterator[str]:
    spec, container = pod(deployment)["spec"], ours(deployment)
    yield from (
        f"has no {probe}" for probe in ("startupProbe", "livenessProbe", "readinessProbe") if not container.get(probe)
    )
    leaving = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    if not leaving:
        yield "stops listening before others know"
    if spec.get("terminationGracePeriodSeconds", 30) < leaving + _DRAIN_SECONDS:
        yield "is killed before it has finished"
    if deployment["spec"].get("strategy", {}).get("rollingUpdate") != {"maxUnavailable": 0, "maxSurge": 1}:
        yield "is taken away before another one is there"
    if deployment["spec"].get("minReadySeconds", 0) < _UNTIL_FOUND_SECONDS:
        yield "is taken away before its successor is found"
    if "replicas" in deployment["spec"]:
        yield "sets the number that scaling has chosen back"


def spread_and_kept(manifests: Manifests) -> list[str]:
    """Each is spread over zones and machines, and an eviction leaves enough of them."""
    found = []
    for deployment in served(manifests):
        spreads = pod(deployment)["spec"].get("topologySpreadConstraints", [])
        labels = deployment["spec"]["selector"]["matchLabels"]
        spread = {it["topologyKey"] for it in spreads if it["labelSelector"]["matchLabels"] == labels}
        found += [
            f"{title(deployment)}: is not spread over {key}"
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
            if key not in spread
        ]
        budgets = [
            it["spec"]
            for it in of_kind(manifests, "PodDisruptionBudget")
            if it["spec"]["selector"]["matchLabels"] == labels
        ]
        if [it.get("maxUnavailable") for it in budgets] != [1]:
            found.append(f"{title(deployment)}: has no disruption budget")
    return found


def scaled(manifests: Manifests) -> list[str]:
    """Each has two processes or more, by how busy they are, and says how much one asks for."""
    found = []
    for deployment in served(manifests):
        scalers = [
            it["spec"]
            for it in of_kind(manifests, "HorizontalPodAutoscaler")
            if it["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
        ]
        if not scalers:
            found.append(f"{title(deployment)}: is not scaled")
        for it in scalers:
            if not 2 <= it["minReplicas"] <= it["maxReplicas"]:
                found.append(f"{title(deployment)}: may be left with one process")
            if it["scaleTargetRef"]["kind"] != "Deployment" or it["metrics"][0]["resource"]["name"] != "cpu":
                found.append(f"{title(deployment)}: is not scaled by how busy it is")
    return found


def ports_agree(manifests: Manifests) -> list[str]:
    """What a process listens on, its container's ports, its Service and its probes are of the same number."""
    found = []
    for deployment in served(manifests):
        name, container = deployment["metadata"]["name"], ours(deployment)
        ports = {it["name"]: it["containerPort"] for it in container["ports"]}
        expected = {"http": 4004, "metrics": 4005} if name == GATEWAY else {"grpc": 4010, "metrics": 4005}
        if ports != expected:
            found.append(f"{title(deployment)}: has the ports {ports}")
        way = named(manifests, "Service", name)["spec"]
        if way["selector"] != deployment["spec"]["selector"]["matchLabels"]:
            found.append(f"Service {name}: leads to somebody else")
        found += [
            f"Service {name}: leads to no port {it['targetPort']}"
            for it in way["ports"]
            if it["targetPort"] not in ports
        ]
        found += [f"{title(deployment)}: is asked at {port}" for port in _asked(container) if port not in ports]
    return found


def _asked(container: Manifest) -> Iterator[str]:
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container.get(probe, {})
        way = asked.get("httpGet") or asked.get("tcpSocket")
        if way:
            yield way["port"]


def headless(manifests: Manifests) -> list[str]:
    """A component's Service gives the addresses of all its processes; the gateway's has one; none leads outside."""
    found = []
    for way in of_kind(manifests, "Service"):
        name, spec = way["metadata"]["name"], way["spec"]
        if spec.get("type", "ClusterIP") != "ClusterIP":
            found.append(f"{title(way)}: is reached from outside")
        if name in NAMES and spec.get("clusterIP") != "None":
            found.append(f"{title(way)}: hides its processes behind one address")
        if spec.get("publishNotReadyAddresses"):
            found.append(f"{title(way)}: names processes that are not ready")
    return found


def refers_to_what_is_there(manifests: Manifests) -> list[str]:
    """Each Secret, ConfigMap, key of one, and account that a pod asks for is there, or asked of the user."""
    there = {title(it): it for it in manifests}
    found = []
    for manifest in of_kind(manifests, *PODS):
        for asked, keys in _asks_for(manifest).items():
            if asked not in there and not _GIVEN.fullmatch(asked):
                found.append(f"{title(manifest)}: there is no {asked}")
            content = there[asked].get("data") or there[asked].get("stringData") or {} if asked in there else {}
            found += [
                f"{title(manifest)}: {asked} has no {key}" for key in keys if asked in there and key not in content
            ]
    return found


def _asks_for(manifest: Manifest) -> Mapping[str, set[str]]:
    asked: dict[str, set[str]] = {f"ServiceAccount {pod(manifest)['spec']['serviceAccountName']}": set()}
    for container in containers(manifest):
        for it in container.get("envFrom", []):
            asked.setdefault(f"ConfigMap {it['configMapRef']['name']}", set())
        for it in container.get("env", []):
            if reference := it.get("valueFrom", {}).get("configMapKeyRef"):
                asked.setdefault(f"ConfigMap {reference['name']}", set()).add(reference["key"])
    for volume in pod(manifest)["spec"].get("volumes", []):
        if "secret" in volume:
            keys = {it["key"] for it in volume["secret"].get("items", [])}
            asked.setdefault(f"Secret {volume['secret']['secretName']}", set()).update(keys)
        if "configMap" in volume:
            asked.setdefault(f"ConfigMap {volume['configMap']['name']}", set())
    return asked
