"""Faults between processes: killed, replaced, frozen, draining; what callers see, and that nothing is done twice."""

import asyncio
from uuid import uuid4

import pytest
from tests.storage.waiting import until
from tests.transports.conformance.counter import Counter, asking, calling, opening
from tests.transports.grpc.stream_ends import Desk, calling_at, connections, desk, proxied

from careplane.components.billing.api import GetAccount
from careplane.kernel.context import using
from careplane.kernel.errors import StillRunning, Unavailable
from careplane.kernel.message import Message
from careplane_transports.grpc.settings import GrpcSettings

pytestmark = pytest.mark.usefixtures("nothing_left")


class Held:
    """A script that holds calls until it is told to let them go."""

    def __init__(self) -> None:
        """Hold."""
        self.free = asyncio.Event()
        self.counter = Counter(self.answer)

    async def answer(self, request: Message) -> Message:
        """Answer when free."""
        await self.free.wait()
        return await self.counter.accounts(request)


async def test_a_peer_killed_with_a_call_under_way() -> None:
    """The caller of a command without a key is told at once; a query is asked again when the peer is back."""
    held = Held()
    first = await Desk(held.counter).start()
    async with calling_at(first.port) as (_, billing):
        with using(calling()):
            command = asyncio.ensure_future(billing.open_accounts(opening()))
            query = asyncio.ensure_future(billing.account(asking()))
            await held.counter.until(2)
            await first.kill()
            with pytest.raises(Unavailable):
                await command
            assert not query.done()
            async with desk(port=first.port) as second:
                await query
                assert len(second.counter.asked) == 1
    held.free.set()
    await held.counter.mailbox.close()


async def test_a_command_with_a_key_is_sent_again() -> None:
    """To whoever takes the place of the one that was killed, under the same key."""
    held = Held()
    first = await Desk(held.counter).start()
    async with calling_at(first.port) as (_, billing):
        with using(calling(idempotency_key="k-1")):
            command = asyncio.ensure_future(billing.open_accounts(opening()))
            await held.counter.until(1)
            await first.kill()
            async with desk(port=first.port) as second:
                await command
                assert [context.idempotency_key for context in second.counter.contexts] == ["k-1"]
    held.free.set()
    await held.counter.mailbox.close()


async def test_a_command_that_still_runs_where_it_was_lost_is_asked_for_again() -> None:
    """Who has sent it once is not told that it is running already; who sends it a second time is."""
    refusals = [StillRunning(), StillRunning()]

    async def answer(request: Message) -> Message:
        if refusals:
            raise refusals.pop()
        return await late.accounts(request)

    held, late = Held(), Counter(answer)
    first = await Desk(held.counter).start()
    async with calling_at(first.port) as (_, billing):
        with using(calling(idempotency_key="k-1")):
            command = asyncio.ensure_future(billing.open_accounts(opening()))
            await held.counter.until(1)
            await first.kill()
            async with desk(late, port=first.port):
                await command
                assert len(late.asked) == 3
                refusals.append(StillRunning())
                with pytest.raises(StillRunning):
                    await billing.open_accounts(opening())
    held.free.set()
    await held.counter.mailbox.close()


async def test_a_call_that_was_long_under_way_is_sent_again_too() -> None:
    """How long callers wait for a peer is counted from when it went away."""
    held = Held()
    first = await Desk(held.counter).start()
    async with calling_at(first.port, patience_s=1.0) as (_, billing):
        loop = asyncio.get_running_loop()
        began = loop.time()
        with using(calling(None)):
            query = asyncio.ensure_future(billing.account(asking()))
            await held.counter.until(1)
            await until(lambda: loop.time() - began > 1.1)
            await first.kill()
            async with desk(port=first.port):
                await query
    held.free.set()
    await held.counter.mailbox.close()


async def test_a_peer_that_is_replaced_again_and_again() -> None:
    """Each time on the same port, while queries go on: every one of them is answered."""
    counter = Counter()
    current = await Desk(counter).start()
    port, done = current.port, asyncio.Event()

    async def ask() -> None:
        while not done.is_set():
            with using(calling()):
                await billing.account(asking())

    async with calling_at(port) as (_, billing), asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(ask())
        for number in range(1, 5):
            await counter.until(number * 50)
            await current.kill()
            current = await Desk(counter).start(port)
        await counter.until(250)
        done.set()
    await current.server.drain(5)


async def test_a_frozen_peer_is_noticed() -> None:
    """Whose connection stays and says nothing: calls without any limit of time fail, and go on when it is back."""
    held = Held()
    async with desk(held.counter) as there, proxied(there.port) as way, calling_at(way.port) as (peers, billing):
        with using(calling(None)):
            command = asyncio.ensure_future(billing.open_accounts(opening()))
            query = asyncio.ensure_future(billing.account(asking()))
            await held.counter.until(2)
            way.black_hole()
            with pytest.raises(Unavailable):
                await command
            assert connections(peers) == 0
            held.free.set()
            way.restore()
            await query


