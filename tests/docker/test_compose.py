"""docker/compose.yaml, without Docker: who is reached by whom, what each may do, and that its settings are settings."""

import json
import re
from pathlib import Path

import pytest
from tests.docker.compose import COMPOSE, FILE, OURS, OUTSIDE, SERVED, SERVICES, environment, mounts

from careplane.app.catalog import NAMES
from careplane.app.commands.certs import run_certs
from careplane.app.commands.secrets import run_secrets
from careplane.app.kafka_broker_jars import KAFKA_VERSION
from careplane.app.placement import Placement
from careplane.app.postgres_conf import _SETTINGS as EMBEDDED
from careplane.app.settings_source import all_settings, load_settings
from careplane.storage.database import role_of
from careplane_transports.grpc.call_keys import read_call_keys
from careplane_transports.grpc.tls import client_context, server_context


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the containers `certs` and `secrets` make."""
    folder = tmp_path_factory.mktemp("made")
    run_certs(folder, (), (), 90)
    run_secrets(folder, SERVICES["secrets"]["command"][-1])
    return folder


def test_every_component_has_a_container_and_the_gateway_two() -> None:
    """What is served is what there is."""
    assert {name: it["command"][1:] for name, it in SERVED.items()} == {
        **{name: [name] for name in NAMES},
        **{name: ["gateway"] for name in OUTSIDE},
    }


def test_only_gateways_are_reachable_from_outside() -> None:
    """Nobody else publishes a port, nor is in a network that leads outside; and by itself it is this machine's only."""
    assert {name for name, it in SERVICES.items() if "ports" in it} == OUTSIDE
    for name in OUTSIDE:
        assert [port.rpartition(":")[2] for port in SERVICES[name]["ports"]] == ["4004"]
        assert all(port.startswith("${CAREPLANE_LISTEN:-127.0.0.1}:") for port in SERVICES[name]["ports"])
    leading_out = {name for name, it in COMPOSE["networks"].items() if not it.get("internal")}
    assert leading_out == {"edge"}
    for name, it in SERVICES.items():
        alone = it.get("network_mode") == "none"
        assert alone or it["networks"], "without a network named it would be in the default one"
        assert alone or name in OUTSIDE or not leading_out & set(it["networks"])


def test_a_gateway_reaches_neither_the_database_nor_the_broker() -> None:
    """It calls components; whoever takes it over is not yet at the data."""
    for name in OUTSIDE:
        assert set(SERVICES[name]["networks"]) == {"edge", "calls"}
    assert SERVICES["postgres"]["networks"] == ["data"]
    assert SERVICES["kafka"]["networks"] == ["events"]


