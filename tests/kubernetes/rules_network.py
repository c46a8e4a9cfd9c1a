"""Rules of our own about who reaches whom: what NetworkPolicies amount to, and the faults in them."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from tests.kubernetes.platforms import PODS, Manifests, of_kind, pod, title

from careplane.app.catalog import CATALOG, NAMES
from careplane.gateway.routes import GATEWAY

Labels = Mapping[str, str]
_WAYS = (("Ingress", "ingress", "from"), ("Egress", "egress", "to"))


def selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Tell whether a selector means what bears these labels."""
    wanted = selector.get("matchLabels", {}).items()
    return all(labels.get(key) == value for key, value in wanted) and all(
        it["operator"] == "In" and labels.get(it["key"]) in it["values"] for it in selector.get("matchExpressions", [])
    )


def labels_of(manifests: Manifests) -> Mapping[str, Labels]:
    """Return the labels of each kind of pod, by its name."""
    return {it["metadata"]["name"]: pod(it)["metadata"]["labels"] for it in of_kind(manifests, *PODS)}


def reaches(manifests: Manifests, caller: Labels, called: Labels, port: int) -> bool:
    """Tell whether the policies let one pod of the namespace reach another one: the way out, and the way in."""
    return _allowed(manifests, "Egress", caller, called, port) and _allowed(manifests, "Ingress", called, caller, port)


def _allowed(manifests: Manifests, kind: str, whose: Labels, other: Labels, port: int) -> bool:
    _, way, side = next(it for it in _WAYS if it[0] == kind)
    policies = [it["spec"] for it in of_kind(manifests, "NetworkPolicy") if selects(it["spec"]["podSelector"], whose)]
    policies = [it for it in policies if kind in it["policyTypes"]]
    return not policies or any(
        _matches(rule.get(side), other) and port in _ports(rule) for it in policies for rule in it.get(way, [])
    )


def _matches(peers: list[Mapping[str, Any]] | None, labels: Labels) -> bool:
    if not peers:
        return True  # no peers at all mean everybody
    return any(
        "podSelector" in it and "namespaceSelector" not in it and selects(it["podSelector"], labels) for it in peers
    )


def _ports(rule: Mapping[str, Any]) -> range | set[int]:
    ports = rule.get("ports")
    return {it["port"] for it in ports} if ports else range(1, 65536)


def calls(manifests: Manifests) -> set[tuple[str, str]]:
    """Return who can call whom over gRPC."""
    labels = labels_of(manifests)
    return {
        (caller, called)
        for caller in labels
        for called in NAMES
        if called in labels and caller != called and reaches(manifests, labels[caller], labels[called], 4010)
    }


def calls_as_catalogued(manifests: Manifests) -> list[str]:
    """Who can call whom is what the catalogue says: the gateway all, and each component those that it calls."""
    said = {(GATEWAY, name) for name in NAMES} | {(entry.name, called) for entry in CATALOG for called in entry.calls}
    can = calls(manifests)
    return [f"{caller} cannot call {called}" for caller, called in sorted(said - can)] + [
        f"{caller} can call {called}" for caller, called in sorted(can - said)
    ]


def everybody_is_shut_in(manifests: Manifests) -> list[str]:
    """Every pod is under a policy of each direction, so that what is not allowed is refused."""
    policies = [it["spec"] for it in of_kind(manifests, "NetworkPolicy")]
    return [
        f"{name}: nothing bounds its {kind}"
        for name, labels in labels_of(manifests).items()
        for kind, _, _ in _WAYS
        if not any(kind in it["policyTypes"] and selects(it["podSelector"], labels) for it in policies)
    ]


def nothing_is_open_to_all(manifests: Manifests) -> list[str]:
    """Every rule of a policy says who and which port, and means nobody in general."""
    found = []
    for policy in of_kind(manifests, "NetworkPolicy"):
        for _, way, side in _WAYS:
            for rule in policy["spec"].get(way, []):
                found += [f"{title(policy)}: {fault}" for fault in _too_open(rule, side)]
    return found


def _too_open(rule: Mapping[str, Any], side: str) -> Iterator[str]:
    if not rule.get("ports") or any("port" not in it or "endPort" in it for it in rule["ports"]):
        yield f"{side} any port"
    if not rule.get(side):
        yield f"{side} anybody"
    for peer in rule.get(side, []):
        if any(peer.get(selector) == {} for selector in ("podSelector", "namespaceSelector")):
            yield f"{side} a whole namespace, or all of them"
        if "ipBlock" in peer and not _is_narrow(peer["ipBlock"]["cidr"]):
            yield f"{side} {peer['ipBlock']['cidr']}"


def _is_narrow(cidr: str) -> bool:
    return ipaddress.ip_network(cidr).is_private and ipaddress.ip_network(cidr).prefixlen >= 16


def reached_from_outside(manifests: Manifests) -> set[tuple[str, int]]:
    """Return which pods are reached from other namespaces, or from anywhere, and at which port."""
    return {
        (name, it["port"])
        for name, labels in labels_of(manifests).items()
        for policy in of_kind(manifests, "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], labels)
        for rule in policy["spec"].get("ingress", [])
        if any("namespaceSelector" in peer or "ipBlock" in peer for peer in rule["from"])
        for it in rule["ports"]
    }
