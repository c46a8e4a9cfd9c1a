"""`careplane serve NAMES`: any set in a process, started in any order, and nobody waits for anybody but a database."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.end_to_end.patients import assert_problem, registered
from tests.end_to_end.program import (
    DEMO_EMAIL,
    DEMO_PASSWORD,
    STOP_SECONDS,
    assert_one_sentence,
    environment,
    run_careplane,
    until_true,
)
from tests.ports import free_ports

from careplane.app.catalog import NAMES
from careplane.app.commands.certs import run_certs

Serve = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def ports() -> dict[str, int]:
    """Give a port to the gateway, and one to each process of two components: they share it."""
    gateway, one, other = free_ports(3)
    return {"gateway": gateway, "patient": one, "analytics": one, "identity": other, "billing": other}


@pytest.fixture
def settings(module_database_url: str, tmp_path: Path, ports: dict[str, int]) -> dict[str, str]:
    """Give what all processes have in common: plaintext between them, and the demo user, on this machine alone."""
    everybody = "+".join((*NAMES, "gateway"))
    run_certs(tmp_path / "certs", [everybody], (), 1)
    peers = ", ".join(f'"{name}": "127.0.0.1:{ports[name]}"' for name in NAMES)
    return {
        "DATABASE_URL": module_database_url,
        "CAREPLANE_DATA_DIR": str(tmp_path / "data"),
        "CAREPLANE_GRPC_KEYS_DIR": str(tmp_path / "certs" / everybody / "calls"),
        "CAREPLANE_GRPC_PEERS": "{" + peers + "}",
        "CAREPLANE_HTTP_CURSOR_SECRET": "a secret of thirty-two characters",
        "CAREPLANE_HTTP_PORT": str(ports["gateway"]),
        "CAREPLANE_IDENTITY_DEMO_USER": "true",
        "CAREPLANE_METRICS_PORT": "0",
    }


@pytest.fixture
def serve(settings: Mapping[str, str], ports: Mapping[str, int], tmp_path: Path) -> Iterator[Serve]:
    """Give a way to serve; whoever is still there at the end hears that its standard input has."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*names: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{names[0]}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "careplane", "serve", *names, "--until-input-ends"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment(**settings, CAREPLANE_GRPC_PORT="0" if "gateway" in names else str(ports[names[0]])),
            )
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(STOP_SECONDS) == 0
    for log in tmp_path.glob("*.log"):
        assert "Traceback" not in log.read_text()


def checks(url: str) -> Any:
    """Return what the gateway says of each component."""
    try:
        return httpx.get(f"{url}/health/ready", timeout=5.0).json()["checks"]
    except httpx.TransportError:
        return {}


def test_the_order_of_starting_does_not_matter(serve: Serve, ports: Mapping[str, int], tmp_path: Path) -> None:
    """A gateway alone answers 503 and says what is missing; those who are called come last, and then all is well."""
    serve("gateway")
    url = f"http://127.0.0.1:{ports['gateway']}"
    until_true(lambda: set(checks(url)) == set(NAMES))
    assert all("can be reached" in word for word in checks(url).values())
    assert httpx.get(f"{url}/health/live", timeout=5.0).status_code == 200
    body = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
    assert_problem(httpx.post(f"{url}/auth/login", json=body, timeout=20.0), 503)
    refused = httpx.get(f"{url}/api/patients", headers={"Authorization": "Bearer x.y.z"}, timeout=20.0)
    assert_problem(refused, 503)
    serve("analytics", "patient")  # in one process, so that no broker is needed
    until_true(lambda: checks(url)["patient"] == checks(url)["analytics"] == "ready")
    assert "can be reached" in checks(url)["identity"]
    serve("identity", "billing")
    until_true(lambda: set(checks(url).values()) == {"ready"})
    token = httpx.post(f"{url}/auth/login", json=body, timeout=20.0).json()["token"]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=20.0) as client:
        patient = registered(client)
        account = f"/api/patients/{patient['id']}/billing-account"
        until_true(lambda: client.get(account).json()["status"] == "ACTIVE")
        until_true(lambda: client.get("/api/analytics/summary").json()["patientsTotal"] == 1)


REFUSED: dict[str, tuple[tuple[str, ...], dict[str, str], str]] = {
    "events would not arrive": (("patient", "billing"), {}, "kafka.bootstrap_servers"),
    "no keys": (("identity",), {"CAREPLANE_GRPC_KEYS_DIR": ""}, "grpc.keys_dir"),
    "everybody's password": (("identity",), {"CAREPLANE_GRPC_HOST": "0.0.0.0"}, "identity.demo_user is set"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_could_not_work_is_refused(settings: dict[str, str], case: str) -> None:
    """In one sentence that names the setting."""
    names, changes, word = REFUSED[case]
    said = run_careplane("serve", *names, **{**settings, "CAREPLANE_GRPC_PORT": str(free_ports(1)[0]), **changes})
    assert word in assert_one_sentence(said)
