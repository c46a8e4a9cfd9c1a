"""Who reaches whom in Kubernetes: what the policies amount to, for the data and for the world outside."""

from tests.kubernetes.platforms import Platform, named
from tests.kubernetes.rules_network import labels_of, reached_from_outside, reaches

from careplane.app.catalog import NAMES
from careplane.app.placement import Placement

WITH_EVENTS = {name for name in NAMES if Placement.of((name,)).streams}
OUTSIDE_WAYS = {("gateway", 4004), *((name, 4005) for name in ("gateway", *NAMES))}


def test_the_database_is_reached_by_who_needs_it(platforms: tuple[Platform, ...]) -> None:
    """Components, migrations and the operator; no gateway, whoever takes it over is not yet at the data."""
    small = platforms[0].everything
    labels = labels_of(small)
    found = {name for name in labels if reaches(small, labels[name], labels["postgres"], 5432)}
    assert found == {*NAMES, "migrate", "operator"}


def test_kafka_is_reached_by_who_tells_or_hears_events(platforms: tuple[Platform, ...]) -> None:
    """And by the operator, who sends them again."""
    small = platforms[0].everything
    labels = labels_of(small)
    found = {name for name in labels if reaches(small, labels[name], labels["kafka"], 9092)}
    assert found == {*WITH_EVENTS, "operator"}


def test_the_ways_out_of_production_are_the_same_peoples(platforms: tuple[Platform, ...]) -> None:
    """To PostgreSQL and Kafka outside, at their ports; the gateway has no way out at all."""
    production = platforms[1].everything
    for name, people, port in (
        ("database", {*NAMES, "migrate", "operator"}, 5432),
        ("events", {*WITH_EVENTS, "operator"}, 9096),
    ):
        policy = named(production, "NetworkPolicy", name)["spec"]
        (rule,) = policy["egress"]
        assert [it["port"] for it in rule["ports"]] == [port]
        assert [list(it) for it in rule["to"]] == [["ipBlock"]]
        bearing = policy["podSelector"]["matchLabels"].items()
        assert {it for it, labels in labels_of(production).items() if bearing <= labels.items()} == people


def test_only_the_gateway_is_reached_from_outside(platform: Platform) -> None:
    """At its port for requests; and every process at the one for its numbers, which the gateway does not show."""
    assert reached_from_outside(platform.everything) == OUTSIDE_WAYS


def test_the_ingress_leads_to_the_gateway_with_tls(platforms: tuple[Platform, ...]) -> None:
    """Each host has a certificate, and nothing else is behind it."""
    small, production = platforms
    assert not [it for it in small.everything if it["kind"] == "Ingress"], "there it is reached by kubectl port-forward"
    spec = named(production.everything, "Ingress", "gateway")["spec"]
    hosts = {rule["host"] for rule in spec["rules"]}
    assert hosts == {host for it in spec["tls"] for host in it["hosts"]}
    ways = [path["backend"]["service"] for rule in spec["rules"] for path in rule["http"]["paths"]]
    assert ways == [{"name": "gateway", "port": {"name": "http"}}]
    assert f"https://{hosts.pop()}" == _settings(production)["CAREPLANE_IDENTITY_ISSUER"]


def test_the_namespace_refuses_what_may_do_too_much(platform: Platform) -> None:
    """Pod Security's strictest level is enforced, not only warned of; and everything is in that namespace."""
    labels = named(platform.everything, "Namespace", "careplane")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {it["metadata"].get("namespace") for it in platform.everything if it["kind"] != "Namespace"} == {"careplane"}


def _settings(platform: Platform) -> dict[str, str]:
    (found,) = (
        it["data"]
        for it in platform.everything
        if it["kind"] == "ConfigMap" and it["metadata"]["name"].startswith("settings-")
    )
    told: dict[str, str] = found
    return told
