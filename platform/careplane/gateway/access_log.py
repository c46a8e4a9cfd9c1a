"""The access log: a line a request, with the route's template, never the path or the query, which may name somebody."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
import structlog

from careplane.kernel.clock import Clock
from careplane.kernel.context import Context, using

AccessLog = Callable[[Context, str, str, int, float], None]
"""Notes a request: its context, method, route template, status and seconds."""

_FAULT: Final = 500
_AWAY: Final = 503
_log = structlog.get_logger("careplane.access")


def write_access(context: Context, method: str, route: str, status: int, seconds: float) -> None:
    """Write the line through structlog, in whatever form that has been configured."""
    write = getattr(_log, _level(status))
    with using(context):
        write("request", method=method, route=route, status=status, ms=_ms(seconds), user=context.principal.id)


class _Line(msgspec.Struct, frozen=True):
    timestamp: datetime
    level: str
    event: str
    method: str
    route: str
    status: int
    ms: float
    user: str
    request_id: str
    trace_id: str


class JsonAccessLog:
    """Writes the same lines as JSON without structlog's chain of processors, which takes as long as the request.

    All lines of one turn of the event loop are written together.
    """

    def __init__(self, write: Callable[[str], object], clock: Clock) -> None:
        """Give text of whole lines to `write`."""
        self._write = write
        self._clock = clock
        self._lines: list[_Line] = []
        self._encode = msgspec.json.Encoder().encode_lines

    def __call__(self, context: Context, method: str, route: str, status: int, seconds: float) -> None:
        """Note a request."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(
            _Line(
                self._clock.now(),
                _level(status),
                "request",
                method,
                route,
                status,
                _ms(seconds),
                context.principal.id,
                context.request_id,
                context.trace.trace_id,
            )
        )

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        self._write(self._encode(lines).decode())


def _level(status: int) -> str:
    """Return how bad an answer is: a fault of ours is an error, something that is away or too busy is not one yet."""
    if status == _AWAY:
        return "warning"
    return "error" if status >= _FAULT else "info"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
