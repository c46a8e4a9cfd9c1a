"""A pump: one background task that does steps of work when woken, backs off when they fail, and stops when drained."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from careplane.kernel.errors import PlatformError

Step = Callable[[], Awaitable[bool]]
"""Does some work; returns whether there may be more right away."""

REST_SECONDS = 0.01
FIRST_BACKOFF_SECONDS = 0.05
LONGEST_BACKOFF_SECONDS = 5.0


class Pump:
    """Runs `step` until it has nothing more to do, then waits to be woken, or for `idle` seconds at most.

    Between two steps it rests for `rest` seconds, so that under load a step finds many things to do at once.
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
        self._stopping = False
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
        self._stopping = True
        self._woken.set()
        done, _ = await asyncio.wait((self._task,), timeout=within)
        if not done:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            stopping = self._stopping
            more = await self._try()
            if stopping and not more:
                return
            if not more:
                await self._wait(self._idle)
            if not self._stopping:
                await asyncio.sleep(self._rest)

    async def _try(self) -> bool:
        try:
            more = await self._step()
        except Exception as error:  # noqa: BLE001 - reported; the work stays where it is and is tried again
            self.failures += 1
            if not isinstance(error, PlatformError) or self.failures == 1:
                self._report(self.name, error)
            await asyncio.sleep(_backoff(self.failures))
            return False
        self.failures = 0
        return more

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return


def _backoff(failures: int) -> float:
    longest: float = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(failures, 16), LONGEST_BACKOFF_SECONDS)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, guards nothing
