"""The listener for Prometheus: GET /metrics on an internal address of its own, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPEN_METRICS
from prometheus_client.openmetrics.exposition import generate_latest

from careplane.kernel.errors import FailedPrecondition

_HEAD_BYTES: Final = 8192
_SECONDS: Final = 5.0
_AT_ONCE: Final = 16
_TEXT: Final = "text/plain; charset=utf-8"


@asynccontextmanager
async def showing(registry: CollectorRegistry, host: str, port: int) -> AsyncIterator[int]:
    """Show the registry for the body, which gets the port; raise FailedPrecondition if it cannot be had."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS), turns:
                request_line = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0]
                writer.write(_answer(request_line, registry))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # somebody who does not speak HTTP, or has gone: there is nobody to tell
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(talk, host, port, limit=_HEAD_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        detail = f"Cannot show metrics on {host}:{port}: {reason}. Choose another port, or 0 for none."
        raise FailedPrecondition(detail) from None
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def _answer(request_line: bytes, registry: CollectorRegistry) -> bytes:
    method, _, rest = request_line.partition(b" ")
    target = rest.partition(b" ")[0].partition(b"?")[0]
    if target != b"/metrics":
        return _written("404 Not Found", _TEXT, b"There is only /metrics here.\n")
    if method not in (b"GET", b"HEAD"):
        return _written("405 Method Not Allowed\r\nAllow: GET, HEAD", _TEXT, b"Only GET is answered here.\n")
    body: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return _written("200 OK", OPEN_METRICS, body, head=method == b"HEAD")


def _written(status: str, media: str, body: bytes, *, head: bool = False) -> bytes:
    fields = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return fields.encode() + (b"" if head else body)
