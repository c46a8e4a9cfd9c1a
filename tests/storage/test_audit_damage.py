"""Checking an audit that holds what no sealer writes: each such thing is a finding, and the rest is checked as well."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.conftest import execute
from tests.storage import chains
from tests.storage.chains import ROWS, kinds, look
from tests.storage.owner import Owner

from careplane.storage import audit_delay
from careplane.storage.audit_check import check_audit
from careplane.storage.database import Database
from careplane.storage.seal import Head, Sealer

FREE = """
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT conrelid::regclass AS t, conname AS c FROM pg_constraint
             WHERE conrelid IN ('audit'::regclass, 'audit_seal'::regclass) AND contype IN ('c', 'p') LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', one.t, one.c);
  END LOOP;
  FOR one IN SELECT attrelid::regclass AS t, attname AS c FROM pg_attribute WHERE attnum > 0 AND attidentity = ''
             AND attnotnull AND attrelid IN ('audit'::regclass, 'audit_seal'::regclass) LOOP
    EXECUTE format('ALTER TABLE %s ALTER %I DROP NOT NULL', one.t, one.c);
  END LOOP;
END $$
"""
INSERT = """
INSERT INTO audit (at, caller, action, request_id, trace_id) VALUES (now() + $1::text::interval, 'x', 'x', 'x', 'x')
"""
DAMAGES = {
    "no rows": "row_ids = '{}'",
    "rows in rows": "row_ids = '{{6,7},{8,9}}'",
    "a row that is null": "row_ids = '{6,7,NULL,9,10}'",
    "rows from another place on": "row_ids = '[3:7]={6,7,8,9,10}'",
    "null rows": "row_ids = NULL",
    "null digests": "digests = NULL",
    "null hash": "hash = NULL",
    "null transaction": "xid = NULL",
    "no time": "at = NULL",
    "no end": "at = 'infinity'",
    "no beginning": "at = '-infinity'",
    "far away": "at = '294276-12-31T23:59:59Z'",
}
FORBIDDEN = [name for name in DAMAGES if name != "far away"]


@pytest.fixture
async def anchor(database: Database, owner: Owner) -> Head:
    """Fill and seal the audit."""
    await chains.write(database)
    return await chains.seal(database)


@pytest.fixture
async def alone(database_url: str) -> AsyncIterator[Database]:
    """Give a database as `careplane audit verify` opens it, while no platform runs."""
    database = await Database.open(database_url, chains.COMPONENT, size=1)
    yield database
    await database.close()


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_block_is_a_finding(owner: Owner, anchor: Head, damage: str) -> None:
    """It is named, nothing else is accused but what it no longer holds, and the anchor after it is still good."""
    await owner.execute(FREE)
    await owner.execute(f"UPDATE audit_seal SET {DAMAGES[damage]} WHERE seq = 2")
    found = await kinds(owner, anchor)
    assert ("damaged block", 2) in found
    assert {kind for kind, _ in found} <= {"damaged block", "inserted"}
    assert (await look(owner, anchor)).anchored == anchor.seq


@pytest.mark.parametrize("damage", FORBIDDEN)
async def test_a_damage_is_refused(owner: Owner, anchor: Head, damage: str) -> None:
    """As long as the checks are there."""
    with pytest.raises((asyncpg.CheckViolationError, asyncpg.NotNullViolationError)):
        await owner.execute(f"UPDATE audit_seal SET {DAMAGES[damage]} WHERE seq = 2")


async def test_a_block_without_a_number_is_a_finding(owner: Owner, anchor: Head) -> None:
    """And so is the gap that it leaves."""
    await owner.execute(FREE)
    await owner.execute("UPDATE audit_seal SET seq = NULL WHERE seq = 2")
    assert {("missing block", 2), ("damaged block", None)} <= set(await kinds(owner, anchor))


@pytest.mark.parametrize("column", ["at", "caller", "action", "request_id", "trace_id"])
async def test_a_sealed_row_that_lost_a_value_is_a_finding(owner: Owner, anchor: Head, column: str) -> None:
    """It was altered."""
    await owner.execute(FREE)
    await owner.execute(f"UPDATE audit SET {column} = NULL WHERE id = 9")
    assert await kinds(owner, anchor) == [("altered", 9)]


@pytest.mark.parametrize("at", ["infinity", "-infinity", "294276-12-31T23:59:59Z"])
async def test_a_sealed_row_of_no_time_is_a_finding(owner: Owner, anchor: Head, at: str) -> None:
    """It was altered."""
    await owner.execute(FREE)
    await owner.execute(f"UPDATE audit SET at = '{at}' WHERE id = 9")
    assert await kinds(owner, anchor) == [("altered", 9)]


async def test_a_row_of_no_transaction_is_a_finding(owner: Owner, anchor: Head) -> None:
    """No block would ever take it."""
    await owner.execute(FREE)
    await owner.execute("UPDATE audit SET xid = NULL WHERE id = 9")
    assert ("inserted", 9) in await kinds(owner, anchor)


async def test_tables_that_were_altered_are_a_finding(owner: Owner, anchor: Head, database: Database) -> None:
    """The check ends with what is wrong, so that other components are checked as well."""
    await owner.execute("ALTER TABLE audit DROP COLUMN trace_id")
    [finding] = (await check_audit(database, chains.COMPONENT, [anchor])).findings
    assert (finding.kind, "UndefinedColumnError" in finding.sentence) == ("unreadable", True)


@pytest.mark.parametrize(
    ("offset", "found"), [("-90 days", True), ("-61 minutes", True), ("-50 minutes", False), ("30 seconds", False),
                          ("2 minutes", True), ("9 years", True)]
)  # fmt: skip
async def test_a_row_of_another_time_is_found_though_it_was_sealed(
    database: Database, owner: Owner, anchor: Head, offset: str, found: bool
) -> None:
    """The sealer takes what is there; whoever put it in as if it were old, or yet to come, is found out."""
    await owner.fetch(INSERT, offset)
    await chains.write(database, 2)
    await chains.seal(database)
    assert await kinds(owner, anchor) == ([("backdated", ROWS + 1)] if found else [])


async def test_a_row_yet_to_come_is_found_before_it_is_sealed(owner: Owner, anchor: Head) -> None:
    """It would say how long it has waited, and does not."""
    await owner.fetch(INSERT, "1 hour")
    assert await kinds(owner, anchor) == [("backdated", ROWS + 1)]


async def test_a_backlog_that_is_sealed_late_is_well(database: Database, owner: Owner) -> None:
    """After a kill rows wait until the next start, however long that takes, and then fill several blocks at once."""
    await chains.write(database)
    await owner.execute("UPDATE audit SET at = now() - interval '40 days' + id * interval '1 second'")
    await chains.seal(database)
    await chains.write(database, 3)
    newest = await chains.seal(database)
    assert await kinds(owner, newest) == []


async def _wait_for_long(owner: Owner, database: Database) -> None:
    await chains.write(database, 3)
    await owner.execute(f"UPDATE audit SET at = now() - interval '90 seconds' WHERE id > {ROWS}")


async def test_rows_that_a_killed_platform_left_are_told(owner: Owner, alone: Database) -> None:
    """Nothing proves them, and nothing is wrong with them; the next start seals them."""
    await chains.write(alone)
    await owner.execute("UPDATE audit SET at = at - interval '2 minutes'")
    report = await check_audit(alone, chains.COMPONENT)
    assert report.findings == []
    assert [f"{ROWS} rows are not sealed" in warning for warning in report.warnings] == [True]
    await chains.seal(alone)
    report = await check_audit(alone, chains.COMPONENT)
    assert (report.findings, report.warnings) == ([], ())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sealer that does nothing be waited for only shortly."""
    monkeypatch.setattr(audit_delay, "PATIENCE_SECONDS", 0.3)


