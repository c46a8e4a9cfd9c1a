"""Which process of a peer gets a call: the least busy that is alive, as the names say where they are, and how often."""

import asyncio
import socket
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from tests.ports import free_port
from tests.storage.waiting import until
from tests.transports.conformance.counter import Counter, account, answering_when, asking, calling, opening
from tests.transports.grpc.stream_ends import HOST, TOKENS, Desk, calling_at, client, connections, desk

from careplane.components.billing.api import BILLING, GetAccount
from careplane.components.patient.api import PATIENT
from careplane.kernel.context import using
from careplane.kernel.errors import DeadlineExceeded, NotFound, Unavailable, Unimplemented
from careplane.kernel.invoke import proxy
from careplane.kernel.message import Message
from careplane_transports.grpc.peers import Peers
from careplane_transports.grpc.settings import GrpcSettings

pytestmark = pytest.mark.usefixtures("nothing_left")


async def test_calls_are_spread_over_the_processes() -> None:
    """One after the other they go round; those that wait count."""
    free = asyncio.Event()
    async with (
        desk() as quick,
        desk(Counter(answering_when(free))) as slow,
        calling_at(quick.port, slow.port) as (peers, billing),
    ):
        await until(lambda: connections(peers) == 2)
        with using(calling()):
            held = [asyncio.ensure_future(billing.account(asking())) for _ in range(2)]
            await slow.counter.until(1)
            for _ in range(20):
                await billing.account(asking())
            free.set()
            await asyncio.gather(*held)
        assert len(slow.counter.asked) == 1
        with using(calling()):
            for _ in range(20):
                await billing.account(asking())
        assert 10 <= len(slow.counter.asked) <= 12


async def test_one_of_two_addresses_may_be_dead() -> None:
    """Every call goes to the other one, without a try in vain."""
    async with desk() as there, calling_at(free_port(), there.port) as (peers, billing):
        with using(calling()):
            for _ in range(20):
                await billing.open_accounts(opening())
        await peers.check("billing")
        assert len(there.counter.asked) == 20


async def test_whoever_is_not_there_yet_is_waited_for() -> None:
    """A call that comes before its peer is answered when the peer is there."""
    port = free_port()
    async with calling_at(port) as (peers, billing):
        with pytest.raises(Unavailable, match="'billing' can be reached"):
            await peers.check("billing")
        with using(calling()):
            call = asyncio.ensure_future(billing.open_accounts(opening()))
            async with desk(port=port):
                await call
                await peers.check("billing")


async def test_but_not_for_ever() -> None:
    """After so long, or when their own time is over, callers are told that nothing was started."""
    async with calling_at(free_port(), patience_s=0.2) as (_, billing):
        for seconds in (None, 20, 0.1):
            with using(calling(seconds)), pytest.raises(Unavailable) as caught:
                await billing.open_accounts(opening())
            assert caught.value.retry_after
        with using(calling(-1)), pytest.raises(DeadlineExceeded):
            await billing.open_accounts(opening())


