"""Each system of the catalogue starts, registers a patient, and leaves nothing running: no baseline rots unseen."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import httpx
import psutil
import pytest
from benchmarks.durability import MUST_BE_ON, durability
from benchmarks.load.patients import client
from benchmarks.systems.catalog import SYSTEMS
from tests.end_to_end.scratch import scratch_folder

WHO = {"name": "Ada Lovelace", "email": "ada@example.org", "address": "12 High Street", "dateOfBirth": "1985-12-10"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder for a system, that the account of its PostgreSQL can enter."""
    with scratch_folder() as folder:
        yield folder


def alive(process: psutil.Process) -> bool:
    """Return whether a process still does something; one that nobody has asked how it ended does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SYSTEMS)
def test_it_registers_and_stops(name: str, folder: Path, request: pytest.FixtureRequest) -> None:
    """It answers 201, is durable where it has a database, and all of its processes have ended when it is left."""
    if name == "split":
        request.getfixturevalue("startable_kafka")
    with SYSTEMS[name](folder / name) as system:
        assert system.name == name
        shown = durability(system).settings
        assert [shown[one] for one in MUST_BE_ON if system.database] == (["on"] * 3 if system.database else [])
        with client(system) as asking:
            answer = asking.post("/api/patients", json=WHO)
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        assert answer.json()["name"] == WHO["name"]
        system.settle()
        assert system.process
        processes = [system.process, *system.process.children(recursive=True)]
    assert [process.name() for process in processes if alive(process)] == []
    with pytest.raises(httpx.TransportError):
        httpx.get(system.url, timeout=2)
