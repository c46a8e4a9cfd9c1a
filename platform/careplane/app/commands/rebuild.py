"""`careplane analytics rebuild`: count everything anew from the event log, while the present counts go on answering."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from uuid_utils.compat import uuid7

from careplane.app.access import REGISTRY, platform_access
from careplane.app.settings import Settings
from careplane.app.terminal import progress, say
from careplane.components.analytics.api import (
    ANALYTICS,
    Analytics,
    BeginRebuild,
    ContinueRebuild,
    FinishRebuild,
    Rebuilt,
)
from careplane.kernel.errors import PlatformError
from careplane.kernel.invoke import proxy

NEAR_EVENTS: Final = 500
"""With fewer new events than this in one step the end of the log is near enough: the last step counts the rest."""

_RETRY_PAUSES_SECONDS: Final = (0.2, 1.0, 3.0)
T = TypeVar("T")


async def run_rebuild(settings: Settings) -> None:
    """Rebuild the counts and say what that came to."""
    started = time.monotonic()
    async with platform_access(settings, REGISTRY) as host:
        rebuilt = await rebuild(proxy(ANALYTICS, host.calls))
    seconds = time.monotonic() - started
    say(
        f"{rebuilt.events_counted} events counted anew in {seconds:.1f} s, {rebuilt.events_set_aside} set aside; "
        f"{rebuilt.rows_changed} rows of the counts were changed by that."
    )


async def rebuild(analytics: Analytics) -> Rebuilt:
    """Take a rebuild through its steps, with its progress shown at the terminal."""
    rebuild_id = uuid7()
    state = await _patiently(lambda: analytics.begin_rebuild(BeginRebuild(rebuild_id=rebuild_id)))
    with progress("counting events anew", state.events_expected) as report:
        near = False
        while not near:
            step = ContinueRebuild(rebuild_id=rebuild_id, after=state.position)
            before, state = state, await _patiently(lambda: analytics.continue_rebuild(step))  # noqa: B023 - awaited here
            done = state.events_counted + state.events_set_aside
            report(done)
            near = done - before.events_counted - before.events_set_aside < NEAR_EVENTS
        return await _patiently(lambda: analytics.finish_rebuild(FinishRebuild(rebuild_id=rebuild_id)))


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again where that can help: each step knows whether it has been done."""
    for pause in _RETRY_PAUSES_SECONDS:
        try:
            return await ask()
        except PlatformError as error:
            if not error.retryable:
                raise
            await asyncio.sleep(pause)
    return await ask()
