"""An event loop whose clock jumps: where there is nothing to do before a timer, that timer is due now."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop for code that waits for time and for nothing else; a test of minutes runs in milliseconds."""

    now = 1000.0
    jumps = True

    def time(self) -> float:
        """Tell the virtual time, in seconds."""
        return self.now

    def _run_once(self) -> None:
        timers: list[asyncio.TimerHandle] = [t for t in self._scheduled if not t.cancelled()]  # type: ignore[attr-defined]
        if self.jumps and timers and not self._ready:  # type: ignore[attr-defined]
            self.now = max(self.now, min(timer.when() for timer in timers))
        super()._run_once()  # type: ignore[misc]


def in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end in a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


async def settled() -> None:
    """Return when every task that can go on without an event from outside has done so."""
    for _ in range(20):
        await asyncio.sleep(0)
