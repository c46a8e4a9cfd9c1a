"""Both ends of the stream of calls for tests: servers that can be killed, clients that are quick to notice."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from grpclib.client import Channel, Stream
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from tests.faults.proxy import Link as Proxied
from tests.storage.waiting import until
from tests.transports.conformance.counter import Counter, asking
from tests.wirings.over_grpc import call_keys

from careplane.app.clock import SystemClock
from careplane.components.billing.api import BILLING, Billing
from careplane.kernel.invoke import proxy
from careplane.kernel.principal import Principal
from careplane_pb.calls.v1.calls_grpc import CallsStub
from careplane_pb.calls.v1.calls_pb2 import CallBatch, Reply, ReplyBatch
from careplane_transports.grpc.peers import Peers
from careplane_transports.grpc.server import CallServer
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.grpc.tokens import CallTokens
from careplane_transports.wire.contract import contract_codecs

HOST = "127.0.0.1"
ACCOUNT = contract_codecs(BILLING)["account"]
TOKENS = CallTokens(call_keys(), SystemClock())
QUICK = {"ping_every_s": 0.2, "ping_timeout_s": 0.4, "backoff_max_s": 0.1, "breaker_open_s": 0.3, "patience_s": 5.0}
"""Settings under which a test need not wait for long."""


@asynccontextmanager
async def leaving_nothing() -> AsyncIterator[None]:
    """Let the body leave no task and no file descriptor behind."""
    tasks, files = asyncio.all_tasks(), _open_files()
    yield
    tasks |= {task for task in (asyncio.current_task(),) if task is not None}  # a fixture's end has a task of its own
    await until(lambda: asyncio.all_tasks() <= tasks and _open_files() <= files)


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - it counts


class Desk:
    """A server of billing's counter, as a process has one."""

    def __init__(self, counter: Counter, **said: Any) -> None:
        """Be about to serve under these settings."""
        self.counter = counter
        self.server = CallServer(GrpcSettings(**said), {BILLING: counter.door}, TOKENS, counter.report)

    async def start(self, port: int = 0) -> "Desk":
        """Listen on a port of this machine."""
        await self.server.start(socket.create_server((HOST, port)))
        return self

    @property
    def port(self) -> int:
        """The port."""
        return self.server.address[1]

    @property
    def sessions(self) -> int:
        """How many streams it has."""
        return len(self.server._exchange.sessions)

    @property
    def connections(self) -> int:
        """How many connections it has."""
        return len(self.server._listener.connections)

    async def kill(self) -> None:
        """End as a process that is killed: connections break off, and nobody listens any more."""
        listener = self.server._listener
        listener.stop_listening()
        for connection in tuple(listener.connections):
            connection.abort()
        await listener.end()


@asynccontextmanager
async def desk(counter: Counter | None = None, *, port: int = 0, **said: Any) -> AsyncIterator[Desk]:
    """Serve for the body."""
    made = await Desk(counter or Counter(), **said).start(port)
    try:
        yield made
    finally:
        await made.server.drain(5)


@asynccontextmanager
async def proxied(port: int) -> AsyncIterator[Proxied]:
    """Put a proxy before a port for the body."""
    link = Proxied("billing", (HOST, port))
    await link.open()
    try:
        yield link
    finally:
        await link.close()


@asynccontextmanager
async def calling_at(*ports: int, **said: Any) -> AsyncIterator[tuple[Peers, Billing]]:
    """Be a client of the servers at these ports for the body."""
    peers = client(*ports, **said)
    await peers.start()
    try:
        yield peers, proxy(BILLING, peers)
    finally:
        await peers.close()


def client(*ports: int, **said: Any) -> Peers:
    """Make a client that has yet to be started."""
    places = ",".join(f"{HOST}:{port}" for port in ports)
    return Peers(GrpcSettings(**{**QUICK, "peers": {"billing": places}, **said}), [BILLING], TOKENS)


def connections(peers: Peers) -> int:
    """Return how many live connections the client has."""
    return int(peers.gauges["connections"]())


@asynccontextmanager
async def raw_stream(port: int, **said: Any) -> AsyncIterator[Stream[CallBatch, ReplyBatch]]:
    """Give a stream of grpclib's own, on which a test may say what no client of ours would."""
    async with Channel(HOST, port) as channel, CallsStub(channel).Exchange.open(**said) as stream:
        await stream.send_request()
        yield stream


def batch(
    *requests: tuple[int, bytes], tokens: Sequence[str] | None = None, path: str = "billing/account"
) -> CallBatch:
    """Return a message with calls of these ids, in the name of the clerk."""
    made = CallBatch(tokens=[token()] if tokens is None else tokens)
    for number, request in requests:
        made.calls.add(id=number, path=path, request=request)
    return made


def token(principal: Principal | None = None, audience: str = "billing") -> str:
    """Return a token of the gateway."""
    clerk = Principal("clerk", (), frozenset({"billing:open", "billing:read"}))
    return TOKENS.sign(principal or clerk, "gateway", audience)


def request() -> bytes:
    """Return a query as it travels."""
    return ACCOUNT.request.encode(asking())


async def answers(stream: Stream[CallBatch, ReplyBatch], number: int) -> dict[int, Reply]:
    """Return that many replies by their ids."""
    found: dict[int, Reply] = {}
    async for replies in stream:
        found |= {reply.id: reply for reply in replies.replies}
        if len(found) >= number:
            break
    return found


async def status_after(port: int, message: CallBatch | bytes) -> Status:
    """Send a message, and return what the stream ends with."""
    content = message if isinstance(message, bytes) else message.SerializeToString()
    try:
        async with raw_stream(port) as stream:
            await stream._stream.send_data(b"\x00" + len(content).to_bytes(4, "big") + content)
            await stream.recv_message()
            await stream.end()
    except GRPCError as error:
        return error.status
    return Status.OK
