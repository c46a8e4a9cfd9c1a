"""One file is all of Careplane: in an empty folder it runs the platform, and leaves nothing behind but its data."""

import os
import signal
from collections.abc import Callable

import httpx
import pytest
from tests.binary.one_file import OneFile, Running
from tests.end_to_end.patients import registered
from tests.end_to_end.program import until_true

pytestmark = pytest.mark.timeout(180)


def register_somebody(running: Running) -> str:
    """Register a patient, see the account that is opened and the counts that are kept; return the patient's id."""
    with running.client() as client:
        before = client.get("/api/analytics/summary").json()["patientsTotal"]
        patient = registered(client, name="Zoë Müller-Østergård")["id"]
        read = client.get(f"/api/patients/{patient}")
        assert read.json()["name"] == "Zoë Müller-Østergård", read.text
        until_true(lambda: status_of_account(client, patient) == "ACTIVE")
        until_true(lambda: client.get("/api/analytics/summary").json()["patientsTotal"] == before + 1)
        return str(patient)


def status_of_account(client: httpx.Client, patient: str) -> object:
    """Return how the patient's billing account is, or nothing while there is none."""
    return client.get(f"/api/patients/{patient}/billing-account").json().get("status")


def assert_found(running: Running, patient: str) -> None:
    """Check that the patient is there, with an account."""
    with running.client() as client:
        assert client.get(f"/api/patients/{patient}").json()["name"] == "Zoë Müller-Østergård"
        assert status_of_account(client, patient) == "ACTIVE"


def live_through_two_starts(one_file: OneFile) -> None:
    """Start it, register somebody, stop it, start it again, and find them; print how long the starts took."""
    first = Running(one_file)
    seconds = [first.wait_until_ready()]
    patient = register_somebody(first)
    assert httpx.get(f"{first.url}/api-docs", timeout=10.0).is_success
    assert first.stop() == 0, first.output.read_text()[-4000:]
    one_file.assert_nothing_is_left()
    second = Running(one_file)
    seconds.append(second.wait_until_ready())
    assert_found(second, patient)
    os.killpg(second.process.pid, signal.SIGINT)  # as Ctrl-C does: everybody at the terminal gets it
    assert second.ended() == 0, second.output.read_text()[-4000:]
    one_file.assert_nothing_is_left()
    assert '"level":"error"' not in first.output.read_text()
    size = one_file.file.stat().st_size / 2**20
    print(f"{size:.0f} MiB; ready after {seconds[0]:.1f} s the first time and {seconds[1]:.1f} s the second")  # noqa: T201


def test_an_ordinary_account_runs_the_platform_with_nothing_installed(one_file: OneFile) -> None:
    """No program can be found, no setting is there: the file is enough."""
    live_through_two_starts(one_file)
    assert {entry.name for entry in one_file.here.iterdir()} == {"data"}


def test_root_runs_it_too(unpack: Callable[..., OneFile]) -> None:
    """PostgreSQL runs under an account of its own then, which has to reach its programs."""
    if os.geteuid() != 0:
        pytest.skip("only root can try what it is like to be root")
    program = unpack(path="/usr/sbin:/usr/bin:/sbin:/bin")
    before = os.umask(0o077)  # a careful root's files are for nobody else
    try:
        live_through_two_starts(program)
    finally:
        os.umask(before)


def test_two_run_side_by_side(one_file: OneFile) -> None:
    """Started at once, each on a data folder of its own."""
    both = [Running(one_file, data=name) for name in ("one", "other")]
    for running in both:
        running.wait_until_ready()
    found = [register_somebody(running) for running in both]
    with both[1].client() as client:
        assert client.get(f"/api/patients/{found[0]}").status_code == 404
    assert [running.stop() for running in both] == [0, 0]
    one_file.assert_nothing_is_left()
