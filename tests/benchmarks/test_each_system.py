"""Each system of the catalogue starts, registers a patient and stops, so that no baseline rots unseen."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from benchmarks.durability import MUST_BE_ON, durability
from benchmarks.systems.catalog import SYSTEMS
from benchmarks.systems.running import Running
from tests.end_to_end.scratch import scratch_folder

WHO = {"name": "Ada Lovelace", "email": "ada@example.org", "address": "12 High Street", "dateOfBirth": "1985-12-10"}
NO_SERVER = {"raw"}
"""What is a PostgreSQL alone, and answers no HTTP."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder for a system, that the account of its PostgreSQL can enter."""
    with scratch_folder() as folder:
        yield folder


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", SYSTEMS)
def test_it_registers_and_stops(name: str, folder: Path, request: pytest.FixtureRequest) -> None:
    """It answers 201, is durable where it has a database, and is gone afterwards."""
    if name == "split":
        request.getfixturevalue("startable_kafka")
    with SYSTEMS[name](folder / name) as system:
        assert system.name == name
        shown = durability(system).settings
        assert [shown[one] for one in MUST_BE_ON if system.database] == (["on"] * 3 if system.database else [])
        if name in NO_SERVER:
            return
        answer = registered(system)
        assert answer.status_code == 201, answer.text
        assert answer.json()["name"] == WHO["name"]
        system.settle()
    with pytest.raises(httpx.TransportError):
        httpx.get(system.url, timeout=2)


def registered(system: Running) -> httpx.Response:
    """Register a patient."""
    bearer = {"authorization": f"Bearer {system.token}"}
    return httpx.post(f"{system.url}/api/patients", json=WHO, headers=bearer, timeout=30)
