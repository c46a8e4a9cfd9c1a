"""What is applied keeps to rules of our own; and each rule finds a fault that is planted."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tests.kubernetes.platforms import Manifests, Platform, named, ours, pod
from tests.kubernetes.rules_network import calls_as_catalogued, everybody_is_shut_in, nothing_is_open_to_all
from tests.kubernetes.rules_pods import restricted, told_no_secret
from tests.kubernetes.rules_serving import (
    headless,
    ports_agree,
    refers_to_what_is_there,
    replaced_with_nobody_noticing,
    scaled,
    spread_and_kept,
)

Rule = Callable[[Manifests], list[str]]
Plant = Callable[[Manifests], object]
RULES: tuple[Rule, ...] = (
    restricted,
    told_no_secret,
    headless,
    ports_agree,
    refers_to_what_is_there,
    replaced_with_nobody_noticing,
    spread_and_kept,
    calls_as_catalogued,
    everybody_is_shut_in,
    nothing_is_open_to_all,
)


def _name(rule: Rule) -> str:
    return rule.__name__


@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_no_fault_is_found(platform: Platform, rule: Rule) -> None:
    """Neither in the small place nor in production."""
    assert rule(platform.everything) == []


def test_in_production_everything_is_scaled(platforms: tuple[Platform, ...]) -> None:
    """In the small place there is one of each."""
    small, production = platforms
    assert scaled(production.everything) == []
    assert len(scaled(small.everything)) == 5


def _spec(kind: str, name: str, *path: str | int) -> Callable[[Manifests], Any]:
    """Return what finds a place in a manifest's spec."""

    def found(manifests: Manifests) -> Any:
        at: Any = named(manifests, kind, name)["spec"]
        for step in path:
            at = at[step]
        return at

    return found


def _put(place: Callable[[Manifests], Any], key: str | int, value: object) -> Plant:
    return lambda manifests: place(manifests).__setitem__(key, value)


def _drop(place: Callable[[Manifests], Any], key: str | int) -> Plant:
    return lambda manifests: place(manifests).__delitem__(key)


def _without(kind: str, name: str) -> Plant:
    return lambda manifests: manifests.remove(named(manifests, kind, name))


def _told(name: str, value: str) -> Plant:
    return lambda manifests: ours(named(manifests, "Deployment", "patient"))["env"].append(
        {"name": name, "value": value}
    )


def _patient(manifests: Manifests) -> Any:
    return pod(named(manifests, "Deployment", "patient"))["spec"]


def _container(manifests: Manifests) -> Any:
    return ours(named(manifests, "Deployment", "patient"))


def _rights(manifests: Manifests) -> Any:
    return _container(manifests)["securityContext"]


def _let_billing_call_patient(manifests: Manifests) -> None:
    """Open the way out and the way in: one of them alone leads nowhere."""
    _callers(manifests)["values"].append("billing")
    named(manifests, "NetworkPolicy", "analytics")["spec"]["podSelector"] = {
        "matchLabels": {"careplane/events": "true"}
    }


_deployment = _spec("Deployment", "patient")
_ingress = _spec("NetworkPolicy", "patient", "ingress", 0)
_callers = _spec("NetworkPolicy", "patient", "ingress", 0, "from", 0, "podSelector", "matchExpressions", 0)
_out = _spec("NetworkPolicy", "database", "egress", 0)
_host_path = {"name": "node", "hostPath": {"path": "/"}}
_password = {"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": {"name": "patient", "key": "database_password"}}}