def test_who_tells_or_hears_events_has_the_broker() -> None:
    """And nobody else has."""
    for name in SERVED:
        placement = Placement.of(tuple(SERVED[name]["command"][1:]))
        given = "CAREPLANE_KAFKA_BOOTSTRAP_SERVERS" in SERVED[name]["environment"]
        assert given == bool(placement.streams)
        assert given == ("events" in SERVED[name]["networks"])


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_may_do_little(name: str) -> None:
    """A read-only root, no capability, no way to more rights, no root, and bounds on memory, processes and logs."""
    it = SERVICES[name]
    assert it["read_only"] is True
    assert it["cap_drop"] == ["ALL"]
    assert it["security_opt"] == ["no-new-privileges:true"]
    assert it["mem_limit"]
    assert it["pids_limit"]
    assert it["logging"]["options"]["max-size"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & set(it)
    assert all("size=" in place for place in it["tmpfs"])
    if name != "kafka":  # its image names an account of its own
        assert it["user"].partition(":")[0] not in {"", "0", "root"}
    assert "docker.sock" not in FILE.read_text()


@pytest.mark.parametrize("name", SERVED)
def test_what_a_process_is_told_is_understood(name: str, made: Path) -> None:
    """Its settings are settings, its files are there, and it could do its work with them."""
    settings = load_settings(None, environment(name, made))
    placement = Placement.of(tuple(SERVED[name]["command"][1:]))
    placement.check(settings)
    for component, url in placement.urls(settings).items():
        assert url.startswith(f"postgresql://{role_of(component)}:")
        assert url.endswith("@postgres:5432/careplane")
    if placement.gateway:
        assert len(settings.http.cursor_secret) >= 32
    assert server_context(settings.grpc) is not None, "calls come in with mutual TLS"
    assert client_context(settings.grpc) is not None, "and go out with it"
    assert set(read_call_keys(settings.grpc.keys_dir, placement.names).private) == set(placement.names)
    if name == "identity":
        assert settings.identity.secrets_key
        assert settings.identity.keys_dir is not None
        assert list(settings.identity.keys_dir.glob("*.pem"))


@pytest.mark.parametrize("name", ["migrate", "operator"])
def test_what_runs_as_the_owner_is_understood(name: str, made: Path) -> None:
    """Both come in as the owner, and the components' passwords are where `migrate` is told to look."""
    settings = load_settings(None, environment(name, made))
    assert settings.database.url.startswith("postgresql://careplane:")
    assert {file.name for file in (made / "migrate" / "logins").iterdir()} == set(NAMES)


def test_peers_are_where_they_listen() -> None:
    """Each component is called by its container's name, at the port that it is told."""
    for name in SERVED:
        peers = json.loads(SERVED[name]["environment"]["CAREPLANE_GRPC_PEERS"])
        assert peers == {peer: f"{peer}:{SERVED[peer]['environment']['CAREPLANE_GRPC_PORT']}" for peer in NAMES}
        assert "calls" in SERVED[name]["networks"]


def test_no_secret_stands_in_the_file() -> None:
    """A secret is named by its file, never said."""
    secret = {setting.variable for setting in all_settings() if setting.secret}
    secret |= {"DATABASE_URL", "POSTGRES_PASSWORD", "PGPASSWORD"}
    for it in SERVICES.values():
        assert not secret & set(it.get("environment", {}))
    assert not re.search(r"://[^/\s]*:[^/\s]*@", FILE.read_text()), "a URL with a password in it"


@pytest.mark.parametrize("name", SERVED)
def test_each_process_has_its_own_secrets_and_cannot_change_them(name: str) -> None:
    """It mounts one volume of secrets, read-only; the authority's key is mounted by nobody who serves."""
    owner = "gateway" if name in OUTSIDE else name
    assert mounts(name) == {"/run/careplane": (f"secrets-{owner}", "ro")}


def test_only_the_setup_writes_secrets() -> None:
    """And the operator, who rotates identity's keys."""
    writing = {(name, volume) for name in SERVICES for volume, how in mounts(name).values() if how == "rw"}
    setup = {name for name in ("certs", "secrets") if SERVICES[name]["network_mode"] == "none"}
    others = {(name, volume) for name, volume in writing if name not in setup}
    assert {pair for pair in others if pair[1].startswith(("secrets-", "authority"))} == {
        ("operator", "secrets-identity")
    }


def test_what_must_be_there_first_is_waited_for() -> None:
    """Certificates, secrets, database, schema, components: nobody starts before what it cannot do without."""
    done, healthy = "service_completed_successfully", "service_healthy"
    waits = {
        name: {on: it["condition"] for on, it in its.get("depends_on", {}).items()} for name, its in SERVICES.items()
    }
    assert waits["secrets"] == {"certs": done}
    assert waits["postgres"] == {"secrets": done}
    assert waits["migrate"] == {"postgres": healthy}
    for name in NAMES:
        assert waits[name]["migrate"] == done
    assert set(waits["gateway"]) == set(NAMES)
    assert "depends_on" not in SERVICES["kafka"]


def test_the_database_is_as_the_embedded_one_where_it_matters() -> None:
    """The same collation, and the same silence about what is in the rows."""
    arguments = dict(argument[2:].split("=", 1) for argument in SERVICES["postgres"]["command"][1:])
    same = [
        name for name in EMBEDDED if name.startswith(("log_error", "log_min", "log_parameter", "idle_in", "client_"))
    ]
    assert len(same) >= 6
    assert {name: arguments[name] for name in same} == {name: EMBEDDED[name] for name in same}
    assert "--locale-provider=builtin" in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]


def test_images_are_named_with_their_version() -> None:
    """What is run is what was tried: the Kafka of the tests, and no image at its latest."""
    foreign = {name: it["image"] for name, it in SERVICES.items() if name not in OURS}
    assert foreign.keys() == {"postgres", "kafka"}
    assert foreign["kafka"] == f"${{KAFKA_IMAGE:-apache/kafka:{KAFKA_VERSION}}}"
    assert re.fullmatch(r"\$\{POSTGRES_IMAGE:-postgres:[0-9]+[^}]*\}", foreign["postgres"])
    assert {it["image"] for it in OURS.values()} == {"${CAREPLANE_IMAGE:-careplane:local}"}