def test_by_default_it_is_noticed_within_three_seconds() -> None:
    """The time that a peer may be quiet, and the time to answer when it is asked."""
    settings = GrpcSettings()
    assert settings.ping_every_s + settings.ping_timeout_s <= 3.0
    assert settings.backoff_max_s <= 1.0


async def test_a_slow_way_is_not_taken_for_a_dead_one() -> None:
    """Answers that come late, but come, end nothing."""
    held = Held()
    async with desk(held.counter) as there, proxied(there.port) as way, calling_at(way.port) as (_, billing):
        with using(calling()):
            query = asyncio.ensure_future(billing.account(asking()))
            await held.counter.until(1)
            way.delay(0.1)
            began = asyncio.get_running_loop().time()
            await until(lambda: asyncio.get_running_loop().time() - began > 1.5)
            assert not query.done()
            held.free.set()
            await query
    assert len(held.counter.asked) == 1


async def test_a_peer_that_drains_cuts_nothing_off() -> None:
    """What it has taken it answers; what it has not goes to the other one, with or without a key."""
    held, other = Held(), Counter()
    first = await Desk(held.counter).start()
    async with desk(other) as second, calling_at(first.port) as (_, alone):
        with using(calling()):
            taken = [asyncio.ensure_future(alone.open_accounts(opening())) for _ in range(20)]
            await held.counter.until(20)
            async with calling_at(first.port, second.port) as (peers, billing):
                await until(lambda: connections(peers) == 2)
                drained = asyncio.ensure_future(first.server.drain(10))
                await until(lambda: connections(peers) == 1)
                await asyncio.gather(*(billing.open_accounts(opening()) for _ in range(50)))
                assert len(other.asked) == 50
                assert not drained.done()
                held.free.set()
                await asyncio.gather(*taken, drained)
    assert len(held.counter.asked) == 20


async def test_draining_under_load_loses_and_doubles_nothing() -> None:
    """Commands without a key go on all the while; each one is answered, and done once."""
    counters = [Counter(), Counter()]
    desks = [await Desk(counter).start() for counter in counters]
    sent, done = [], asyncio.Event()

    async def send() -> None:
        while not done.is_set():
            request = opening()
            sent.append(request)
            with using(calling()):
                await billing.open_accounts(request)

    async with calling_at(desks[0].port, desks[1].port) as (peers, billing):
        await until(lambda: connections(peers) == 2)
        async with asyncio.TaskGroup() as group:
            for _ in range(30):
                group.create_task(send())
            for drains in (0, 1):
                await counters[drains].until(len(counters[drains].asked) + 100)
                await desks[drains].server.drain(5)
                desks[drains] = await Desk(counters[drains]).start(desks[drains].port)
                await until(lambda: connections(peers) == 2)
            done.set()
    arrived = [request for counter in counters for request in counter.asked]
    assert len(arrived) == len(sent) == len({request.batch_id for request in sent})
    assert {id_of(request) for request in arrived} == {id_of(request) for request in sent}
    for one in desks:
        await one.server.drain(5)


def id_of(request: Message) -> object:
    """Return the id of a command."""
    return getattr(request, "batch_id", None)


async def test_a_drain_ends_in_time_whatever_is_still_running() -> None:
    """A call that does not end is broken off, and its caller told."""
    held = Held()
    there = await Desk(held.counter).start()
    async with calling_at(there.port, patience_s=0.1) as (_, billing):
        with using(calling()):
            command = asyncio.ensure_future(billing.open_accounts(opening()))
            await held.counter.until(1)
            await there.server.drain(0.1)
            with pytest.raises(Unavailable):
                await command
    held.free.set()
    await held.counter.mailbox.close()


async def test_a_caller_that_vanishes_leaves_nothing_with_the_peer() -> None:
    """Its queries are cancelled and its connection is closed, although the way says nothing of its end."""
    ended = asyncio.Event()

    async def wait(_request: GetAccount) -> Message:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError("never")

    async with (
        desk(Counter(wait), keepalive_s=0.2) as there,
        proxied(there.port) as way,
        calling_at(way.port) as (_, billing),
    ):
        with using(calling()):
            query = asyncio.ensure_future(billing.account(asking()))
        await there.counter.until(1)
        way.black_hole()
        async with asyncio.timeout(5):
            await ended.wait()
        await until(lambda: there.connections == 0 and there.sessions == 0)
        query.cancel()


async def test_a_reply_that_nobody_takes_is_not_kept_for_ever() -> None:
    """A caller that is stuck while megabytes are on their way to it is cut off like one that vanished."""
    patients = tuple(uuid4() for _ in range(20_000))
    async with desk(keepalive_s=0.3) as there, proxied(there.port) as way, calling_at(way.port) as (_, billing):
        await until(lambda: there.sessions == 1)
        with using(calling(3)):
            command = asyncio.ensure_future(billing.open_accounts(opening(*patients)))
            await there.counter.until(1)
            way.black_hole()
            with pytest.raises(Unavailable):
                await command
        await until(lambda: there.connections == 0 and there.sessions == 0)
