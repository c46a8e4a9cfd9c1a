"""What the stream of calls bounds: messages, whole requests and replies, calls under way, and connections."""

import asyncio
from uuid import uuid4

import pytest
from grpclib.client import Channel, Stream
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from tests.storage.waiting import until
from tests.transports.conformance.counter import Counter, answering_when, asking, calling, opening, refused_when_full
from tests.transports.grpc.stream_ends import (
    HOST,
    Desk,
    answers,
    batch,
    calling_at,
    client,
    connections,
    desk,
    request,
)

from careplane.components.billing.api import BILLING
from careplane.kernel.context import using
from careplane.kernel.errors import InvalidArgument, Unavailable
from careplane.kernel.invoke import proxy
from careplane_pb.calls.v1.calls_grpc import CallsStub
from careplane_pb.calls.v1.calls_pb2 import CallBatch, ReplyBatch
from careplane_transports.grpc.http2 import Inbound

pytestmark = pytest.mark.usefixtures("nothing_left")


async def test_a_message_that_is_too_large_is_refused_unread() -> None:
    """Its stream ends, with what was taken before answered; the connection and other streams go on."""
    free = asyncio.Event()

    async def send_too_much(stream: Stream[CallBatch, ReplyBatch]) -> None:
        async with stream as bad:
            await bad.send_message(batch((1, request())))
            await there.counter.until(2)
            sending = asyncio.ensure_future(bad.send_message(batch((2, bytes(9 << 20)))))
            free.set()
            assert set(await answers(bad, 1)) == {1}
            await asyncio.wait((sending,))
            await bad.recv_message()

    async with desk(Counter(answering_when(free))) as there, Channel(HOST, there.port) as channel:
        calls = CallsStub(channel)
        async with calls.Exchange.open() as good:
            await good.send_message(batch((1, request())))
            with pytest.raises(GRPCError) as caught:
                await send_too_much(calls.Exchange.open())
            assert caught.value.status is Status.RESOURCE_EXHAUSTED
            assert set(await answers(good, 1)) == {1}
            (connection,) = there.server._listener.connections
            assert connection.connection.data_received < 3 << 20
            await good.end()


async def test_no_more_of_a_message_is_kept_than_is_allowed() -> None:
    """Its length is read first, and refused."""
    acknowledged: list[int] = []
    inbound = Inbound(acknowledged.append, 1000)
    inbound.add(b"x" * 1001, 1001)
    with pytest.raises(GRPCError, match="may have 1000 bytes, this one has 1001"):
        await inbound.read(1001)
    assert acknowledged == []
    assert await inbound.read(1000) == b"x" * 1000


async def test_an_empty_frame_is_no_end() -> None:
    """Whatever grpclib makes of one; and an end within a message is said to be one."""
    inbound = Inbound(lambda _: None, 1000)
    inbound.add(b"", 0)
    inbound.add(b"abc", 3)
    assert await inbound.read(3) == b"abc"
    inbound.add(b"de", 2)
    inbound.eof()
    with pytest.raises(GRPCError, match="ended within a message"):
        await inbound.read(3)


async def test_requests_and_replies_beyond_all_pieces_are_refused(served: Desk) -> None:
    """With an error that says so, and nothing else suffers."""
    ids = [uuid4() for _ in range(3_000)]
    async with desk(call_bytes=65_536) as narrow, calling_at(narrow.port) as (_, billing):
        with using(calling()):
            with pytest.raises(InvalidArgument, match="The request is larger than 65536 bytes"):
                await billing.open_accounts(opening(*ids))
            with pytest.raises(InvalidArgument, match="The answer is larger than 65536 bytes"):
                await billing.open_accounts(opening(*ids[:1_000]))
            await billing.account(asking())
    async with calling_at(served.port, call_bytes=65_536) as (_, billing):
        with using(calling()), pytest.raises(InvalidArgument, match="The request is larger"):
            await billing.open_accounts(opening(*ids))
    assert served.counter.asked == []


@pytest.mark.parametrize("here", [True, False], ids=["the caller's", "the server's"])
async def test_too_many_calls_under_way_are_refused_at_once(here: bool) -> None:
    """By whichever side's bound comes first; those that were taken are answered."""
    free = asyncio.Event()
    bounds = {"calls_in_flight": 3}
    async with (
        desk(Counter(answering_when(free)), **({} if here else bounds)) as there,
        calling_at(there.port, **(bounds if here else {})) as (_, billing),
    ):
        with using(calling()):
            refusal = await refused_when_full(billing, there.counter, free)
    assert refusal.retry_after
    assert len(there.counter.asked) == 4


async def test_too_many_connections_are_closed() -> None:
    """Those that there are stay; when one ends there is room again."""
    async with desk(connections=1) as there, calling_at(there.port) as (others, other):
        await until(lambda: connections(others) == 1)
        late = client(there.port)
        await late.start()
        with using(calling(0.3)), pytest.raises(Unavailable):
            await proxy(BILLING, late).account(asking())
        with using(calling()):
            await other.account(asking())
        assert (connections(others), connections(late)) == (1, 0)
        await others.close()
        with using(calling()):
            await proxy(BILLING, late).account(asking())
        await late.close()
