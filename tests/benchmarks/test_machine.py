"""The machine as it is described, and durability as each system's PostgreSQL shows it."""

import platform
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from benchmarks.durability import MUST_BE_ON, durability
from benchmarks.machine import Machine, load_average, versions
from benchmarks.systems.running import Running
from psutil._ntuples import sdiskpart
from tests.conftest import execute

PATIENCE_S = 10.0


def system(database_url: str) -> Running:
    """Return a system that has this database."""
    return Running("one", "http://127.0.0.1:1", "", database=database_url)


@pytest.fixture
def own_settings(database_url: str) -> Iterator[str]:
    """Give the URL of a database whose server may be set as a test likes; then it is what tests run with again."""
    yield database_url
    for name in MUST_BE_ON:
        execute(database_url, f"ALTER SYSTEM {'SET fsync = off' if name == 'fsync' else f'RESET {name}'}")
    execute(database_url, "SELECT pg_reload_conf()")


def switch(database_url: str, off: str = "") -> Running:
    """Switch all on but one, wait until that holds for who connects, and return a system that has this database."""
    settings = {name: "off" if name == off else "on" for name in MUST_BE_ON}
    execute(database_url, *(f"ALTER SYSTEM SET {name} = {value}" for name, value in settings.items()))
    execute(database_url, "SELECT pg_reload_conf()")
    running = system(database_url)
    until = time.monotonic() + PATIENCE_S
    while {name: running.sql(f"SHOW {name}")[0][0] for name in MUST_BE_ON} != settings:
        assert time.monotonic() < until, "PostgreSQL has not taken over its settings"
        time.sleep(0.02)
    return running


def test_the_machine_is_described_without_its_name(tmp_path: Path) -> None:
    """Its cores, memory, kernel and file system are there; what it is called is nobody's business."""
    machine = Machine.this(tmp_path)
    assert machine.cores > 0
    assert machine.memory_gib > 0
    assert machine.processor
    assert machine.file_system
    assert platform.release() in machine.kernel
    assert platform.node() not in f"{machine.kernel} {machine.processor}".split()
    assert len(load_average()) == 3


def test_what_is_in_memory_forgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, being durable costs nothing; what counts is the file system that is mounted closest above the folder."""
    mounts = [sdiskpart("", mount, kind, "") for mount, kind in (("/", "ext4"), (str(tmp_path / "fast"), "tmpfs"))]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
    assert Machine.this(tmp_path / "fast" / "data").forgets
    assert Machine.this(tmp_path / "faster").file_system == "ext4"


def test_versions_of_all_that_measures_and_is_measured() -> None:
    """Each library has one, and so has the load generator that is always there."""
    found = versions()
    assert {"careplane", "PostgreSQL", "Kafka", "k6", "wrk", "fastapi"} <= found.keys()
    assert [name for name, version in found.items() if not version and name not in {"wrk", "revision"}] == []


def test_durability_is_what_postgresql_shows(own_settings: str) -> None:
    """All three are on, and how its log reaches the disk is there to be read."""
    shown = durability(switch(own_settings)).settings
    assert [shown[name] for name in MUST_BE_ON] == ["on", "on", "on"]
    assert shown["wal_sync_method"]
    assert shown["server_version"].startswith("18")


@pytest.mark.parametrize("name", MUST_BE_ON)
def test_who_is_not_durable_is_not_measured(name: str, own_settings: str) -> None:
    """With one of them off the run ends, in a sentence that says which."""
    running = switch(own_settings, off=name)
    with pytest.raises(SystemExit, match=f"one claims to be durable, and its PostgreSQL runs with {name} = off"):
        durability(running)


def test_an_account_that_is_not_durable_is_seen(own_settings: str) -> None:
    """What is set for one account alone would not show in the session that asks."""
    running = switch(own_settings)
    execute(own_settings, "CREATE ROLE hasty", "ALTER ROLE hasty SET synchronous_commit = off")
    try:
        with pytest.raises(SystemExit, match="synchronous_commit = off"):
            durability(running)
    finally:
        execute(own_settings, "DROP ROLE hasty")


def test_without_a_database_of_ours_nothing_is_claimed() -> None:
    """Who stores nothing has nothing to show."""
    assert durability(Running("noop", "http://127.0.0.1:1", "")).settings == {}
