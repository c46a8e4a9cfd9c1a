"""Group commit: who goes together, in which order, and whose failure is whose."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.virtual_time import in_virtual_time, settled

from careplane.kernel.errors import Internal, NotFound, Overloaded, PlatformError, Unavailable
from careplane.storage.group_commit import GroupCommit

Answers = Sequence[str | PlatformError]


class Disk:
    """A flush whose every step the test decides."""

    def __init__(self) -> None:
        self.flights: list[list[int]] = []
        self._landing: asyncio.Future[Answers] | None = None

    async def flush(self, work: Sequence[int]) -> Answers:
        """Begin a flush, and end it when told how."""
        assert self._landing is None, "one flush at a time"
        self.flights.append(list(work))
        self._landing = asyncio.get_running_loop().create_future()
        try:
            return await self._landing
        finally:
            self._landing = None

    async def land(self, answers: Answers | Exception | None = None) -> None:
        """End the flush in flight, by default with an answer for everyone."""
        assert self._landing is not None
        if isinstance(answers, Exception):
            self._landing.set_exception(answers)
        else:
            self._landing.set_result([f"did {n}" for n in self.flights[-1]] if answers is None else answers)
        await settled()

    def stray(self) -> None:
        """Cancel what the flush waits for, though nobody cancelled the flush."""
        assert self._landing is not None
        self._landing.cancel()


class Bench:
    """A group commit over a disk."""

    def __init__(self, *, limit: int = 100, bound: int = 1000) -> None:
        self.disk = Disk()
        self.commit: GroupCommit[int, str] = GroupCommit(self.disk.flush, limit=limit, bound=bound)

    async def submit(self, *works: int) -> list[asyncio.Task[str]]:
        """Submit each from a task of its own."""
        tasks = [asyncio.create_task(self.commit.submit(work)) for work in works]
        await settled()
        return tasks


async def test_what_arrives_during_a_flush_forms_the_next_one() -> None:
    """The first goes alone and at once, the rest together, and each gets its own answer."""
    bench = Bench()
    tasks = await bench.submit(1)
    tasks += await bench.submit(2, 3)
    tasks += await bench.submit(4)
    assert bench.disk.flights == [[1]]
    await bench.disk.land()
    assert bench.disk.flights == [[1], [2, 3, 4]]
    assert [task.done() for task in tasks] == [True, False, False, False]
    await bench.disk.land()
    assert await asyncio.gather(*tasks) == ["did 1", "did 2", "did 3", "did 4"]
    assert (bench.commit.flushes, bench.commit.flushed) == (2, 4)
    await bench.submit(5)
    assert bench.disk.flights[-1] == [5]
    await bench.disk.land()


async def test_flushes_are_limited_and_first_come_first_served() -> None:
    """However many wait, a flush takes the oldest `limit`; nobody is overtaken."""
    bench = Bench(limit=3)
    tasks = await bench.submit(0)
    tasks += await bench.submit(1, 2, 3, 4)
    await bench.disk.land()
    tasks += await bench.submit(5, 6, 7)
    await bench.disk.land()
    await bench.disk.land()
    await bench.disk.land()
    assert bench.disk.flights == [[0], [1, 2, 3], [4, 5, 6], [7]]
    await asyncio.gather(*tasks)


async def test_too_much_waiting_work_is_refused() -> None:
    """What is in flight does not count as waiting, and those who wait are not harmed."""
    bench = Bench(bound=2)
    tasks = await bench.submit(1)
    tasks += await bench.submit(2, 3)
    refused = await bench.submit(4)
    assert isinstance(refused[0].exception(), Overloaded)
    await bench.disk.land()
    tasks += await bench.submit(5)
    await bench.disk.land()
    await bench.disk.land()
    assert await asyncio.gather(*tasks) == ["did 1", "did 2", "did 3", "did 5"]


async def test_an_error_as_an_answer_fails_that_one() -> None:
    """The rest of the flush is durable and says so."""
    bench = Bench()
    await bench.submit(0)
    tasks = await bench.submit(1, 2, 3)
    await bench.disk.land()
    await bench.disk.land(["did 1", NotFound(), "did 3"])
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [str, NotFound, str]


async def test_a_database_that_is_away_fails_everyone_in_the_flush() -> None:
    """Nobody is tried again, for what happened is unknown; those who came later go on as usual."""
    bench = Bench()
    await bench.submit(0)
    lost = await bench.submit(1, 2)
    await bench.disk.land()
    later = await bench.submit(3)
    await bench.disk.land(Unavailable())
    assert all(isinstance(task.exception(), Unavailable) for task in lost)
    assert bench.disk.flights == [[0], [1, 2], [3]]
    await bench.disk.land()
    assert await later[0] == "did 3"


@given(size=st.integers(1, 40), data=st.data())
def test_poison_fails_alone_wherever_it_lies(size: int, data: st.DataObject) -> None:
    """A batch that fails is halved until the pieces at fault fail by themselves; all others succeed exactly once."""
    poison = data.draw(st.sets(st.integers(0, size - 1), max_size=3))
    done: list[int] = []

    async def flush(works: Sequence[int]) -> Answers:
        if poison.intersection(works):
            raise ValueError
        done.extend(works)
        return [f"did {n}" for n in works]

    async def run() -> list[str | BaseException]:
        commit: GroupCommit[int, str] = GroupCommit(flush)
        return await asyncio.gather(*(commit.submit(n) for n in range(size)), return_exceptions=True)

    answers = in_virtual_time(run())
    assert {n for n, answer in enumerate(answers) if isinstance(answer, ValueError)} == poison
    assert done == [n for n in range(size) if n not in poison]
    assert all(answer == f"did {n}" for n, answer in enumerate(answers) if n not in poison)


async def test_a_caller_who_leaves_takes_nobody_along() -> None:
    """Cancelled in flight or waiting, one caller's work is done all the same, and the others hear of theirs."""
    bench = Bench()
    tasks = await bench.submit(1)
    tasks += await bench.submit(2, 3)
    tasks[0].cancel()
    tasks[1].cancel()
    await settled()
    await bench.disk.land()
    assert bench.disk.flights == [[1], [2, 3]]
    await bench.disk.land()
    assert tasks[0].cancelled()
    assert tasks[1].cancelled()
    assert await tasks[2] == "did 3"


