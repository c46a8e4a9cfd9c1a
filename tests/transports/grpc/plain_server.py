"""A server of billing's books for tests, as a process has one, on a port of this machine."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct
from tests.transports.grpc.books import TOKENS, Books

from careplane.components.billing.api import BILLING
from careplane.kernel.contract import Method
from careplane_transports.grpc.beside import Beside
from careplane_transports.grpc.server import CallServer
from careplane_transports.grpc.settings import GrpcSettings


class Desk(Struct, frozen=True):
    """The server, what it answers beside the stream of calls, and the faults it has reported."""

    server: CallServer
    beside: Beside
    faults: list[Exception]


@asynccontextmanager
async def serving(
    books: Books, *, checks: Any = None, sample: Any = None, **said: Any
) -> AsyncIterator[tuple[int, Desk]]:
    """Serve the books with these settings until the body ends, or has drained the server."""
    faults: list[Exception] = []

    def report(_method: Method, error: Exception) -> None:
        faults.append(error)

    settings, components = GrpcSettings(**said), {BILLING: books.door}
    beside = Beside(settings, components, TOKENS, report, checks=checks, sample=sample)
    server = CallServer(settings, components, TOKENS, report, beside=beside)
    listening = socket.create_server(("127.0.0.1", 0))
    await server.start(listening)
    try:
        yield listening.getsockname()[1], Desk(server, beside, faults)
    finally:
        await server.drain(10)
