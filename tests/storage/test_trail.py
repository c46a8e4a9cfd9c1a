"""Reading the audit: newest first, page by page, by whatever an auditor asks for, and never unnoticed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.storage.owner import Owner

from careplane.kernel.context import Context, using
from careplane.kernel.contract import Kind, Method
from careplane.kernel.errors import Unavailable
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal
from careplane.storage import trail as trail_module
from careplane.storage.audit import note_arrays, note_of
from careplane.storage.database import Database
from careplane.storage.trail import Trail, Wanted

READ = Method("billing", "audit_trail", Kind.QUERY, "audit:read", None, False, Message, Message)
DAY = datetime(2025, 1, 15, tzinfo=UTC)
ADA, BOB = UUID(int=1), UUID(int=2)
_FILL = """
INSERT INTO audit (at, caller, action, subject, request_id, trace_id, detail)
SELECT $1::timestamptz + (n / 2) * interval '1 minute', 'user-' || n % 3, 'do-' || n % 2,
    ('00000000-0000-0000-0000-00000000000' || n % 3 + 1)::uuid, 'r', 't',
    CASE WHEN n % 4 = 0 THEN '{"outcome": "denied"}'::jsonb END
FROM generate_series(0, $2::int - 1) AS s(n)
"""


@pytest.fixture
async def trail(database: Database, owner: Owner) -> Trail:
    """Give an audit with 30 rows, two a minute."""
    await owner.fetch(_FILL, DAY, 30)
    return Trail(database)


async def ids(trail: Trail, **more: Any) -> list[int]:
    """Return the ids of the rows found."""
    wanted: dict[str, Any] = {"limit": 100, "until": DAY + timedelta(days=1), **more}
    return [row["id"] for row in await trail.read(READ, Wanted(**wanted))]


async def test_everything_is_newest_first(trail: Trail) -> None:
    """Where two rows are of the same instant, the later id is first."""
    assert await ids(trail) == list(range(30, 0, -1))


@pytest.mark.parametrize(
    ("wanted", "picks"),
    [
        ({"subject": ADA}, lambda n: n % 3 == 0),
        ({"caller": "user-2"}, lambda n: n % 3 == 2),
        ({"action": "do-1"}, lambda n: n % 2 == 1),
        ({"subject": BOB, "caller": "user-1", "action": "do-1"}, lambda n: n % 3 == 1 and n % 2 == 1),
        ({"subject": ADA, "caller": "user-2"}, lambda n: False),
        ({"since": DAY + timedelta(minutes=3)}, lambda n: n // 2 >= 3),
        ({"until": DAY + timedelta(minutes=3)}, lambda n: n // 2 < 3),
        ({"since": DAY + timedelta(minutes=3), "until": DAY + timedelta(minutes=4)}, lambda n: n // 2 == 3),
        ({"caller": "user-1' OR 'x"}, lambda n: False),
    ],
)
async def test_filters_pick_exactly_what_they_say(trail: Trail, wanted: dict[str, Any], picks: Any) -> None:
    """Each by itself, and together."""
    assert await ids(trail, **wanted) == [n + 1 for n in range(29, -1, -1) if picks(n)]


@pytest.mark.parametrize("wanted", [{}, {"subject": ADA}, {"caller": "user-2"}, {"action": "do-0"}])
async def test_pages_together_are_the_whole(trail: Trail, wanted: dict[str, Any]) -> None:
    """Each page goes on where the one before ended."""
    shown: list[int] = []
    before = None
    while page := await trail.read(READ, Wanted(limit=4, before=before, until=DAY + timedelta(days=1), **wanted)):
        assert len(page) <= 4
        shown += [row["id"] for row in page]
        before = (page[-1]["at"], page[-1]["id"])
    assert shown == await ids(trail, **wanted)


async def test_a_row_tells_what_came_of_it(trail: Trail) -> None:
    """Done, unless the row says otherwise."""
    rows = await trail.read(READ, Wanted(limit=2, before=(DAY, 2**62)))
    assert [(row["outcome"], row["detail"]) for row in rows] == [("done", None), ("denied", '{"outcome": "denied"}')]


async def test_reading_is_in_the_audit_itself(trail: Trail, owner: Owner) -> None:
    """Who looked at whose trail; it is not in the very answer, but durable with it."""
    with using(Context(principal=Principal(id="auditor"), request_id="r-1")):
        await ids(trail, subject=BOB)
    row = (await owner.fetch("SELECT caller, action, subject, request_id FROM audit ORDER BY id DESC LIMIT 1"))[0]
    assert tuple(row) == ("auditor", "billing/audit_trail", BOB, "r-1")


async def test_nothing_is_shown_that_cannot_be_noted(trail: Trail, database: Database, owner: Owner) -> None:
    """Where the reading's own row is refused, or the database away, there is no answer."""
    await owner.execute("ALTER TABLE audit ADD CHECK (caller <> 'unwelcome')")
    with using(Context(principal=Principal(id="unwelcome"))), pytest.raises(Exception, match="audit_caller_check"):
        await ids(trail)
    await database.close()
    with pytest.raises(Unavailable):
        await ids(trail)


@pytest.mark.parametrize("wanted", [{}, {"subject": ADA}, {"caller": "user-2"}, {"since": DAY}])
async def test_no_question_reads_the_whole_audit(owner: Owner, wanted: dict[str, Any]) -> None:
    """A page is found by an index that has its rows in order, without sorting."""
    await owner.fetch(_FILL, DAY, 30_000)
    await owner.execute("ANALYZE audit")
    statement, values = trail_module._statement(Wanted(limit=51, before=(DAY + timedelta(days=3), 1), **wanted))
    notes = note_arrays([note_of("billing/audit_trail")])
    plan = "\n".join(row[0] for row in await owner.fetch(f"EXPLAIN {statement}", *notes, *values))
    assert "Index Scan" in plan, plan
    assert "Sort" not in plan, plan
