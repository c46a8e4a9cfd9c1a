"""Migrations: applied once, in order, by one at a time, all of a file or nothing, and never changed afterwards."""

import asyncio
from importlib.resources.abc import Traversable
from pathlib import Path

import asyncpg
import pytest
from tests.storage.wire import Wire

from careplane.kernel.errors import FailedPrecondition, Unavailable
from careplane.storage import migrations
from careplane.storage.database import Database
from careplane.storage.migrations import migrate, pending

NAMES = ("one", "two")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give two components, with migrations of their own in this folder."""

    def files_of(component: str) -> list[Traversable]:
        return [*sorted((tmp_path / component).glob("*.sql"))]

    monkeypatch.setattr(migrations, "_files_of", files_of)
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "0001_first.sql").write_text("CREATE TABLE kept (id int PRIMARY KEY);")
    return tmp_path


async def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    """Ask as the owner."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def test_each_file_is_applied_once(empty_database_url: str, folder: Path) -> None:
    """The first run applies all, the second nothing, and a new file is all that the third applies."""
    first = ["one/0001_first.sql", "two/0001_first.sql"]
    assert await pending(empty_database_url, NAMES) == first
    assert await migrate(empty_database_url, NAMES) == first
    assert await pending(empty_database_url, NAMES) == []
    assert await migrate(empty_database_url, NAMES) == []
    (folder / "two" / "0002_second.sql").write_text("INSERT INTO kept VALUES (7);")
    assert await pending(empty_database_url, NAMES) == ["two/0002_second.sql"]
    assert await migrate(empty_database_url, NAMES) == ["two/0002_second.sql"]
    assert await rows(empty_database_url, "SELECT id FROM two.kept") == [(7,)]
    assert await rows(empty_database_url, "SELECT id FROM one.kept") == []


async def test_a_file_that_has_changed_is_refused(empty_database_url: str, folder: Path) -> None:
    """What was applied is history: the error names the file, and nothing after it is applied."""
    await migrate(empty_database_url, NAMES)
    (folder / "one" / "0001_first.sql").write_text("CREATE TABLE other ();")
    (folder / "one" / "0002_second.sql").write_text("CREATE TABLE more ();")
    with pytest.raises(FailedPrecondition, match=r"one/0001_first\.sql has changed"):
        await migrate(empty_database_url, NAMES)
    assert await rows(empty_database_url, "SELECT to_regclass('one.more') IS NULL") == [(True,)]


async def test_a_file_that_fails_leaves_nothing_of_itself(empty_database_url: str, folder: Path) -> None:
    """A statement that fails takes its file back; mended, the file is applied by the next run."""
    file = folder / "one" / "0002_second.sql"
    file.write_text("CREATE TABLE more (); SELECT 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database_url, NAMES)
    assert await rows(empty_database_url, "SELECT to_regclass('one.more') IS NULL") == [(True,)]
    file.write_text("CREATE TABLE more ();")
    assert await migrate(empty_database_url, NAMES) == ["one/0002_second.sql", "two/0001_first.sql"]


async def test_migrating_from_several_places_at_once_applies_each_file_once(
    empty_database_url: str, folder: Path
) -> None:
    """Whoever comes second waits and finds nothing left to do."""
    (folder / "one" / "0002_second.sql").write_text("INSERT INTO kept VALUES (1); SELECT pg_sleep(0.05);")
    applied = await asyncio.gather(*(migrate(empty_database_url, NAMES) for _ in range(4)))
    assert sorted(file for some in applied for file in some) == [
        "one/0001_first.sql",
        "one/0002_second.sql",
        "two/0001_first.sql",
    ]
    assert await rows(empty_database_url, "SELECT count(*) FROM one.kept") == [(1,)]


async def test_a_component_sees_its_own_schema_only(empty_database_url: str, folder: Path) -> None:
    """Unqualified names are a component's own tables; another's are not to be had under any name."""
    await migrate(empty_database_url, NAMES)
    one = await Database.open(empty_database_url, "one", size=1)
    await one.execute("INSERT INTO kept VALUES (1)")
    for statement in ("SELECT * FROM two.kept", "DELETE FROM two.migration", "CREATE SCHEMA three"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await one.execute(statement)
    await one.close()
    assert await rows(empty_database_url, "SELECT count(*) FROM two.kept") == [(0,)]


async def test_a_database_that_is_away_is_unavailable(wire: Wire) -> None:
    """Migrating says in the platform's words that nobody is there."""
    await wire.cut()
    for work in (migrate, pending):
        with pytest.raises(Unavailable):
            await work(wire.url, ("billing",))
