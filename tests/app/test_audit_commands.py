"""The audit's commands on a real database: what is wrong is said and the rest goes on, and no gap goes unmentioned."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest
from tests.conftest import fresh_database

from careplane.app.catalog import NAMES
from careplane.app.commands.audit import run_anchor, run_verify
from careplane.app.settings import DatabaseSettings, Settings
from careplane.app.setup_error import SetupError


@pytest.fixture
def url(postgres_url: str, template_database: str) -> Iterator[str]:
    """Give a test a database of its own, whose tables it may alter."""
    with fresh_database(postgres_url, template_database) as url:
        yield url


@pytest.fixture
def settings(url: str, tmp_path: Path) -> Settings:
    """Give the settings of that database."""
    return Settings(database=DatabaseSettings(url=url), data_dir=tmp_path / "data")


@pytest.fixture
async def owner(url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """Connect as its owner, with a row in each component's audit."""
    connection = await asyncpg.connect(url, timeout=10)
    for name in NAMES:
        await _write(connection, name)
    yield connection
    await connection.close()


async def _write(owner: "asyncpg.Connection[asyncpg.Record]", name: str, at: str = "now()") -> None:
    values = f"({at}, 'a', 'b', '', '')"
    await owner.execute(f"INSERT INTO {name}.audit (at, caller, action, request_id, trace_id) VALUES {values}")


async def test_everything_is_anchored_and_verified(
    settings: Settings,
    owner: "asyncpg.Connection[asyncpg.Record]",
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where nothing is wrong, nothing is said to be."""
    file = tmp_path / "anchors.ndjson"
    await run_anchor(settings, file)
    assert "not sealed yet" not in capsys.readouterr().out
    await run_verify(settings, file)
    said = capsys.readouterr().out
    assert said.count("intact; 1 rows, 1 blocks, 0 rows not sealed yet, anchored up to block 1") == len(NAMES)


async def test_what_an_anchor_does_not_reach_is_told(
    settings: Settings,
    url: str,
    owner: "asyncpg.Connection[asyncpg.Record]",
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A transaction that does not end hides rows that were committed since, and nobody may believe otherwise."""
    open_ = await asyncpg.connect(url, timeout=10)
    async with open_.transaction():
        await open_.execute("SELECT pg_current_xact_id()")
        await _write(owner, "patient")
        await run_anchor(settings, tmp_path / "a.ndjson")
    await open_.close()
    assert "patient: 1 rows are not sealed yet, so that no anchor vouches for them" in capsys.readouterr().out


async def test_anchors_of_nobodys_chain_are_a_finding(
    settings: Settings,
    owner: "asyncpg.Connection[asyncpg.Record]",
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Somebody has noted a chain that is not there: a name was altered, or a component taken away."""
    file = tmp_path / "anchors.ndjson"
    await run_anchor(settings, file)
    file.write_text(file.read_text().replace('"patient"', '"pharmacy"'))
    with pytest.raises(SetupError, match="1 findings"):
        await run_verify(settings, file)
    assert "pharmacy: 1 FINDING" in capsys.readouterr().out


async def test_damage_in_one_component_keeps_no_other_from_being_checked(
    settings: Settings, owner: "asyncpg.Connection[asyncpg.Record]", capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is said, and those that are sound are said to be."""
    await run_anchor(settings, None)
    await owner.execute("ALTER TABLE identity.audit_seal DROP CONSTRAINT audit_seal_row_ids_check")
    await owner.execute("UPDATE identity.audit_seal SET row_ids = '{}'")
    await owner.execute("ALTER TABLE billing.audit DROP CONSTRAINT audit_at_check")
    await _write(owner, "billing", "'infinity'")
    await owner.execute("ALTER TABLE patient.audit_seal DROP COLUMN hash")
    with pytest.raises(SetupError, match="is not as it was written"):
        await run_verify(settings, None)
    said = capsys.readouterr().out
    assert "damaged block: block 1 holds what no sealer writes: row_ids" in said
    assert "backdated: row 2 bears a time yet to come" in said
    assert "unreadable: the audit cannot be read as it was made (UndefinedColumnError)" in said
    assert "analytics: intact" in said


@pytest.mark.parametrize("age", ["2 minutes", "infinity"])
async def test_rows_that_wait_for_the_next_start_are_a_warning(
    settings: Settings, owner: "asyncpg.Connection[asyncpg.Record]", capsys: pytest.CaptureFixture[str], age: str
) -> None:
    """A platform that was killed has left them; nothing is wrong, and nothing proves them yet."""
    await owner.execute("ALTER TABLE patient.audit DROP CONSTRAINT audit_at_check")
    await owner.execute(f"UPDATE patient.audit SET at = now() - interval '{age}'")
    await run_verify(settings, None)
    said = capsys.readouterr().out
    assert said.count("warning:") == said.count("1 rows are not sealed, the oldest for") == 1


@pytest.mark.parametrize("place", ["loop", "closed/data"])
async def test_a_data_folder_that_cannot_be_looked_into_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Anchors may be in it, so that nobody goes on without."""
    (tmp_path / "loop").symlink_to("loop")
    if place != "loop":

        def closed(*_arguments: object, **_more: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "stat", closed)
    with pytest.raises(SetupError, match="cannot be read"):
        await run_verify(msgspec.structs.replace(settings, data_dir=tmp_path / place), None)
