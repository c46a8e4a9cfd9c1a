"""What the stream of calls makes of strangers: garbage, nonsense, calls without a token, those who do not listen."""

import asyncio
import random
import socket

import grpc
import pytest
from grpclib.client import Channel
from grpclib.config import Configuration
from grpclib.const import Status
from tests.storage.waiting import until
from tests.transports.conformance.counter import Counter, asking, calling
from tests.transports.grpc.stream_ends import (
    HOST,
    Desk,
    answers,
    batch,
    calling_at,
    desk,
    raw_stream,
    request,
    status_after,
    token,
)

from careplane.kernel.context import using
from careplane.kernel.message import Message
from careplane_pb.calls.v1.calls_grpc import CallsStub
from careplane_pb.calls.v1.calls_pb2 import CallBatch

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


pytestmark = pytest.mark.usefixtures("nothing_left")


async def test_garbage_costs_its_own_connection(served: Desk) -> None:
    """Random bytes, with and without the beginning of HTTP/2, and frames that nobody knows."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - to make it again
    chance = random.Random(seed)
    async with calling_at(served.port) as (_, billing):
        for number in range(60):
            rubbish = chance.randbytes(chance.randrange(1, 3000))
            begin = (b"", PREFACE, PREFACE + SETTINGS, PREFACE + SETTINGS + b"\x00\x00\x01\x01\x04\x00\x00\x00\x01")
            await asyncio.to_thread(throw, served.port, begin[number % 4] + rubbish)
        with using(calling()):
            await billing.account(asking())
        await until(lambda: served.connections == 1)


def throw(port: int, data: bytes) -> None:
    """Send bytes and hang up."""
    with socket.create_connection((HOST, port), timeout=5) as connection:
        connection.sendall(data)


async def test_a_frame_of_an_unknown_kind_is_passed_over(served: Desk) -> None:
    """As RFC 9113 wants it: the connection lives, and answers a ping."""
    reader, writer = await asyncio.open_connection(HOST, served.port)
    unknown, ping = bytes((0, 0, 2, 0xEE, 0, 0, 0, 0, 0)) + b"hm", bytes((0, 0, 8, 6, 0, 0, 0, 0, 0)) + b"12345678"
    writer.write(PREFACE + SETTINGS + unknown + ping)
    async with asyncio.timeout(5):
        await reader.readuntil(bytes((0, 0, 8, 6, 1, 0, 0, 0, 0)) + b"12345678")
    writer.close()
    await writer.wait_closed()


async def test_two_calls_of_one_id_end_the_stream() -> None:
    """Their answers could not be told apart; what runs is given a moment, and then cancelled."""

    async def wait(_request: Message) -> Message:
        await asyncio.Event().wait()
        raise AssertionError("never")

    async with desk(Counter(wait)) as there:
        assert await status_after(there.port, batch((7, request()), (7, request()))) is Status.INVALID_ARGUMENT


async def test_what_is_no_batch_ends_the_stream(served: Desk) -> None:
    """It is said why."""
    assert await status_after(served.port, b"\xff\xff\xff\xff\xff") is Status.INVALID_ARGUMENT


async def test_compressed_messages_are_refused(served: Desk) -> None:
    """As gRPC wants it of a server that knows no compression: a small message could unfold to a huge one."""

    def call() -> grpc.StatusCode:
        compression = grpc.Compression.Gzip
        with grpc.insecure_channel(f"{HOST}:{served.port}", compression=compression) as channel:
            replies = channel.stream_stream("/careplane_pb.calls.v1.Calls/Exchange")(iter([b"x" * 100]), timeout=5)
            with pytest.raises(grpc.RpcError) as caught:
                next(replies)
            code: grpc.StatusCode = caught.value.code()
            return code

    assert await asyncio.to_thread(call) is grpc.StatusCode.UNIMPLEMENTED


async def test_calls_without_a_good_token_are_refused(served: Desk) -> None:
    """One that is missing, one for another component, and one that is no token; those with a good one are answered."""
    message = batch((1, request()), tokens=[token(), token(audience="patient"), "ey.no.token"])
    for number, which in enumerate((1, 2, 3, 4_000_000_000), start=2):
        call = message.calls.add(id=number, path="billing/account", request=request())
        call.circumstances.token = which
    async with raw_stream(served.port) as stream:
        await stream.send_message(message, end=True)
        found = await answers(stream, 5)
        assert await stream.recv_message() is None
    assert {number: reply.error.code for number, reply in found.items()} == {
        1: "",
        **dict.fromkeys((2, 3, 4, 5), "UNAUTHENTICATED"),
    }
    assert len(served.counter.asked) == 1


async def test_a_method_that_is_not_there_and_a_request_that_is_none(served: Desk) -> None:
    """Each costs its own call."""
    async with raw_stream(served.port) as stream:
        message = batch((1, request()), (2, b"\xff\xff"))
        message.calls.add(id=3, path="billing/nothing")
        message.calls.add(id=4, path="patient/register")
        await stream.send_message(message, end=True)
        found = await answers(stream, 4)
        assert await stream.recv_message() is None
    codes = {number: reply.error.code for number, reply in found.items()}
    assert codes == {1: "", 2: "INVALID_ARGUMENT", 3: "UNIMPLEMENTED", 4: "UNAUTHENTICATED"}


async def test_who_calls_and_does_not_listen_is_not_listened_to() -> None:
    """What waits to be said to it is bounded; once it listens it hears all of it."""
    narrow = Configuration(http2_stream_window_size=65_536, http2_connection_window_size=65_536)
    async with (
        desk(calls_in_flight=10) as there,
        Channel(HOST, there.port, config=narrow) as channel,
        CallsStub(channel).Exchange.open() as stream,
    ):
        sent = 0
        for begin in range(1, 4_001, 10):
            calls = batch(*((begin + number, b"") for number in range(10)), tokens=())
            await stream.send_message(calls)
            sent += 5 + calls.ByteSize()
        (connection,) = there.server._listener.connections
        (session,) = there.server._exchange.sessions
        await until(lambda: connection.connection.data_received == sent and session.under_way > 20)
        assert session.under_way <= 30
        assert len(await answers(stream, 4_000)) == 4_000
        await stream.end()


async def test_a_ping_is_answered(served: Desk) -> None:
    """With its own number."""
    async with raw_stream(served.port) as stream:
        await stream.send_message(CallBatch(ping=77), end=True)
        reply = await stream.recv_message()
        assert reply is not None
        assert (reply.pong, list(reply.replies)) == (77, [])
        assert await stream.recv_message() is None


async def test_a_caller_that_does_not_hear_that_we_drain_is_left() -> None:
    """Its later calls are refused as not started, and the connection ends in a bounded time."""
    there = await Desk(Counter()).start()
    async with raw_stream(there.port) as stream:
        await stream.send_message(batch((1, request())))
        assert set(await answers(stream, 1)) == {1}
        drained = asyncio.ensure_future(there.server.drain(20))
        notice = await stream.recv_message()
        assert notice is not None
        assert notice.draining
        await stream.send_message(batch((2, request())))
        (refusal,) = (await answers(stream, 1)).values()
        assert (refusal.error.code, refusal.error.not_started) == ("UNAVAILABLE", True)
        async with asyncio.timeout(10):
            await drained
    assert len(there.counter.asked) == 1
