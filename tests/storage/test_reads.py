"""Audited reads: everyone gets their own answer, nothing is read without its audit row, and many go together."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from careplane.kernel.context import Context, Trace, using
from careplane.kernel.contract import Kind, Method
from careplane.kernel.errors import Overloaded, Unavailable
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal
from careplane.storage.database import Database
from careplane.storage.reads import AuditedReads, Judged

_QUERY = """
SELECT asked.n, b.caller, b.key FROM unnest($1::int[], $2::text[]) AS asked(n, caller)
JOIN idempotency b USING (caller) ORDER BY asked.n, b.key
"""


class _Ask(Message, frozen=True, kw_only=True):
    id: UUID


READ = Method("billing", "account", Kind.QUERY, "billing:read", "id", False, _Ask, _Ask)
NOBODY = UUID(int=0)


def keys_of(rows: Any) -> tuple[str, ...]:
    """Return the keys found, which is the answer of the reads under test."""
    return tuple(row["key"] for row in rows)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open a component's database with a few rows to read in a table that every component has."""
    database = await Database.open(database_url, "billing", size=4)
    await database.execute(
        "INSERT INTO idempotency (caller, key, method, digest, reply) VALUES "
        "('a', '1', 'm', '', ''), ('a', '2', 'm', '', ''), ('b', '3', 'm', '', '')"
    )
    yield database
    await database.close()


@pytest.fixture
def reads(database: Database) -> AuditedReads[str, tuple[str, ...]]:
    """Make the reads under test."""
    return AuditedReads(database, _QUERY, lambda keys: (range(len(keys)), keys), keys_of, width=2)


async def test_everyone_gets_their_own_answer(reads: AuditedReads[str, tuple[str, ...]]) -> None:
    """Reads that wait together are answered each by its own rows, in the query's order, whatever the others ask."""
    asked = ["a", "b", "nobody", "a", "b"] * 20
    answers = await asyncio.gather(*(reads.read(READ, key) for key in asked))
    expected = {"a": ("1", "2"), "b": ("3",), "nobody": ()}
    assert answers == [expected[key] for key in asked]
    assert reads.commit.flushes < len(asked)


async def test_each_read_leaves_its_own_audit_row(
    reads: AuditedReads[str, tuple[str, ...]], database: Database
) -> None:
    """The row says who asked, for what, under which request and trace, even where nothing was found."""
    subjects = [uuid4() for _ in range(10)]

    async def ask(number: int) -> None:
        context = Context(
            principal=Principal(id=f"user-{number}"), request_id=f"request-{number}", trace=Trace(f"{number:032x}")
        )
        with using(context):
            await reads.read(READ, "nobody", subject=subjects[number], detail={"number": number})

    await asyncio.gather(*(ask(n) for n in range(10)))
    rows = await database.fetch(
        "SELECT caller, action, subject, request_id, trace_id, (detail->>'number')::int FROM audit"
    )
    assert sorted(tuple(row) for row in rows) == [
        (f"user-{n}", "billing/account", subjects[n], f"request-{n}", f"{n:032x}", n) for n in range(10)
    ]


async def test_what_is_found_decides_what_is_noted(database: Database) -> None:
    """What the statement says of a place is added to what the caller says; other places say what the caller says."""
    ctes = """found AS (
        SELECT asked.n, b.key FROM unnest($1::int[], $2::text[]) AS asked(n, caller) JOIN idempotency b USING (caller)
    ), judged AS (SELECT DISTINCT n, '{"outcome": "denied"}'::jsonb AS detail FROM found)"""
    query = Judged(ctes, "SELECT n, key FROM found ORDER BY n, key")
    reads = AuditedReads[str, tuple[str, ...]](database, query, lambda keys: (range(len(keys)), keys), keys_of, width=2)
    details: tuple[dict[str, Any] | None, ...] = ({"number": 0}, {"number": 1}, None, None)
    asked = ("a", "nobody", "b", "nobody")
    answers = await asyncio.gather(
        *(reads.read(READ, key, detail=detail) for key, detail in zip(asked, details, strict=True))
    )
    assert answers == [("1", "2"), (), ("3",), ()]
    rows = await database.fetch("SELECT detail FROM audit ORDER BY id")
    found = [row["detail"] and json.loads(row["detail"]) for row in rows]
    assert found == [{"number": 0, "outcome": "denied"}, {"number": 1}, {"outcome": "denied"}, None]


async def test_nothing_is_read_where_the_audit_row_cannot_be_written(
    database: Database, database_url: str, reads: AuditedReads[str, tuple[str, ...]]
) -> None:
    """A read whose audit row is refused raises, and takes none of those that wait with it down."""
    owner = await _owner(database_url)
    await owner.execute("ALTER TABLE billing.audit ADD CHECK (caller <> 'unwelcome')")
    await owner.close()

    async def ask(caller: str) -> tuple[str, ...]:
        with using(Context(principal=Principal(id=caller))):
            return await reads.read(READ, "b")

    answers = await asyncio.gather(ask("welcome"), ask("unwelcome"), ask("welcome"), return_exceptions=True)
    assert answers[0] == answers[2] == ("3",)
    assert type(answers[1]).__name__ == "CheckViolationError"
    assert len(await database.fetch("SELECT FROM audit")) == 2


async def test_a_database_that_is_away_is_unavailable(
    reads: AuditedReads[str, tuple[str, ...]], database: Database
) -> None:
    """A read that cannot reach the database says so in the platform's words."""
    await database.close()
    with pytest.raises(Unavailable):
        await reads.read(READ, "a")


async def test_what_waits_is_bounded(database: Database) -> None:
    """More reads than may wait are refused at once, and those that wait are answered."""
    reads: AuditedReads[str, tuple[str, ...]] = AuditedReads(
        database, _QUERY, lambda keys: (range(len(keys)), keys), keys_of, width=2, limit=4, bound=8
    )
    answers = await asyncio.gather(*(reads.read(READ, "b") for _ in range(20)), return_exceptions=True)
    assert answers.count(("3",)) == 8
    assert sum(isinstance(answer, Overloaded) for answer in answers) == 12


async def _owner(url: str) -> Any:
    import asyncpg

    return await asyncpg.connect(url, timeout=10)
