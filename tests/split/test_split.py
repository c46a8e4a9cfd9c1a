"""`careplane split`: five processes are one platform, and each of them may die and come back."""

import asyncio
import random
import signal

import httpx
from tests.end_to_end.crowd import Crowd
from tests.end_to_end.patients import registered
from tests.end_to_end.program import run_careplane, until_true, until_true_async
from tests.end_to_end.test_tour import take_the_tour
from tests.split.program import SplitPlatform

from careplane.app.catalog import NAMES

PROCESSES = (*NAMES, "gateway")


def test_each_runs_in_a_process_of_its_own(split_platform: SplitPlatform) -> None:
    """Five processes, each with a listener for Prometheus, and only the gateway speaks HTTP to strangers."""
    assert len({split_platform.child(name).pid for name in PROCESSES}) == len(PROCESSES)
    for name in PROCESSES:
        numbers = split_platform.numbers(name)
        assert numbers["careplane_tasks"] > 0
        assert ('careplane_mailbox_calls{component="' + name + '"}' in numbers) is (name != "gateway")
    assert split_platform.numbers("gateway")['careplane_link{gauge="calling_connections"}'] == len(NAMES)
    assert split_platform.numbers("identity")['careplane_link{gauge="answering_connections"}'] >= 1


def test_a_registration_reaches_all_of_them(split_platform: SplitPlatform, signed_in: dict[str, str]) -> None:
    """Registry, account and counts, each from its own process."""
    with httpx.Client(base_url=split_platform.url, headers=signed_in, timeout=30.0) as client:
        before = client.get("/api/analytics/summary").json()["patientsTotal"]
        patient = registered(client)
        account = f"/api/patients/{patient['id']}/billing-account"
        until_true(lambda: client.get(account).json()["status"] == "ACTIVE")
        until_true(lambda: client.get("/api/analytics/summary").json()["patientsTotal"] == before + 1)
        trail = client.get(f"/api/patients/{patient['id']}/audit").json()["entries"]
        assert {entry["component"] for entry in trail} >= {"patient", "billing"}


def test_the_tour_of_the_readme(split_platform: SplitPlatform) -> None:
    """Every step says what it says in one process."""
    take_the_tour(split_platform.url)


def test_processes_that_are_killed_come_back(split_platform: SplitPlatform, signed_in: dict[str, str]) -> None:
    """All of them at once: each is started again, they find each other, and all goes on."""
    killed = {name: split_platform.child(name) for name in PROCESSES}
    for process in killed.values():
        process.kill()
    for name, process in killed.items():
        split_platform.wait_until_another_runs(process, name)
        assert "ended with -9 and is started again" in split_platform.said_by(name)
    test_a_registration_reaches_all_of_them(split_platform, signed_in)


def test_registrations_go_on_without_those_that_hear_of_them_later(
    split_platform: SplitPlatform, signed_in: dict[str, str]
) -> None:
    """Billing and analytics stand still; what they have to do is done when they go on."""
    stopped = [split_platform.child(name) for name in ("billing", "analytics")]
    with httpx.Client(base_url=split_platform.url, headers=signed_in, timeout=30.0) as client:
        for process in stopped:
            process.suspend()
        try:
            patient = registered(client)
            account = client.get(f"/api/patients/{patient['id']}/billing-account")
            assert account.status_code in {200, 503, 504}
        finally:
            for process in stopped:
                process.resume()
        path = f"/api/patients/{patient['id']}/billing-account"
        until_true(lambda: client.get(path).json().get("status") == "ACTIVE", seconds=30)
    until_true(split_platform.is_ready, seconds=30)


async def test_a_process_that_is_told_to_stop_cuts_nobody_off(
    split_platform: SplitPlatform, signed_in: dict[str, str]
) -> None:
    """SIGTERM in a load: what was acknowledged is there, once; the rest is settled by asking again."""
    crowd = Crowd(random.Random(7))
    working = asyncio.create_task(crowd.work(split_platform, signed_in))
    await until_true_async(lambda: len(crowd.registered) > 50)
    for name in ("patient", "gateway"):
        stopped = split_platform.child(name)
        stopped.send_signal(signal.SIGTERM)
        await asyncio.to_thread(split_platform.wait_until_another_runs, stopped, name)
        assert "ended with 0 and is started again" in split_platform.said_by(name)
    crowd.stop()
    async with asyncio.timeout(30):
        await working
    await crowd.settle(split_platform, signed_in)
    assert crowd.refused == []
    async with httpx.AsyncClient(base_url=split_platform.url, headers=signed_in, timeout=30.0) as client:
        for patient in crowd.latest:
            shown = (await client.get(f"/api/patients/{patient}")).json()
            assert (shown["version"], shown["id"]) == (1 + crowd.changes[patient], patient)


def test_its_own_health_command_agrees(split_platform: SplitPlatform) -> None:
    """For the gateway over HTTP, for a component over gRPC with the certificates of its process."""
    gateway = run_careplane("health", "--config", str(split_platform.folder / "gateway.toml"))
    assert (gateway.returncode, gateway.stdout) == (0, "ready\n"), gateway.stderr
    own = split_platform.data / "certs" / "patient"
    with_certificates = {
        "CAREPLANE_GRPC_TLS_CA_FILE": str(own / "ca.pem"),
        "CAREPLANE_GRPC_TLS_CERT_FILE": str(own / "tls.pem"),
        "CAREPLANE_GRPC_TLS_KEY_FILE": str(own / "tls.key"),
    }
    config = ("--config", str(split_platform.folder / "patient.toml"))
    patient = run_careplane("health", "patient", *config, **with_certificates)
    assert (patient.returncode, patient.stdout) == (0, "ready\n"), patient.stderr
    without = run_careplane("health", *config)
    assert without.returncode == 1
    assert "does not answer" in without.stderr
