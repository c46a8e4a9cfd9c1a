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
from careplane.storage.audit import note_of
from careplane.storage.database import Database
from careplane.storage.recordset import recordset
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
_SHOW = """
INSERT INTO audit (at, caller, action, request_id, trace_id, detail)
SELECT $1::timestamptz, 'user-0', 'search', 'r', 't', jsonb_build_object('patients', to_jsonb($2::uuid[]))
FROM generate_series(1, {}) AS s(n)
"""
_CARRY = """
INSERT INTO audit (at, caller, action, request_id, trace_id, detail) VALUES ($1, 'user-0', 'export', 'r', 't',
    jsonb_build_object('count', 9, 'first', $2::uuid, 'last', $3::uuid))
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


async def _plan(owner: Owner, **wanted: Any) -> str:
    statement, values = trail_module._statement(Wanted(limit=51, before=(DAY + timedelta(days=3), 1), **wanted))
    notes = recordset([note_of("billing/audit_trail")])
    return "\n".join(row[0] for row in await owner.fetch(f"EXPLAIN {statement}", notes, *values))


@pytest.mark.parametrize("wanted", [{}, {"caller": "user-2"}, {"since": DAY}])
async def test_no_question_reads_the_whole_audit(owner: Owner, wanted: dict[str, Any]) -> None:
    """A page is found by an index that has its rows in order, without sorting."""
    await owner.fetch(_FILL, DAY, 30_000)
    await owner.execute("ANALYZE audit")
    plan = await _plan(owner, **wanted)
    assert "Index Scan" in plan, plan
    assert "Sort" not in plan, plan


async def test_whom_a_row_names_in_its_detail_is_looked_up(owner: Owner) -> None:
    """Each way in which a row can be about somebody has an index of its own, and only what one finds is sorted."""
    await owner.fetch(_FILL, DAY, 10_000)
    others = "(SELECT array_agg(gen_random_uuid()) || $2::uuid[] FROM generate_series(1, 20) WHERE s.n > 0)"
    await owner.fetch(_SHOW.replace("$2::uuid[]", others, 1).format(10_000), DAY, [BOB])
    for _ in range(20):
        await owner.fetch(_CARRY, DAY, ADA, BOB)
    await owner.execute("ANALYZE audit")
    plan = await _plan(owner, subject=UUID(int=77))
    for name in ("audit_subject", "audit_shown", "audit_carried"):
        assert f" {name}" in plan, plan
    assert "Seq Scan" not in plan, plan


async def test_searches_that_showed_somebody_are_about_them(trail: Trail, owner: Owner) -> None:
    """Among the rows whose subject they are, in order, and only theirs."""
    eve = UUID(int=0xEEE)
    await owner.fetch(_SHOW.format(1), DAY + timedelta(minutes=3, seconds=1), [ADA, eve])
    await owner.fetch(_SHOW.format(1), DAY + timedelta(minutes=3, seconds=2), [])
    assert await ids(trail, subject=eve) == [31]
    assert await ids(trail, subject=ADA) == [28, 25, 22, 19, 16, 13, 10, 31, 7, 4, 1]
    assert await ids(trail, subject=ADA, action="search") == [31]
    assert await ids(trail, subject=ADA, caller="user-0", since=DAY + timedelta(minutes=4)) == [
        28,
        25,
        22,
        19,
        16,
        13,
        10,
    ]
    assert await ids(trail, subject=UUID(int=5)) == []


async def test_exports_that_went_past_somebody_are_about_them(trail: Trail, owner: Owner) -> None:
    """From the first id to the last, both included."""
    low, within, high = UUID(int=0x20), UUID(int=0x9F), UUID(int=0xA0)
    await owner.fetch(_CARRY, DAY, low, high)
    for patient, found in ((low, [31]), (within, [31]), (high, [31]), (UUID(int=0x1F), []), (UUID(int=0xA1), [])):
        assert await ids(trail, subject=patient) == found
    assert await ids(trail, subject=within, caller="user-1") == []


async def test_pages_of_all_that_is_about_somebody_are_the_whole(trail: Trail, owner: Owner) -> None:
    """Whichever way the rows are about them, and of the same instant too."""
    for minute in (2, 2, 7, 30):
        await owner.fetch(_SHOW.format(1), DAY + timedelta(minutes=minute), [ADA, BOB])
        await owner.fetch(_CARRY, DAY + timedelta(minutes=minute), UUID(int=0), BOB)
    shown: list[int] = []
    before = None
    while page := await trail.read(READ, Wanted(limit=3, before=before, until=DAY + timedelta(days=1), subject=ADA)):
        shown += [row["id"] for row in page]
        before = (page[-1]["at"], page[-1]["id"])
    assert shown == await ids(trail, subject=ADA)
    assert sorted(shown) == [n + 1 for n in range(30) if n % 3 == 0] + list(range(31, 39))