PLANTED: tuple[tuple[Rule, str, Plant], ...] = (
    (restricted, "may run as root", _put(_patient, "securityContext", {"runAsNonRoot": True, "runAsUser": 0})),
    (restricted, "may run as root", _put(_rights, "runAsUser", 0)),
    (restricted, "is privileged", _put(_rights, "privileged", True)),
    (restricted, "can write to its root", _put(_rights, "readOnlyRootFilesystem", False)),
    (restricted, "can gain rights", _drop(_rights, "allowPrivilegeEscalation")),
    (restricted, "has capabilities", _put(_rights, "capabilities", {"drop": ["ALL"], "add": ["NET_ADMIN"]})),
    (restricted, "hostNetwork is the node's", _put(_patient, "hostNetwork", True)),
    (restricted, "the volume node is hostPath", lambda it: _patient(it)["volumes"].append(_host_path)),
    (restricted, "is given a token", _drop(_patient, "automountServiceAccountToken")),
    (restricted, "no account of its own", _put(_patient, "serviceAccountName", "default")),
    (restricted, "has no limits", _put(_container, "resources", {"requests": {"cpu": 1, "memory": 1}})),
    (restricted, "of no version", _put(_container, "image", "registry.example.org:5000/careplane")),
    (restricted, "of no version", _put(_container, "image", "careplane:latest")),
    (restricted, "is told CAREPLANE_GRPC_PORT twice", _told("CAREPLANE_GRPC_PORT", "4011")),
    (told_no_secret, "is a secret in the open", _told("CAREPLANE_KAFKA_SASL_PASSWORD", "pass")),
    (told_no_secret, "is a secret in the open", _told("CAREPLANE_DATABASE_LOGINS_PATIENT", "pass")),
    (told_no_secret, "is a secret in the open", _told("CAREPLANE_DATABASE_URL", "postgresql://me:pass@db/careplane")),
    (told_no_secret, "a password stands in", _put(_container, "args", ["serve", "amqp://me:pass@there"])),
    (told_no_secret, "is in its environment", lambda it: _container(it)["env"].append(_password)),
    (
        told_no_secret,
        "a whole Secret",
        lambda it: _container(it)["envFrom"].append({"secretRef": {"name": "patient"}}),
    ),
    (headless, "behind one address", _drop(_spec("Service", "billing"), "clusterIP")),
    (headless, "reached from outside", _put(_spec("Service", "gateway"), "type", "LoadBalancer")),
    (
        ports_agree,
        "has the ports",
        _put(_spec("Deployment", "patient", "template", "spec", "containers", 0, "ports", 0), "containerPort", 4011),
    ),
    (ports_agree, "leads to no port", _put(_spec("Service", "billing", "ports", 0), "targetPort", "http")),
    (
        ports_agree,
        "leads to somebody else",
        _put(_spec("Service", "billing", "selector"), "app.kubernetes.io/name", "patient"),
    ),
    (ports_agree, "is asked at", _put(_container, "livenessProbe", {"tcpSocket": {"port": "http"}})),
    (refers_to_what_is_there, "there is no Secret", _without("Secret", "identity-keys")),
    (refers_to_what_is_there, "there is no ServiceAccount", _without("ServiceAccount", "patient")),
    (replaced_with_nobody_noticing, "has no readinessProbe", _drop(_container, "readinessProbe")),
    (replaced_with_nobody_noticing, "has no startupProbe", _drop(_container, "startupProbe")),
    (replaced_with_nobody_noticing, "stops listening before", _drop(_container, "lifecycle")),
    (replaced_with_nobody_noticing, "is killed before", _put(_patient, "terminationGracePeriodSeconds", 50)),
    (replaced_with_nobody_noticing, "before another one is there", _drop(_deployment, "strategy")),
    (replaced_with_nobody_noticing, "its successor is found", _drop(_deployment, "minReadySeconds")),
    (replaced_with_nobody_noticing, "sets the number", _put(_deployment, "replicas", 3)),
    (
        spread_and_kept,
        "topology.kubernetes.io/zone",
        _drop(_spec("Deployment", "patient", "template", "spec", "topologySpreadConstraints"), 0),
    ),
    (spread_and_kept, "has no disruption budget", _without("PodDisruptionBudget", "patient")),
    (scaled, "is not scaled", _without("HorizontalPodAutoscaler", "patient")),
    (scaled, "left with one process", _put(_spec("HorizontalPodAutoscaler", "patient"), "minReplicas", 1)),
    (calls_as_catalogued, "billing can call patient", _let_billing_call_patient),
    (calls_as_catalogued, "analytics cannot call patient", lambda it: _callers(it)["values"].remove("analytics")),
    (calls_as_catalogued, "gateway cannot call patient", _without("NetworkPolicy", "gateway")),
    (everybody_is_shut_in, "nothing bounds its Ingress", _without("NetworkPolicy", "nobody")),
    (nothing_is_open_to_all, "from anybody", _drop(_ingress, "from")),
    (nothing_is_open_to_all, "from any port", _drop(_ingress, "ports")),
    (nothing_is_open_to_all, "a whole namespace", _put(_ingress, "from", [{"podSelector": {}}])),
    (nothing_is_open_to_all, "to 0.0.0.0/0", _put(_out, "to", [{"ipBlock": {"cidr": "0.0.0.0/0"}}])),
)


@pytest.mark.parametrize(("rule", "said", "plant"), PLANTED, ids=lambda it: it if isinstance(it, str) else None)
def test_a_planted_fault_is_found(platforms: tuple[Platform, ...], rule: Rule, said: str, plant: Plant) -> None:
    """One thing is changed in production, and the rule about it says so."""
    manifests = copy.deepcopy(platforms[1].everything)
    assert rule(manifests) == []
    plant(manifests)
    assert any(said in fault for fault in rule(manifests)), rule(manifests)


def test_every_rule_has_its_fault() -> None:
    """No rule is kept that was never seen to find anything."""
    assert {rule for rule, _, _ in PLANTED} == {*RULES, scaled}
