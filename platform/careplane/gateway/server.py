"""The server: granian in our own event loop, on a socket of ours, and drained when it stops."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar.types import ASGIApp

from careplane.gateway.settings import HEAD_SECONDS
from careplane.kernel.errors import FailedPrecondition

GRACE_SECONDS: Final = 10.0
STALL_SECONDS: Final = 30.0
"""How long an answer may lie about that the client does not take."""

HEAD_BYTES: Final = 16 * 1024
CONNECTIONS: Final = 4096
"""How many are served at once; the next ones wait to be accepted, `BACKLOG` of them."""

BACKLOG: Final = 1024
_OTHER_FILES: Final = 256
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def serving(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    grace_s: float = GRACE_SECONDS,
    head_s: float = HEAD_SECONDS,
    stall_s: float = STALL_SECONDS,
    ended: Callable[[], None] = lambda: None,
) -> AsyncIterator[int]:
    """Serve `app` for the body, which gets the port (for port 0 a free one); raise FailedPrecondition if it is taken.

    At the end nothing new is accepted, and what is in flight has `grace_s` seconds to be answered. Should the server
    end by itself before, `ended` is called.
    """
    with _bound(host, port) as listener:
        port = int(listener.getsockname()[1])
        server = _Granian(app, listener, head_s, stall_s)
        running = asyncio.create_task(server.serve(), name="gateway server")
        try:
            await asyncio.sleep(0)
            if running.done():
                running.result()
            running.add_done_callback(lambda _: ended())
            yield port
        finally:
            await _stop(server, running, grace_s)


def free_address(host: str, port: int) -> tuple[str, int]:
    """Return the numeric address and port to listen on; raise FailedPrecondition for one that cannot be had."""
    with _bound(host, port) as probe:
        name = probe.getsockname()
        return str(name[0]), int(name[1])


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        detail = f"Cannot listen on {host}:{port}: {reason}. Choose another http.port (--port) or metrics.port."
        raise FailedPrecondition(detail) from None
    return bound


class _Granian(Server):
    """Granian on a socket of ours, for its own would share a taken port in silence, and wait for ever for a client."""

    def __init__(self, app: ASGIApp, listener: socket.socket, head_s: float, stall_s: float) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=int(head_s * 1000), max_buffer_size=HEAD_BYTES),
            websockets=False,
            backlog=BACKLOG,
            backpressure=_places(),
            log_enabled=False,
        )
        self._listener = listener
        # Accepted sockets inherit both: an answer is sent at once, and who does not take it is hung up on.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(stall_s * 1000))

    def _init_shared_socket(self) -> None:
        self._listener.listen(BACKLOG)
        self._listener.setblocking(False)  # noqa: FBT003 - its only argument
        # From here on the socket is Granian's own to close.
        self._shd = SocketHolder(self._listener.detach(), False, BACKLOG)  # type: ignore[call-arg, assignment]  # noqa: FBT003


def _places() -> int:
    """Return how many connections may be open: no more than there are files for, of which as many as wanted are had."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + _OTHER_FILES
    if 0 <= soft < wanted and (hard < 0 or soft < hard):
        soft = wanted if hard < 0 else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS if soft < 0 else max(1, min(CONNECTIONS, soft - _OTHER_FILES))


async def _stop(server: Server, running: asyncio.Task[None], grace_s: float) -> None:
    server.stop()  # type: ignore[no-untyped-call]
    try:
        async with asyncio.timeout(grace_s):
            await running
    except TimeoutError:
        _log.warning("requests were still in flight when the time to stop was over", grace_s=grace_s)