async def test_rows_that_nobody_seals_while_the_platform_runs_are_a_finding(
    impatient: None, database: Database, owner: Owner, anchor: Head, alone: Database
) -> None:
    """For what is not sealed can be taken away unseen."""
    await database.check()
    await _wait_for_long(owner, alone)
    [finding] = (await check_audit(alone, chains.COMPONENT, [anchor])).findings
    assert (finding.kind, "3 rows are not sealed" in finding.sentence) == ("not sealed", True)


async def test_rows_behind_a_long_transaction_are_no_finding(
    impatient: None, database: Database, database_url: str, owner: Owner, anchor: Head, alone: Database
) -> None:
    """No sealer could take them."""
    await database.check()
    elsewhere = await asyncpg.connect(database_url, timeout=10)
    async with elsewhere.transaction():
        await elsewhere.execute("SELECT pg_current_xact_id()")
        await _wait_for_long(owner, alone)
        report = await check_audit(alone, chains.COMPONENT, [anchor])
    await elsewhere.close()
    assert (report.findings, report.warnings, report.unsealed) == ([], (), 3)


async def test_a_platform_that_has_just_been_started_is_given_time(
    database: Database, owner: Owner, anchor: Head, alone: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it found is sealed within a second or so, and then nothing is wrong."""
    await database.check()
    await _wait_for_long(owner, alone)

    async def seal(_seconds: float) -> None:
        await Sealer(database, chains.COMPONENT).step()

    monkeypatch.setattr("careplane.storage.audit_delay.asyncio.sleep", seal)
    report = await check_audit(alone, chains.COMPONENT, [anchor])
    assert (report.findings, report.warnings, report.unsealed) == ([], (), 0)


async def test_another_check_is_not_the_platform(
    impatient: None, owner: Owner, anchor: Head, alone: Database, database: Database
) -> None:
    """Two who look at once do not make each other believe that somebody should seal."""
    assert (await check_audit(database, chains.COMPONENT, [anchor])).warnings == ()
    await _wait_for_long(owner, alone)
    report = await check_audit(alone, chains.COMPONENT, [anchor])
    assert (report.findings, len(report.warnings)) == ([], 1)


async def test_what_is_written_meanwhile_does_not_confuse_a_check(
    database: Database, database_url: str, anchor: Head
) -> None:
    """All its statements see the audit as it was at one moment."""

    def anchors() -> list[Head]:
        seal = "UPDATE billing.audit_seal SET hash = '' WHERE seq = 5"
        row = "INSERT INTO billing.audit (caller, action, request_id, trace_id) VALUES ('', '', '', '')"
        execute(database_url, row, seal)
        return [anchor]

    report = await check_audit(database, chains.COMPONENT, (head for make in (anchors,) for head in make()))
    assert (report.findings, report.rows, report.unsealed, report.anchored) == ([], ROWS, 0, anchor.seq)
