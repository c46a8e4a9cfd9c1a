"""The journal when things go wrong at the worst moment: two processes with one key, a lost server, a lost answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.storage.marks import Marks, Work, reply_of, work
from tests.storage.owner import Owner
from tests.storage.waiting import until
from tests.storage.wire import Wire

from careplane.kernel.errors import IdempotencyMismatch, Unavailable
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied

_IN_THE_WAY = "INSERT INTO idempotency (caller, key, method, digest, reply) VALUES ('nurse', $1, '', $2, $3)"


@pytest.fixture
async def processes(database_url: str) -> AsyncIterator[list[Marks]]:
    """Give the stores of three processes on one database."""
    databases = [await Database.open(database_url, "billing", size=2) for _ in range(3)]
    yield [Marks(database) for database in databases]
    for database in databases:
        await database.close()


async def race(owner: Owner, processes: list[Marks], works: list[Work]) -> list[Applied | BaseException]:
    """Let each process come as far as writing the key, and then let all of them go on."""
    blocked = owner.transaction()
    await blocked.start()
    await owner.execute(_IN_THE_WAY, "k", b"", b"")
    submitted = [asyncio.create_task(process.commit.submit(one)) for process, one in zip(processes, works, strict=True)]
    await owner.until_waiting(len(works))
    await blocked.rollback()
    return await asyncio.gather(*submitted, return_exceptions=True)


async def test_one_key_in_three_processes_at_once_is_done_once(owner: Owner, processes: list[Marks]) -> None:
    """None has seen the other's record when it writes its own: one of them wins, and the others get its reply."""
    works = [work(1, key="k") for _ in range(3)]
    answers = await race(owner, processes, works)
    assert [type(answer) for answer in answers] == [Applied] * 3
    applied = [n for n, answer in enumerate(answers) if isinstance(answer, Applied) and answer.reply is None]
    assert len(applied) == 1
    winner = works[applied[0]].request.id
    for n, answer in enumerate(answers):
        if n != applied[0]:
            assert isinstance(answer, Applied)
            assert reply_of(answer).id == winner
    assert [row["id"] for row in await owner.fetch("SELECT id FROM mark")] == [winner]
    assert [await owner.count(table) for table in ("outbox", "audit", "idempotency")] == [1, 1, 1]


async def test_one_key_with_other_requests_at_once_is_refused(owner: Owner, processes: list[Marks]) -> None:
    """Those who lose the race with another request are told that the key is taken."""
    answers = await race(owner, processes, [work(n, key="k") for n in range(3)])
    assert sorted(type(answer).__name__ for answer in answers) == ["Applied"] + ["IdempotencyMismatch"] * 2
    assert await owner.count("mark") == 1


async def test_a_race_lost_by_one_row_does_not_fail_its_neighbours(owner: Owner, processes: list[Marks]) -> None:
    """A batch in which one row has lost goes in without it."""
    blocked = owner.transaction()
    await blocked.start()
    await owner.execute(_IN_THE_WAY, "k", b"other", b"")
    works = [work(0), *(work(n, key="k" if n == 5 else str(n)) for n in range(1, 10))]
    submitted = [asyncio.create_task(processes[0].commit.submit(one)) for one in works]
    await owner.until_waiting(1)
    await blocked.commit()
    answers = await asyncio.gather(*submitted, return_exceptions=True)
    assert [type(answer) for answer in answers] == [
        IdempotencyMismatch if one.entry.key == "k" else Applied for one in works
    ]
    assert await owner.count("mark") == 9


async def test_many_processes_under_load_do_each_command_once(owner: Owner, processes: list[Marks]) -> None:
    """Sixty commands, each sent to every process at once: sixty effects, and every copy has the same reply."""
    works = [[work(n, key=f"key {n}") for _ in processes] for n in range(20, 80)]
    answers = await asyncio.gather(
        *(process.commit.submit(one) for same in works for process, one in zip(processes, same, strict=True))
    )
    copies = [answers[n : n + 3] for n in range(0, len(answers), 3)]
    for same, given in zip(works, copies, strict=True):
        ids = {
            one.request.id if answer.reply is None else reply_of(answer).id
            for one, answer in zip(same, given, strict=True)
        }
        assert len(ids) == 1
    assert [await owner.count(t) for t in ("mark", "outbox", "audit", "idempotency")] == [60] * 4


async def test_a_server_that_dies_in_mid_flush(owner: Owner, database: Database) -> None:
    """Everyone in the flush hears Unavailable, nothing of it is there, and asking again under the same keys works."""
    marks = Marks(database)
    works = [work(n, key=f"key {n}") for n in range(20, 30)]
    blocked = owner.transaction()
    await blocked.start()
    await owner.execute("INSERT INTO mark VALUES ($1, 1)", works[-1].request.id)
    submitted = [asyncio.create_task(marks.commit.submit(one)) for one in works]
    await owner.until_waiting(1)
    await owner.kill()
    answers = await asyncio.gather(*submitted, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 10
    await blocked.rollback()
    assert [await owner.count(t) for t in ("mark", "outbox", "audit", "idempotency")] == [0] * 4
    assert await asyncio.gather(*(_insist(marks.commit, one) for one in works)) == [Applied()] * 10
    assert [await owner.count(t) for t in ("mark", "outbox", "audit", "idempotency")] == [10] * 4


async def test_an_answer_that_is_lost_after_the_commit(owner: Owner, wire: Wire) -> None:
    """Everyone hears Unavailable, all of it is there; asking again under the same keys gives the first replies."""
    database = await Database.open(wire.url, "billing", size=1)
    marks = Marks(database)
    await marks.journal.flush([work()])  # so that the statement is prepared, and the next answer is the commit's
    works = [work(n, key=f"key {n}") for n in range(20, 30)]
    wire.lose_answers()
    with pytest.raises(Unavailable):
        await marks.journal.flush(works)
    await wire.lost.wait()
    await until(lambda: owner.value("SELECT count(*) = 11 FROM mark"))
    await wire.mend()
    again = [work(one.request.value, key=one.entry.key) for one in works]
    answers = await asyncio.gather(*(_insist(marks.commit, one) for one in again))
    assert [reply_of(answer).id for answer in answers] == [one.request.id for one in works]
    assert [await owner.count(t) for t in ("mark", "outbox", "audit", "idempotency")] == [11, 11, 11, 10]
    await database.close()


async def _insist(commit: GroupCommit[Work, Applied], one: Work) -> Applied:
    async with asyncio.timeout(10):
        while True:
            try:
                return await commit.submit(one)
            except Unavailable:
                await asyncio.sleep(0.01)
