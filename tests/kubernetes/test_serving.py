"""The processes as their Deployments start them, on this machine: probed as a kubelet does it, and they serve."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from tests.end_to_end.program import LEAST_HASHING, environment, run_careplane, until_true
from tests.kubernetes.mounted import environment as told
from tests.kubernetes.mounted import mount
from tests.kubernetes.platforms import Manifest, Platform, named, ours, pod
from tests.ports import free_ports

from careplane.app.catalog import NAMES
from careplane.gateway.routes import GATEWAY

SERVED = (*NAMES, GATEWAY)
EMAIL, PASSWORD = "ana@clinic.example", "purple otters climb ladders"
_VARIABLES = {"http": "CAREPLANE_HTTP_PORT", "grpc": "CAREPLANE_GRPC_PORT", "metrics": "CAREPLANE_METRICS_PORT"}


class Pod:
    """A process started by what its Deployment says, but for the addresses, which are of this machine."""

    def __init__(self, deployment: Manifest, settings: Mapping[str, str], ports: Mapping[str, int], log: Path) -> None:
        """Start it."""
        self.deployment, self.settings, self.ports, self.log = deployment, settings, ports, log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "careplane", *ours(deployment)["args"]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment(**settings),
            )

    def passes(self, probe: str) -> bool:
        """Probe it as a kubelet does."""
        asked = ours(self.deployment)[probe]
        seconds = asked.get("timeoutSeconds", 1)
        if way := asked.get("httpGet"):
            try:
                return httpx.get(f"http://127.0.0.1:{self.ports[way['port']]}{way['path']}", timeout=seconds).is_success
            except httpx.TransportError:
                return False
        try:
            socket.create_connection(("127.0.0.1", self.ports[asked["tcpSocket"]["port"]]), seconds).close()
        except OSError:
            return False
        return True

    def has_started_or_ended(self) -> bool:
        """Tell whether there is no more to wait for."""
        return self.process.poll() is not None or self.passes("startupProbe")

    def lines(self) -> list[Mapping[str, str]]:
        """Return what it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@pytest.fixture
def pods(platforms: tuple[Platform, ...], empty_database_url: str, tmp_path: Path) -> Iterator[Mapping[str, Pod]]:
    """Give all processes of the small place, started at the same time on a database that is migrated."""
    migrated = run_careplane("migrate", CAREPLANE_DATABASE_URL=empty_database_url)
    assert migrated.returncode == 0, migrated.stderr
    manifests, free = platforms[0].everything, iter(free_ports(2 * len(SERVED) + 1))
    ports = {
        name: {it["name"]: next(free) for it in ours(named(manifests, "Deployment", name))["ports"]} for name in SERVED
    }
    here = {
        **{f"CAREPLANE_GRPC_PEERS_{name.upper()}": f"127.0.0.1:{ports[name]['grpc']}" for name in NAMES},
        "CAREPLANE_DATABASE_URL": empty_database_url,
        "CAREPLANE_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{next(free)}",  # nobody: they start without it
        **LEAST_HASHING,
    }
    started: dict[str, Pod] = {}
    try:
        for name in SERVED:
            deployment = named(manifests, "Deployment", name)
            settings = dict(told(manifests, deployment, mount(manifests, deployment, tmp_path / name)))
            settings |= {
                variable: here[variable] for variable in here if variable in settings or variable in LEAST_HASHING
            }
            settings |= {_VARIABLES[port]: str(number) for port, number in ports[name].items()}
            started[name] = Pod(deployment, settings, ports[name], tmp_path / f"{name}.log")
        yield started
    finally:
        for it in started.values():
            it.process.kill()
            it.process.wait()


def test_they_start_serve_and_stop(pods: Mapping[str, Pod]) -> None:
    """Every probe passes with nothing said about it, a user added in identity's pod signs in, and all end with 0."""
    for name in SERVED:
        until_true(pods[name].has_started_or_ended, seconds=40)
        assert pods[name].process.poll() is None, pods[name].log.read_text()[-3000:]
    _probe_and_hear_nothing(pods)
    words = ("users", "add", EMAIL, "--role", "admin")
    added = run_careplane(*words, stdin=f"{PASSWORD}\n", **pods["identity"].settings)
    assert added.returncode == 0, added.stderr
    way_in = f"http://127.0.0.1:{pods[GATEWAY].ports['http']}"
    answer = httpx.post(f"{way_in}/auth/login", json={"email": EMAIL, "password": PASSWORD}, timeout=30.0)
    assert answer.status_code == 200, answer.text
    for it in pods.values():
        it.process.send_signal(signal.SIGTERM)
    for it in pods.values():
        assert it.process.wait(pod(it.deployment)["spec"]["terminationGracePeriodSeconds"] - 10) == 0


def _probe_and_hear_nothing(pods: Mapping[str, Pod]) -> None:
    """Ask every process as often as in half a minute: a connection without a word is nothing to complain of."""
    for it in pods.values():
        before = len(it.lines())
        for probe in ("readinessProbe", "livenessProbe") * 5:
            assert it.passes(probe), it.log.read_text()[-3000:]
        said = [line for line in it.lines()[before:] if line["level"] != "info" and "kafka" not in str(line).lower()]
        assert not said
