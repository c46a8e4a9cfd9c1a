"""Running one process of the platform until it is told to stop: what is placed in it comes up, and goes down."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog
from uuid_utils.compat import uuid7

from careplane.app.clock import SystemClock
from careplane.app.front import follow_identity, make_front
from careplane.app.host import Host, report_failure
from careplane.app.links import Links
from careplane.app.logs import log_loop_exception
from careplane.app.memory import settle_memory
from careplane.app.numbers import process_metrics
from careplane.app.placement import Placement
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.components.identity.api import IDENTITY
from careplane.components.identity.demo import ensure_demo_user
from careplane.gateway.metrics import Metrics
from careplane.gateway.metrics_listener import showing
from careplane.gateway.server import serving

_log = structlog.get_logger(__name__)

_INPUT_BYTES = 4096
Prepare = Callable[[Host], Awaitable[None]]
Announce = Callable[[], None]


async def nothing(_host: Host) -> None:
    """Prepare nothing: what is needed is there already."""


async def demo_user_in(host: Host) -> None:
    """Add the demo user, where identity runs here."""
    if IDENTITY.name in host.hosted:
        database = host.hosted[IDENTITY.name].database
        await ensure_demo_user(database, host.settings.identity, SystemClock(), uuid7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to run: the placement, the URLs of its components' databases, and the gateway's secret for cursors.

    `prepare` is awaited before anybody can call, and `announce` called when everybody can.
    """

    settings: Settings
    placement: Placement
    urls: Mapping[str, str]
    cursor_secret: bytes = b""
    until_input_ends: bool = False
    prepare: Prepare = nothing
    announce: Announce


async def run_until_stopped(plan: Plan) -> None:
    """Run until SIGINT or SIGTERM; raise SetupError when something cannot be kept running.

    The stack is taken down from its top: nobody new is listened to, what was accepted is answered, then the components
    are drained, their events handed on, and everything is closed.
    """
    asyncio.get_running_loop().set_exception_handler(log_loop_exception)
    stop = stop_signals()
    if plan.until_input_ends:
        _stop_at_the_end_of_input(stop)
    settings = plan.settings
    async with AsyncExitStack() as stack:
        links = Links(settings, plan.placement, report_failure)
        await stack.enter_async_context(links.open())
        host = Host(settings, plan.urls, elsewhere=links.calls, events=links.events)
        stack.push_async_callback(host.stop)
        await host.start(plan.placement.entries)
        await plan.prepare(host)
        metrics = process_metrics(host, links)
        if settings.metrics.port:
            await stack.enter_async_context(showing(metrics.registry, settings.metrics.host, settings.metrics.port))
        await stack.enter_async_context(links.answering(host))
        cut_off = asyncio.Event()
        if plan.placement.gateway:
            await _front(stack, plan, host, links, metrics, cut_off)
        settle_memory()
        plan.announce()
        await _until(stop, cut_off, host)
        _log.info("stopping: finishing what has been accepted")
    _log.info("stopped")


def stop_signals() -> asyncio.Event:
    """Return what is set once SIGINT or SIGTERM has come."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _stop_at_the_end_of_input(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def look() -> None:
        if not os.read(sys.stdin.fileno(), _INPUT_BYTES):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    loop.add_reader(sys.stdin.fileno(), look)


async def _front(
    stack: AsyncExitStack, plan: Plan, host: Host, links: Links, metrics: Metrics, cut_off: asyncio.Event
) -> None:
    """Let the gateway listen until the stack is taken down; `cut_off` is set should it end by itself."""
    http = plan.settings.http
    following = await follow_identity(plan.settings, host, metrics)
    await stack.enter_async_context(following.kept_up())
    front = make_front(
        plan.settings, host, metrics, following, cursor_secret=plan.cursor_secret, elsewhere=links.checks
    )
    await stack.enter_async_context(serving(front, http.host, http.port, head_s=http.idle_timeout_s, ended=cut_off.set))


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