async def test_those_that_a_name_leads_to_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that comes is used; one that is named no more is kept until it ends; no name at all changes nothing."""
    places: list[int] | None = []

    async def look_up(*_: Any, **__: Any) -> list[Any]:
        if places is None:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOST, port)) for port in places]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    settings = GrpcSettings(peers={"billing": "billing.internal:50051"}, resolve_every_s=0.05, backoff_max_s=0.05)
    first, second = await Desk(Counter()).start(), await Desk(Counter()).start()
    peers = Peers(settings, [BILLING], TOKENS)
    await peers.start()
    try:
        places = [first.port]
        await until(lambda: connections(peers) == 1)
        places = [first.port, second.port]
        await until(lambda: connections(peers) == 2)
        places = None
        await second.kill()
        await until(lambda: connections(peers) == 1)
        places = [second.port]
        with using(calling()):
            await proxy(BILLING, peers).account(asking())
        assert len(first.counter.asked) == 1
        await first.server.drain(5)
        await until(lambda: len(peers._peers["billing"].addresses) == 1)
    finally:
        await peers.close()


@pytest.mark.parametrize("name", ["no.such.name.invalid", "no..name", "x" * 64])
async def test_a_name_that_cannot_be_looked_up_does_not_stand_in_the_way_of_another(name: str) -> None:
    """The container of one process is down, and its name with it; or it was never a name. That is said, once."""
    async with desk() as there:
        settings = GrpcSettings(peers={"billing": f"{name}:1, {HOST}:{there.port}"}, resolve_every_s=0.05)
        peers = Peers(settings, [BILLING], TOKENS)
        with capture_logs() as said:
            await peers.start()
            with using(calling()):
                await proxy(BILLING, peers).account(asking())
            await peers.close()
        assert [line["at"] for line in said if "looked up" in line["event"]] == [name]


async def test_one_that_is_named_no_more_still_answers_what_it_has_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """It drains, and the names do not lead to it any more: the call under way gets its answer."""
    free = asyncio.Event()

    async def wait(request: Message) -> Message:
        await free.wait()
        return await second.counter.accounts(request)

    first, second = await Desk(Counter(wait)).start(), await Desk(Counter()).start()
    places = [first.port]

    async def look_up(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOST, port)) for port in places]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    peers = Peers(GrpcSettings(peers={"billing": "billing:1"}, resolve_every_s=0.02), [BILLING], TOKENS)
    await peers.start()
    with using(calling()):
        call = asyncio.ensure_future(proxy(BILLING, peers).open_accounts(opening()))
        await first.counter.until(1)
        draining = asyncio.ensure_future(first.server.drain(10))
        places = [second.port]
        await until(lambda: connections(peers) == 1 and second.connections == 1)
        for _ in range(5):
            await proxy(BILLING, peers).account(asking())
        free.set()
        await asyncio.gather(call, draining)
    await until(lambda: len(peers._peers["billing"].addresses) == 1)
    await peers.close()
    await second.server.drain(5)


async def test_an_address_that_never_answers_is_left_alone_for_a_while() -> None:
    """After failures in a row calls fail at once; when the while is over one tries, and if it succeeds all may."""
    silent = True

    async def answer(query: GetAccount) -> Message:
        if silent:
            await asyncio.Event().wait()
        return account(query.patient_id)

    said: dict[str, Any] = {"breaker_failures": 3, "breaker_open_s": 0.5}
    async with desk(Counter(answer)) as there, calling_at(there.port, **said) as (peers, billing):
        for _ in range(3):
            with using(calling(0.05)), pytest.raises(DeadlineExceeded):
                await billing.account(asking())
        assert peers.gauges["breakers_open"]() == 1
        with using(calling()), pytest.raises(Unavailable):
            await billing.account(asking())
        assert len(there.counter.asked) == 3
        silent = False

        async def works() -> bool:
            try:
                with using(calling()):
                    await billing.account(asking())
            except Unavailable:
                return False
            return True

        await until(works)
        assert peers.gauges["breakers_open"]() == 0
        assert await works()


async def test_errors_that_are_answers_open_no_breaker() -> None:
    """Whoever says no, says something."""

    async def refuse(_query: GetAccount) -> Message:
        raise NotFound

    async with desk(Counter(refuse)) as there, calling_at(there.port, breaker_failures=1) as (peers, billing):
        for _ in range(3):
            with using(calling()), pytest.raises(NotFound):
                await billing.account(asking())
        assert peers.gauges["breakers_open"]() == 0


async def test_a_component_that_is_not_available_is_asked_elsewhere() -> None:
    """One process of two has lost what it stands on: queries get their answer from the other, out of the budget."""

    async def refuse(_request: Message) -> Message:
        raise Unavailable

    ill, well = Counter(refuse), Counter()
    async with desk(ill) as one, desk(well) as other, calling_at(one.port, other.port) as (peers, billing):
        await until(lambda: connections(peers) == 2)
        with using(calling()):
            for _ in range(10):
                await billing.account(asking())
        assert len(well.asked) == 10
        assert len(ill.asked) == peers.gauges["retries"]()
        with using(calling()):
            outcomes = await asyncio.gather(
                *(billing.open_accounts(opening()) for _ in range(10)), return_exceptions=True
            )
        assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) == 5
    async with desk(ill) as one, calling_at(one.port) as (peers, billing):
        with using(calling()), pytest.raises(Unavailable):
            await billing.account(asking())
        assert peers.gauges["retries"]() == 0


async def test_tries_come_out_of_a_budget() -> None:
    """When every call fails on the way, a share of them is tried again, and no more."""
    ill: list[UUID] = []

    async def refuse(query: GetAccount) -> Message:
        ill.append(query.patient_id)
        raise Unavailable

    async with (
        desk(Counter(refuse)) as one,
        desk(Counter(refuse)) as other,
        calling_at(one.port, other.port, retry_share=0.1) as (peers, billing),
    ):
        await until(lambda: connections(peers) == 2)
        with using(calling()):
            await asyncio.gather(*(billing.account(asking()) for _ in range(200)), return_exceptions=True)
        retries = peers.gauges["retries"]()
        assert len(ill) == 200 + retries
        assert 10 <= retries <= 10 + 20 + 2


async def test_closing_fails_what_is_under_way() -> None:
    """Nobody waits for ever for a client that has ended."""

    async def wait(_request: Message) -> Message:
        await asyncio.Event().wait()
        raise AssertionError("never")

    async with desk(Counter(wait)) as there:
        peers = client(there.port, patience_s=0.2)
        await peers.start()
        with using(calling(None)):
            call = asyncio.ensure_future(proxy(BILLING, peers).account(asking()))
            await there.counter.until(1)
            await peers.close()
            with pytest.raises(Unavailable):
                await call
        await until(lambda: there.connections == 0)


async def test_only_known_components_can_be_named() -> None:
    """A peer of no component is a mistake of the settings, and a component without a peer has no way."""
    with pytest.raises(TypeError, match=r"grpc\.peers names pharmacy"):
        Peers(GrpcSettings(peers={"pharmacy": "somewhere:1"}), [BILLING], TOKENS)
    peers = Peers(GrpcSettings(), [BILLING, PATIENT], TOKENS)
    with using(calling()), pytest.raises(Unimplemented, match="'billing' does not run here"):
        await proxy(BILLING, peers).account(asking())
