"""The journal: effect, events, audit row and memory of a command commit together, with an answer for each."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from tests.storage.marks import POISON, Marks, reply_of, work
from tests.storage.owner import Owner

from careplane.kernel.errors import AlreadyExists, IdempotencyMismatch
from careplane.storage.database import Database
from careplane.storage.journal import Applied

TABLES = ("mark", "outbox", "audit", "idempotency")


@pytest.fixture
def marks(database: Database) -> Marks:
    """Give a store of marks."""
    return Marks(database)


async def counts(owner: Owner) -> list[int]:
    """Count what a command leaves behind: effects, events, audit rows, remembered keys."""
    return [await owner.count(table) for table in TABLES]


async def test_all_of_a_command_is_there_at_once(marks: Marks, owner: Owner) -> None:
    """Its effect, its events, its audit row and its reply are in the tables, and say what it said."""
    one = work(7, key="k", events=2)
    assert await marks.commit.submit(one) == Applied()
    assert await counts(owner) == [1, 2, 1, 1]
    audit = await owner.fetch("SELECT caller, action, subject, request_id, detail->>'value' AS value FROM audit")
    assert [tuple(row) for row in audit] == [("nurse", "billing/put", one.request.id, "request of nurse", "7")]
    events = await owner.fetch("SELECT id, type, subject, version, time, body FROM outbox ORDER BY xid, seq")
    assert [tuple(row) for row in events] == [
        (event.id, event.type, event.subject, event.version, event.time, event.body) for event in one.entry.events
    ]
    rows = await owner.fetch("SELECT xmin::text FROM mark UNION SELECT xmin::text FROM idempotency")
    assert len(rows) == 1, "one transaction wrote both"


async def test_a_command_without_a_key_is_not_remembered(marks: Marks, owner: Owner) -> None:
    """There is nothing to remember it under, however many there are."""
    answers = await marks.journal.flush([work(), work(events=0)])
    assert answers == [Applied(), Applied()]
    assert await counts(owner) == [2, 1, 2, 0]


async def test_a_conflict_fails_its_row_alone(marks: Marks, owner: Owner) -> None:
    """A refused row leaves no event, no audit row and no memory; its neighbours leave all of theirs."""
    taken = uuid4()
    await marks.journal.flush([work(mark_id=taken)])
    answers = await marks.journal.flush([work(key="a"), work(key="b", mark_id=taken), work(key="c")])
    assert [type(answer) for answer in answers] == [Applied, AlreadyExists, Applied]
    assert await counts(owner) == [3, 3, 3, 2]
    assert {row["key"] for row in await owner.fetch("SELECT key FROM idempotency")} == {"a", "c"}


async def test_two_in_one_batch_that_want_the_same(marks: Marks, owner: Owner) -> None:
    """The first of them gets it, whatever the database's own order."""
    same = uuid4()
    answers = await marks.journal.flush([work(), work(1, mark_id=same), work(2, mark_id=same), work()])
    assert [type(answer) for answer in answers] == [Applied, Applied, AlreadyExists, Applied]
    assert await owner.value("SELECT value FROM mark WHERE id = $1", same) == 1


async def test_a_repeat_gets_the_first_reply_and_changes_nothing(marks: Marks, owner: Owner) -> None:
    """Under the same key the same request is answered from memory, among others and with an id of its own."""
    first = work(1, key="k")
    await marks.journal.flush([first])
    answers = await marks.journal.flush([work(), work(1, key="k"), work()])
    assert [type(answer) for answer in answers] == [Applied] * 3
    assert reply_of(answers[1]).id == first.request.id
    assert await counts(owner) == [3, 3, 3, 1]


async def test_a_key_with_another_request_is_refused(marks: Marks, owner: Owner) -> None:
    """What was asked under the key before is not what is asked now; another caller's key is another key."""
    await marks.journal.flush([work(1, key="k")])
    answers = await marks.journal.flush([work(2, key="k"), work(2, key="k", caller="doctor")])
    assert [type(answer) for answer in answers] == [IdempotencyMismatch, Applied]
    assert await counts(owner) == [2, 2, 2, 2]


async def test_poison_in_a_batch_fails_alone(marks: Marks, owner: Owner) -> None:
    """A row that the database refuses outright takes nobody with it."""
    good = [work(n, key=str(n)) for n in range(20) if n != POISON]
    works = [*good[:9], work(POISON, key="poison"), *good[9:]]
    answers = await asyncio.gather(*(marks.commit.submit(one) for one in works), return_exceptions=True)
    assert isinstance(answers[9], asyncpg.CheckViolationError)
    assert [answer for n, answer in enumerate(answers) if n != 9] == [Applied()] * len(good)
    assert await counts(owner) == [len(good)] * 4


async def test_a_value_that_cannot_be_sent_fails_alone(marks: Marks, owner: Owner) -> None:
    """What no array of the statement can hold is found in the same way."""
    works = [work(1), work(2**40), work(2, key="\ud800"), work(3)]
    answers = await asyncio.gather(*(marks.commit.submit(one) for one in works), return_exceptions=True)
    assert [isinstance(answer, Applied) for answer in answers] == [True, False, False, True]
    assert await owner.count("mark") == 2


async def test_twins_in_one_batch_are_done_once(marks: Marks, owner: Owner) -> None:
    """Two commands under one key that meet in one flush have one effect and one reply."""
    works = [work(), *(work(5, key="k") for _ in range(3)), work()]
    answers = await asyncio.gather(*(marks.commit.submit(one) for one in works))
    first = [one for one, answer in zip(works, answers, strict=True) if answer.reply is None and one.entry.key]
    assert len(first) == 1
    assert {reply_of(answer).id for answer in answers if answer.reply is not None} == {first[0].request.id}
    assert await counts(owner) == [3, 3, 3, 1]


async def test_whoever_waits_for_events_is_told_of_commits(database: Database, owner: Owner) -> None:
    """The relay is woken after a commit, and not where nothing was applied."""
    told: list[int] = []
    marks = Marks(database, lambda: told.append(1))
    one = work()
    await marks.journal.flush([one])
    await marks.journal.flush([one])
    assert told == [1]


async def test_events_are_in_the_order_of_the_batch(marks: Marks, owner: Owner) -> None:
    """The outbox lists the events of a flush as its commands came, each command's own in their order."""
    works = [work(events=n % 4) for n in range(50)]
    await marks.journal.flush(works)
    rows = await owner.fetch("SELECT id FROM outbox ORDER BY xid, seq")
    assert [row["id"] for row in rows] == [event.id for one in works for event in one.entry.events]
    audit = await owner.fetch("SELECT subject FROM audit ORDER BY id")
    assert [row["subject"] for row in audit] == [one.request.id for one in works]
