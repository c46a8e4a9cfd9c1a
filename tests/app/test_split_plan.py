"""The processes of `careplane split`: read from a folder, and given what belongs to them and nothing else."""

import json
import stat
from pathlib import Path

import pytest
from tests.end_to_end.program import assert_one_sentence, run_careplane
from tests.ports import free_port

from careplane.app.catalog import NAMES
from careplane.app.settings import Settings
from careplane.app.settings_source import load_settings
from careplane.app.setup_error import SetupError
from careplane.app.split_folder import environment_of
from careplane.app.split_plan import SplitProcess, default_split_folder, gateway_of, split_processes

URLS = {name: f"postgresql://{name}@/x?host=/tmp" for name in NAMES}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder for settings."""
    (tmp_path / "split").mkdir()
    return tmp_path / "split"


def plan(folder: Path, *names: str) -> tuple[SplitProcess, ...]:
    """Write a file for each name, and return the processes."""
    for name in names:
        (folder / f"{name}.toml").write_text("")
    return split_processes(folder)


def test_our_own_folder_is_one_process_for_each() -> None:
    """In the order of starting, with ports of their own, and everybody knows where those are that they call."""
    processes = split_processes(default_split_folder())
    assert [process.name for process in processes] == [*NAMES, "gateway"]
    ports = [port for process in processes for port in (process.settings.grpc.port, process.settings.metrics.port)]
    assert len(set(ports) - {0}) == len(ports) - 1, "all but the gateway, which answers no calls of other processes"
    answering = {process.name: f"127.0.0.1:{process.settings.grpc.port}" for process in processes}
    for process in processes:
        assert set(process.placement.elsewhere) == set(process.settings.grpc.peers)
        assert process.settings.grpc.peers.items() <= answering.items()


def test_a_file_is_called_after_what_runs_in_it(folder: Path) -> None:
    """Several with + between them, and a second one of the same with a number behind it."""
    processes = plan(folder, "patient+billing", "patient.2", "gateway+identity", "analytics")
    runs = {process.name: process.placement.names for process in processes}
    assert list(runs.items()) == [
        ("patient+billing", ("billing", "patient")),
        ("patient.2", ("patient",)),
        ("analytics", ("analytics",)),
        ("gateway+identity", ("identity", "gateway")),
    ]
    assert gateway_of(processes).name == "gateway+identity"


def test_a_port_is_the_gateways(folder: Path) -> None:
    """The other processes keep to their settings."""
    (folder / "gateway.toml").write_text("[http]\nport = 5004\n")
    (folder / "billing.toml").write_text("")
    assert [process.settings.http.port for process in split_processes(folder, 6004)] == [4004, 6004]
    assert gateway_of(split_processes(folder)).settings.http.port == 5004


def test_a_folder_that_makes_no_platform_is_told(folder: Path) -> None:
    """Empty, without a gateway, or with a file that is called after nothing."""
    with pytest.raises(SetupError, match="There are no settings in "):
        split_processes(folder)
    with pytest.raises(SetupError, match=r"add a gateway\.toml"):
        gateway_of(plan(folder, "billing"))
    with pytest.raises(SetupError, match="nothing called 'payroll' to serve"):
        plan(folder, "payroll")


def test_each_is_given_its_own_and_nothing_else(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its databases, certificates and secrets, which are in files for their owner alone; never the owner's login."""
    processes = plan(folder, *NAMES, "gateway", "patient.2")
    monkeypatch.setenv("DATABASE_URL", "postgresql://owner:hunter2@db/x")
    for name in ("URL_FILE", "PASSWORD", "COMPONENT_URLS", "COMPONENT_URLS_PATIENT", "LOGINS_PATIENT", "LOGINS_FILE"):
        monkeypatch.setenv(f"CAREPLANE_DATABASE_{name}", "hunter2")
    settings = Settings(data_dir=tmp_path / "data")
    found = {}
    for process in processes:
        environ = environment_of(process, settings, URLS, "127.0.0.1:9092")
        assert "hunter2" not in json.dumps(environ)
        loaded = load_settings(process.file, {n: v for n, v in environ.items() if n.startswith("CAREPLANE_")})
        assert (loaded.kafka.bootstrap_servers, loaded.identity.demo_user) == ("127.0.0.1:9092", True)
        assert loaded.grpc.keys_dir == tmp_path / "data" / "certs" / process.runs / "calls"
        assert loaded.database.url == ""
        found[process.name] = loaded
    for name in NAMES:
        assert found[name].database.component_urls == {name: URLS[name]}
        assert bool(found[name].identity.secrets_key) is (name == "identity")
        assert not found[name].http.cursor_secret
    assert found["patient.2"].database == found["patient"].database
    assert len(found["gateway"].http.cursor_secret) == 64
    assert found["gateway"].database.component_urls == {}
    files = [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
    assert files
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_without_java_it_says_what_to_install(tmp_path: Path) -> None:
    """Before anything is started."""
    nothing = tmp_path / "bin"
    nothing.mkdir()
    config = tmp_path / "config"
    config.mkdir()
    (config / "gateway.toml").write_text(f"[metrics]\nport = 0\n[http]\nport = {free_port()}\n")
    data = tmp_path / "data"
    words = ("split", "--config", str(config), "--data", str(data))
    said = run_careplane(*words, PATH=str(nothing), JAVA_HOME="", KAFKA_BOOTSTRAP_SERVERS="")
    assert "needs Java 17 or later and there is none" in assert_one_sentence(said)
    assert not data.exists()
