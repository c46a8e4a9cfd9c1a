"""What waits to be sent on a stream: it goes out as one message, or as pieces where it is too big for that."""

import asyncio
from collections import deque
from typing import Final, Generic, TypeVar

ENVELOPE_BYTES: Final = 1024
"""What a call or a reply takes in a message besides its content and its token, generously."""

T = TypeVar("T")


class Outgoing(Generic[T]):
    """A queue with one reader; what bounds it is the bound on calls under way."""

    def __init__(self) -> None:
        """Be empty."""
        self.items: deque[T] = deque()
        self._woken = asyncio.Event()

    def add(self, item: T) -> None:
        """Let an item wait until the reader takes it."""
        self.items.append(item)
        self._woken.set()

    def wake(self) -> None:
        """Let the reader look, although nothing was added."""
        self._woken.set()

    async def woken(self) -> None:
        """Return when something was added, or the reader was woken, since the last time."""
        await self._woken.wait()
        self._woken.clear()
