"""Each process understands what it is told in Kubernetes, and could do its work with it."""

import copy
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.kubernetes.mounted import environment, mount
from tests.kubernetes.platforms import Manifests, Platform, named, of_kind, ours

from careplane.app.catalog import NAMES
from careplane.app.commands.migrate import _passwords
from careplane.app.placement import Placement
from careplane.app.settings import Settings
from careplane.app.settings_source import load_settings
from careplane.app.setup_error import SetupError
from careplane.components.identity.signing.keys import load_keys
from careplane.gateway.routes import GATEWAY
from careplane.storage.database import role_of
from careplane_transports.grpc.call_keys import read_call_keys
from careplane_transports.grpc.tls import client_context, server_context

SERVED = (GATEWAY, *NAMES)
GIVEN = ("kafka-billing", "kafka-patient", "kafka-analytics", "kafka-operator")


def with_what_is_given(platform: Platform) -> Manifests:
    """Return all of a platform, with what README.md asks the user for in production."""
    manifests = copy.deepcopy(platform.everything)
    authority = named(manifests, "Secret", "gateway")["data"]["ca.pem"]
    if platform.name == "production":
        manifests += [
            {"kind": "Secret", "metadata": {"name": name}, "stringData": {"password": name}} for name in GIVEN
        ]
        manifests.append({"kind": "ConfigMap", "metadata": {"name": "database-ca"}, "data": {"ca.pem": authority}})
    return manifests


def told(platform: Platform, kind: str, name: str, root: Path) -> tuple[Settings, Mapping[str, Path]]:
    """Return the settings that a process finds, and where its files are."""
    manifests = with_what_is_given(platform)
    workload = named(manifests, kind, name)
    places = mount(manifests, workload, root)
    return load_settings(None, environment(manifests, workload, places)), places


def test_everything_that_is_served_has_a_deployment(platform: Platform) -> None:
    """A process for each component and for the gateway, called as `careplane serve` calls it."""
    found = {it["metadata"]["name"]: ours(it)["args"] for it in of_kind(platform.parts["serve"], "Deployment")}
    assert found == {name: ["serve", name] for name in SERVED}
    assert not list(of_kind(platform.parts["serve"], "Job", "StatefulSet")), "serving again leaves the data alone"


@pytest.mark.parametrize("name", SERVED)
def test_a_process_could_do_its_work(platform: Platform, name: str, tmp_path: Path) -> None:
    """Its settings are settings, its keys and certificates hold, and it reaches whom it calls."""
    settings, _ = told(platform, "Deployment", name, tmp_path)
    placement = Placement.of((name,))
    placement.check(settings)
    assert settings.grpc.peers == {peer: f"{peer}:4010" for peer in NAMES}
    assert settings.grpc.port == (0 if name == GATEWAY else 4010)
    assert server_context(settings.grpc) is not None, "calls come in with mutual TLS"
    assert client_context(settings.grpc) is not None, "and go out with it"
    keys = read_call_keys(settings.grpc.keys_dir, placement.names)
    assert (set(keys.private), set(keys.public)) == ({name}, set(SERVED))
    assert bool(settings.kafka.bootstrap_servers) == bool(placement.streams), "who has events has Kafka"


@pytest.mark.parametrize("name", NAMES)
def test_a_component_logs_in_as_itself(platform: Platform, name: str, tmp_path: Path) -> None:
    """With its own role's password, which no other process has; and in production Kafka's and a proof of the server."""
    settings, places = told(platform, "Deployment", name, tmp_path)
    url = urlsplit(Placement.of((name,)).urls(settings)[name])
    assert url.username == role_of(name)
    assert url.password == (places["/run/careplane"] / "database_password").read_text().strip()
    if platform.name == "production":
        assert "sslmode=verify-full" in url.query
        assert settings.kafka.replication_factor == (1 if name == "identity" else 3)
        if Placement.of((name,)).streams:
            assert (settings.kafka.security_protocol, settings.kafka.sasl_username) == ("SASL_SSL", f"careplane_{name}")
            assert settings.kafka.sasl_password == f"kafka-{name}"


def test_a_setting_that_is_none_is_refused(platforms: tuple[Platform, ...], tmp_path: Path) -> None:
    """A name that is misspelt in a place's settings would keep each process from starting."""
    planted = copy.deepcopy(platforms[1])
    for it in of_kind(planted.parts["serve"], "ConfigMap"):
        if it["metadata"]["name"].startswith("settings-"):
            it["data"]["CAREPLANE_HTTP_TRUSTED_PROXY"] = "1"
    planted = Platform("production", {"serve": planted.parts["serve"], "secrets": planted.parts["secrets"]})
    with pytest.raises(SetupError, match="CAREPLANE_HTTP_TRUSTED_PROXY is not a setting"):
        told(planted, "Deployment", GATEWAY, tmp_path)


def test_identity_has_its_keys(platform: Platform, tmp_path: Path) -> None:
    """Those that sign tokens, from the folder that it watches, and the one that second factors are encrypted with."""
    settings, _ = told(platform, "Deployment", "identity", tmp_path)
    assert settings.identity.secrets_key
    assert len(load_keys(settings.identity)) == 1
    assert settings.identity.key_lead_s >= 300, "the cluster takes its time to bring a new one to every process"


def test_the_gateway_has_its_secret(platform: Platform, tmp_path: Path) -> None:
    """And knows how many proxies stand before it."""
    settings, _ = told(platform, "Deployment", GATEWAY, tmp_path)
    assert len(settings.http.cursor_secret) >= 32
    assert settings.http.trusted_proxies == (1 if platform.name == "production" else 0)
    assert (settings.http.host, settings.http.port) == ("0.0.0.0", 4004)


def test_migrate_comes_in_as_the_owner_and_gives_logins(platform: Platform, tmp_path: Path) -> None:
    """The passwords that it gives are those that the components come with."""
    settings, places = told(platform, "Job", "migrate", tmp_path / "migrate")
    owner = urlsplit(settings.database.url_for("patient"))
    assert (owner.username, bool(owner.password)) == ("careplane", True)
    _, logins = ours(named(platform.everything, "Job", "migrate"))["args"][1:]
    for name, password in _passwords(places[logins]).items():
        mine, _ = told(platform, "Deployment", name, tmp_path / name)
        assert mine.database.password == password
        assert password != owner.password


def test_the_operator_has_what_the_owner_has(platform: Platform, tmp_path: Path) -> None:
    """The database as its owner, the events, and identity's secrets."""
    settings, _ = told(platform, "Job", "operator", tmp_path)
    assert urlsplit(settings.database.url_for("identity")).username == "careplane"
    assert settings.identity.secrets_key
    assert load_keys(settings.identity)
    assert settings.kafka.bootstrap_servers


def test_connections_fit_into_the_database(platforms: tuple[Platform, ...]) -> None:
    """As many as autoscaling may make, with one more of each that is replaced: 200, less some for who comes by."""
    most = {
        it["metadata"]["name"]: it["spec"]["maxReplicas"]
        for it in of_kind(platforms[1].everything, "HorizontalPodAutoscaler")
    }
    pools = Settings().database.pool_size * sum(most[name] + 1 for name in NAMES)
    assert pools <= 200 - 20
    assert most["analytics"] <= Settings().kafka.partitions, "more would count nothing"
