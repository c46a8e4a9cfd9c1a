"""The access log: the same line through structlog and without it."""

import asyncio
import io

import msgspec
import structlog
from structlog.testing import capture_logs
from tests.gateway.stand_ins import NOW

from careplane.gateway.access_log import JsonAccessLog, write_access
from careplane.kernel.clock import FixedClock
from careplane.kernel.context import Context, Trace
from careplane.kernel.principal import Principal

CONTEXT = Context(principal=Principal(id="user-1"), request_id="r-1", trace=Trace(trace_id="a" * 32))


async def test_a_line_is_written_as_json() -> None:
    """With both ids, and a level that tells a fault of ours."""
    out = io.StringIO()
    log = JsonAccessLog(out.write, FixedClock(NOW))
    log(CONTEXT, "GET", "/api/patients/{patient_id}", 200, 0.0012345)
    log(CONTEXT, "GET", "/api/patients/{patient_id}", 503, 0.5)
    await asyncio.sleep(0)
    first, second = (msgspec.json.decode(line) for line in out.getvalue().splitlines())
    assert first == {
        "timestamp": "2025-01-15T09:30:00Z",
        "level": "info",
        "event": "request",
        "method": "GET",
        "route": "/api/patients/{patient_id}",
        "status": 200,
        "ms": 1.23,
        "user": "user-1",
        "request_id": "r-1",
        "trace_id": "a" * 32,
    }
    assert (second["level"], second["status"]) == ("warning", 503)


def test_structlog_gets_the_same_line() -> None:
    """The ids are added there from the context."""
    structlog.reset_defaults()
    with capture_logs() as lines:
        write_access(CONTEXT, "GET", "/x", 500, 0.001)
    expected = {"method": "GET", "route": "/x", "status": 500, "ms": 1.0, "user": "user-1"}
    assert lines == [{"event": "request", "log_level": "error", **expected}]
