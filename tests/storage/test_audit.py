"""The audit log: one row for each note, with who, what and whom, durable before anybody goes on."""

import asyncio
from uuid import uuid4

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
