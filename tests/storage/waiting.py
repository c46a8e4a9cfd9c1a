"""Waiting for a state that nobody announces: a lock waited for in the server, a connection lent out."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

PATIENCE_S = 10.0


async def until(holds: Callable[[], object | Awaitable[object]], within: float = PATIENCE_S) -> None:
    """Return when `holds` says so; fail when that takes too long."""
    async with asyncio.timeout(within):
        while True:
            answer = holds()
            if inspect.isawaitable(answer):
                answer = await answer
            if answer:
                return
            await asyncio.sleep(0.005)
