"""A pump: one background task that does steps of work when woken, backs off when they fail, and stops when drained."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from careplane.kernel.cancelling import is_cancelled
from careplane.kernel.errors import PlatformError
from careplane.kernel.resting import rest_after

Step = Callable[[], Awaitable[bool]]
"""Does some work; returns whether there may be more right away."""

REST_SECONDS = 0.01
FIRST_BACKOFF_SECONDS = 0.05
LONGEST_BACKOFF_SECONDS = 5.0


class Pump:
    """Runs `step` until it has nothing more to do, then waits to be woken, or for `idle` seconds at most.

    Between two steps it rests, so that under load a step finds many things to do at once: for `rest` seconds at least.
    """

    def __init__(
        self,
        name: str,
        step: Step,
        report: Callable[[str, Exception], None],
        *,
        idle: float = 1.0,
        rest: float = REST_SECONDS,
    ) -> None:
        """Take the step, and whom to tell when one fails; nothing runs before `start`."""
        self.name = name
        self._step = step
        self._report = report
        self._idle = idle
        self._rest = rest
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.failures = 0

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=self.name)

    def wake(self) -> None:
        """Say that there is work."""
        self._woken.set()

    async def stop(self, within: float = 5.0) -> None:
        """Finish the work at hand, or leave it for the next start after `within` seconds."""
        if self._task is None:
            return
        self._stopping.set()
        self._woken.set()
        done, _ = await asyncio.wait((self._task,), timeout=within)
        if not done:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            stopping = self._stopping.is_set()
            begun = asyncio.get_running_loop().time()
            more = await self._try()
            took = asyncio.get_running_loop().time() - begun
            if stopping and not more:
                return
            if not more:
                await _first(self._woken, self._idle)
            await _first(self._stopping, rest_after(took, least=self._rest))

    async def _try(self) -> bool:
        try:
            more = await self._step()
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            await self._failed(RuntimeError("what the step waited for was cancelled"))
            return False
        except Exception as error:  # noqa: BLE001 - reported; the work stays where it is and is tried again
            await self._failed(error)
            return False
        self.failures = 0
        return more

    async def _failed(self, error: Exception) -> None:
        self.failures += 1
        if not isinstance(error, PlatformError) or self.failures == 1:
            self._report(self.name, error)
        await _first(self._stopping, _backoff(self.failures))


async def _first(event: asyncio.Event, seconds: float) -> None:
    """Return when the event is set or the time is over, whichever is first."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _backoff(failures: int) -> float:
    longest: float = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(failures, 16), LONGEST_BACKOFF_SECONDS)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, guards nothing
