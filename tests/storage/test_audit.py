"""The audit log: one row for each note, with who, what and whom, durable before anybody goes on."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from tests.storage.owner import Owner

from careplane.kernel.context import Context, Trace, using
from careplane.kernel.errors import Unavailable
from careplane.kernel.principal import Principal
from careplane.storage.audit import AuditLog
from careplane.storage.database import Database


async def test_a_note_says_who_did_what_to_whom(database: Database, owner: Owner) -> None:
    """The caller, request and trace are those of the running call."""
    subject = uuid4()
    caller = Context(principal=Principal(id="nurse"), request_id="r", trace=Trace("ab" * 16))
    with using(caller):
        await AuditLog(database).note("patient/search", subject=subject, detail={"found": 3})
        await AuditLog(database).note("patient/list")
    rows = await owner.fetch(
        "SELECT caller, action, subject, request_id, trace_id, (detail->>'found')::int, at <= now() "
        "FROM audit ORDER BY id"
    )
    assert tuple(rows[0]) == ("nurse", "patient/search", subject, "r", "ab" * 16, 3, True)
    assert tuple(rows[1]) == ("nurse", "patient/list", None, "r", "ab" * 16, None, True)


async def test_many_notes_go_together_and_none_is_mixed_up(database: Database, owner: Owner) -> None:
    """Two hundred callers at once leave two hundred rows, each its own, in a few flushes."""
    log = AuditLog(database)

    async def note(number: int) -> None:
        with using(Context(principal=Principal(id=f"user {number}"), request_id=f"request {number}")):
            await log.note(f"action {number}", detail={"n": number})

    await asyncio.gather(*(note(n) for n in range(200)))
    rows = await owner.fetch("SELECT caller, action, request_id, (detail->>'n')::int AS n FROM audit ORDER BY id")
    assert sorted(tuple(row) for row in rows) == sorted(
        (f"user {n}", f"action {n}", f"request {n}", n) for n in range(200)
    )
    assert log.commits.flushes < 20


async def test_a_note_that_cannot_be_written_is_an_error(database: Database) -> None:
    """Whoever must leave a trace and cannot, hears of it before they go on."""
    await database.close()
    with pytest.raises(Unavailable):
        await AuditLog(database).note("patient/search")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET caller = 'somebody else'",
        "UPDATE audit SET xid = '5'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "UPDATE audit_seal SET hash = ''",
        "DELETE FROM audit_seal",
        "TRUNCATE audit_seal",
        "DROP TABLE audit",
        "ALTER TABLE audit ADD COLUMN x int",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "CREATE TRIGGER t BEFORE INSERT ON audit EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "INSERT INTO audit (caller, action, request_id, trace_id, at) VALUES ('', '', '', '', '2020-01-01')",
        "INSERT INTO audit (caller, action, request_id, trace_id, xid) VALUES ('', '', '', '', '5')",
        "INSERT INTO audit (id, caller, action, request_id, trace_id) OVERRIDING SYSTEM VALUE SELECT 7, '', '', '', ''",
        "INSERT INTO audit_seal SELECT 1, now(), '5', '{1}', '', '' ON CONFLICT (seq) DO UPDATE SET hash = ''",
        "MERGE INTO audit_seal s USING audit a ON true WHEN MATCHED THEN DELETE",
        "SELECT * FROM audit FOR UPDATE",
    ],
)
@pytest.mark.parametrize("component", ["billing", "patient"])
async def test_a_component_can_only_add_and_read(owner: Owner, component: str, statement: str) -> None:
    """Its role changes no row and no seal, and sets neither the id nor the time nor the transaction of a row."""
    async with owner.transaction():
        await owner.execute(f"SET LOCAL search_path TO {component}; SET LOCAL ROLE careplane_{component}")
        await owner.execute("INSERT INTO audit (caller, action, request_id, trace_id) VALUES ('a', 'b', 'c', 'd')")
        assert await owner.count("audit") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with owner.transaction():
                await owner.execute(statement)


async def test_a_component_sees_nothing_of_anothers_audit(owner: Owner) -> None:
    """Each has its own, and no query crosses."""
    async with owner.transaction():
        await owner.execute("SET LOCAL ROLE careplane_billing")
        for table in ("audit", "audit_seal"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with owner.transaction():
                    await owner.execute(f"SELECT FROM patient.{table}")
