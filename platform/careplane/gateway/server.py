"""The server: granian in our own event loop, checked before it starts and drained when it stops."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar.types import ASGIApp

from careplane.kernel.errors import FailedPrecondition

GRACE_SECONDS: Final = 10.0
HEADER_MILLISECONDS: Final = 5_000
BUFFER_BYTES: Final = 64 * 1024
BACKLOG: Final = 1024
_START_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.005
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def serving(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    grace_s: float = GRACE_SECONDS,
    ended: Callable[[], None] = lambda: None,
) -> AsyncIterator[int]:
    """Serve `app` for the body, which gets the port (for port 0 a free one); raise FailedPrecondition if it is taken.

    At the end nothing new is accepted, and what is in flight has `grace_s` seconds to be answered. Should the server
    end by itself before, `ended` is called.
    """
    address, port = free_address(host, port)
    server = Server(
        app,
        address=address,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=BUFFER_BYTES),
        websockets=False,
        backlog=BACKLOG,
        log_enabled=False,
    )
    running = asyncio.create_task(server.serve(), name="gateway server")
    try:
        await _listening(running, address, port)
        running.add_done_callback(lambda _: ended())
        yield port
    finally:
        await _stop(server, running, grace_s)


def free_address(host: str, port: int) -> tuple[str, int]:
    """Return the numeric address and port to listen on; raise FailedPrecondition for one that cannot be had.

    Granian binds with SO_REUSEPORT, so a port that is taken would be shared in silence; this asks first.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            name = probe.getsockname()
            return str(name[0]), int(name[1])
    except OSError as error:
        reason = error.strerror or type(error).__name__
        detail = f"Cannot listen on {host}:{port}: {reason}. Choose another http.port (--port) or metrics.port."
        raise FailedPrecondition(detail) from None


async def _listening(running: asyncio.Task[None], address: str, port: int) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not await _connects(address, port):
                if running.done():
                    running.result()
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        detail = f"The server did not listen on {address}:{port} within {_START_SECONDS:g} seconds. Start it again."
        raise FailedPrecondition(detail) from None


async def _connects(address: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(address, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def _stop(server: Server, running: asyncio.Task[None], grace_s: float) -> None:
    server.stop()  # type: ignore[no-untyped-call]
    try:
        async with asyncio.timeout(grace_s):
            await running
    except TimeoutError:
        _log.warning("requests were still in flight when the time to stop was over", grace_s=grace_s)
