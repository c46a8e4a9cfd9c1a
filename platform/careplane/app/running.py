"""Running the platform until it is told to stop: components, gateway and metrics up in order, and down again."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import structlog

from careplane.app.catalog import Entry
from careplane.app.front import follow_identity, host_metrics, make_front
from careplane.app.host import Host
from careplane.app.logs import log_loop_exception
from careplane.app.memory import settle_memory
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.gateway.metrics import Metrics
from careplane.gateway.metrics_listener import showing
from careplane.gateway.server import serving

_log = structlog.get_logger(__name__)

Prepare = Callable[[Host], Awaitable[None]]
Announce = Callable[[], None]


async def run_until_stopped(
    settings: Settings,
    entries: tuple[Entry, ...],
    urls: Mapping[str, str],
    *,
    cursor_secret: bytes,
    prepare: Prepare,
    announce: Announce,
) -> None:
    """Run components and gateway until SIGINT or SIGTERM; raise SetupError when a component cannot be kept running.

    `prepare` is awaited before the gateway listens, and `announce` called when it does.
    """
    asyncio.get_running_loop().set_exception_handler(log_loop_exception)
    stop = stop_signals()
    async with AsyncExitStack() as stack:
        host = Host(settings, urls)
        stack.push_async_callback(host.stop)
        await host.start(entries)
        await prepare(host)
        metrics = Metrics()
        host_metrics(metrics, host)
        following = await follow_identity(settings, host, metrics)
        await stack.enter_async_context(following.kept_up())
        front = make_front(settings, host, metrics, following, cursor_secret=cursor_secret)
        if settings.metrics.port:
            await stack.enter_async_context(showing(metrics.registry, settings.metrics.host, settings.metrics.port))
        cut_off = asyncio.Event()
        await stack.enter_async_context(serving(front, settings.http.host, settings.http.port, ended=cut_off.set))
        settle_memory()
        announce()
        await _until(stop, cut_off, host)
        _log.info("stopping: finishing what has been accepted")
    _log.info("stopped")


def stop_signals() -> asyncio.Event:
    """Return what is set once SIGINT or SIGTERM has come."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _until(stop: asyncio.Event, cut_off: asyncio.Event, host: Host) -> None:
    """Return when told to stop; raise SetupError when the server has ended by itself or a component has given up."""
    waits = [asyncio.create_task(wait) for wait in (stop.wait(), cut_off.wait(), host.gave_up())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            return
        if cut_off.is_set():
            raise SetupError("The HTTP server ended by itself: look into the log, then start Careplane anew.")
        name = waits[-1].result()
        raise SetupError(f"The component {name!r} failed again and again: look into the log, then start it anew.")
    finally:
        for wait in waits:
            wait.cancel()
