"""Each system that can be measured: it starts in an empty folder, takes a registration, and leaves nothing running."""

from http import HTTPStatus
from pathlib import Path

import psutil
import pytest
from benchmarks.load.patients import body_of, client
from benchmarks.population import people
from benchmarks.systems.catalog import SYSTEMS


def alive(process: psutil.Process) -> bool:
    """Return whether a process still does something; one that nobody has asked how it ended does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SYSTEMS)
def test_it_registers_and_stops(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """All of its processes have ended when it is left, its database's among them."""
    if name == "split":
        request.getfixturevalue("startable_kafka")
    with SYSTEMS[name](tmp_path) as running:
        with client(running) as asking:
            answer = asking.post("/api/patients", json=body_of(next(people()), "0"))
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        running.settle()
        assert running.process
        processes = [running.process, *running.process.children(recursive=True)]
    assert [process.name() for process in processes if alive(process)] == []
