"""The mailbox when a caller parts from its call: deadlines, cancellation, and what goes on all the same."""

import asyncio

import pytest
from tests.kernel.counter import Counter
from tests.kernel.desk import LOOK
from tests.kernel.virtual_time import in_virtual_time, settled

from careplane.kernel.errors import (
    DeadlineExceeded,
    Unavailable,
)


def test_a_command_whose_time_runs_out_while_it_waits_never_starts() -> None:
    """Its caller is answered at the deadline, not when its turn comes, and the next in line is not held up."""

    async def run() -> None:
        counter = Counter()
        loop = asyncio.get_running_loop()
        await counter.ask("1")
        late = await counter.ask("2", deadline=loop.time() + 5)
        await counter.ask("3")
        with pytest.raises(DeadlineExceeded):
            await late
        assert loop.time() == pytest.approx(1005)
        counter.clerk.finish("1")
        await settled()
        assert counter.clerk.started == ["1", "3"]
        counter.clerk.finish("3")
        await settled()
        assert counter.at_rest()

    in_virtual_time(run())


def test_a_command_that_comes_too_late_never_starts() -> None:
    """A deadline that has passed on arrival is answered as such even by an idle mailbox."""

    async def run() -> None:
        counter = Counter()
        late = await counter.ask("1", deadline=asyncio.get_running_loop().time())
        with pytest.raises(DeadlineExceeded):
            await late
        assert not counter.clerk.started

    in_virtual_time(run())


def test_a_started_command_finishes_after_its_callers_deadline() -> None:
    """The caller hears that it is unknown; the command goes on, and its lane stays closed until it has ended."""

    async def run() -> None:
        counter = Counter()
        slow = await counter.ask("1", deadline=asyncio.get_running_loop().time() + 1)
        await counter.ask("2")
        with pytest.raises(DeadlineExceeded):
            await slow
        await settled()
        assert counter.clerk.ended == []
        assert counter.clerk.started == ["1"]
        counter.clerk.finish("1")
        await settled()
        assert counter.clerk.ended == ["1"]
        assert counter.clerk.started == ["1", "2"]
        counter.clerk.finish("2")

    in_virtual_time(run())


async def test_a_started_command_finishes_though_its_caller_is_gone() -> None:
    """Cancelling the caller does not cancel the command."""
    counter = Counter()
    call = await counter.ask("1")
    call.cancel()
    await settled()
    assert call.cancelled()
    assert counter.clerk.ended == []
    assert counter.mailbox.held == 1
    counter.clerk.finish("1")
    await settled()
    assert counter.clerk.ended == ["1"]
    assert counter.at_rest()


async def test_a_waiting_command_whose_caller_is_gone_never_starts() -> None:
    """Cancelled before its turn, it is passed over."""
    counter = Counter()
    await counter.ask("1")
    call = await counter.ask("2")
    await counter.ask("3")
    call.cancel()
    counter.clerk.finish("1")
    await settled()
    assert counter.clerk.started == ["1", "3"]
    counter.clerk.finish("3")


def test_a_query_stops_at_its_deadline() -> None:
    """A query changes nothing, so that its work ends with its time."""

    async def run() -> None:
        counter = Counter()
        query = await counter.ask("1", method=LOOK, deadline=asyncio.get_running_loop().time() + 1)
        with pytest.raises(DeadlineExceeded):
            await query
        assert counter.clerk.ended == ["1"]
        assert counter.at_rest()

    in_virtual_time(run())


async def test_a_query_whose_caller_is_gone_stops() -> None:
    """Nobody waits for it any more."""
    counter = Counter()
    query = await counter.ask("1", method=LOOK)
    query.cancel()
    await settled()
    assert counter.clerk.ended == ["1"]
    assert counter.at_rest()


async def test_a_time_limit_of_the_actors_own_is_not_the_callers() -> None:
    """A TimeoutError from within comes out as it is: for the supervisor it is a fault, for the caller no deadline."""
    counter = Counter()
    query = await counter.ask("1", method=LOOK, deadline=asyncio.get_running_loop().time() + 60)
    counter.clerk.fail("1", TimeoutError())
    await settled()
    assert type(query.exception()) is TimeoutError


async def test_the_end_of_the_loop_answers_those_who_wait() -> None:
    """Where a lane's worker is cancelled, as by a loop that ends, its callers are told and nothing is left."""
    counter = Counter()
    calls = [await counter.ask(text, idempotency_key=text) for text in "12"]
    for worker in tuple(counter.mailbox._workers.values()):
        worker.cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable, Unavailable]
    await settled()
    assert counter.at_rest()