async def test_a_cancellation_from_within_leaves_nobody_waiting() -> None:
    """Where the flush trips over something that was cancelled, its callers are told and the next ones served."""
    bench = Bench()
    tasks = await bench.submit(1)
    tasks += await bench.submit(2)
    bench.disk.stray()
    await settled()
    assert isinstance(tasks[0].exception(), Unavailable)
    await bench.disk.land()
    assert await tasks[1] == "did 2"


async def test_the_end_of_the_loop_answers_those_who_wait() -> None:
    """Where the flusher is cancelled, as by a loop that ends, everybody is told."""
    bench = Bench()
    tasks = await bench.submit(1)
    tasks += await bench.submit(2)
    assert bench.commit._flusher is not None
    bench.commit._flusher.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable, Unavailable]


@pytest.mark.parametrize("answers", [["one"], ["one", "two", "three"]])
async def test_a_flush_that_miscounts_leaves_nobody_waiting(answers: list[str]) -> None:
    """Without an answer for each it is unknown whose is whose: everybody gets Internal, and nothing is done twice."""
    bench = Bench()
    await bench.submit(0)
    tasks = await bench.submit(1, 2)
    await bench.disk.land()
    await bench.disk.land(answers)
    assert all(isinstance(task.exception(), Internal) for task in tasks)
    assert bench.disk.flights == [[0], [1, 2]]
    again = await bench.submit(3)
    await bench.disk.land()
    assert await again[0] == "did 3"


async def test_work_given_together_is_answered_together() -> None:
    """Each piece has its own answer, and what failed is among them."""
    bench = Bench()
    together = asyncio.create_task(bench.commit.submit_all([1, 2, 3]))
    await settled()
    assert bench.disk.flights == [[1, 2, 3]]
    refused = NotFound()
    await bench.disk.land(["did 1", "did 2", refused])
    assert await together == ["did 1", "did 2", refused]
    assert list(await bench.commit.submit_all([])) == []


async def test_work_given_together_finds_room_together() -> None:
    """Either all of it waits, or none."""
    bench = Bench(bound=2)
    with pytest.raises(Overloaded):
        await bench.commit.submit_all([1, 2, 3])
    assert bench.disk.flights == []


async def test_a_mistake_in_work_given_together_is_raised() -> None:
    """What is none of the platform's errors says that something is wrong with the program."""
    bench = Bench()
    together = asyncio.create_task(bench.commit.submit_all([1]))
    await settled()
    await bench.disk.land(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await together
