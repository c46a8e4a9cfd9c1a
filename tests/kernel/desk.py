"""A component to try the kernel with: its contract, and an actor whose every step the test decides."""

import asyncio
from collections.abc import Hashable
from typing import Protocol

from careplane.kernel.contract import PUBLIC, Component, Method, command, query
from careplane.kernel.message import Message


class Ask(Message, frozen=True):
    """Asks for something on behalf of a key."""

    key: str = "a"
    text: str = ""


class Said(Message, frozen=True):
    """Answers."""

    text: str


class Desk(Protocol):
    """Does one thing, looks another up, and greets anybody."""

    @command(key="key", scope="desk:write")
    async def do(self, request: Ask, /) -> Said:
        """Change something."""
        ...

    @query(scope="desk:read", key="key")
    async def look(self, request: Ask, /) -> Said:
        """Read something."""
        ...

    @query(scope=PUBLIC)
    async def greet(self, request: Ask, /) -> Said:
        """Need no rights."""
        ...


DESK = Component("desk", version=1, interface=Desk)
DO, LOOK, GREET = (DESK.methods[name] for name in ("do", "look", "greet"))


class Clerk:
    """An Invoke that notes what it starts, and goes on when the test says so."""

    def __init__(self) -> None:
        """Have nothing to do."""
        self.started: list[str] = []
        self.ended: list[str] = []
        self.most_at_once: dict[Hashable, int] = {}
        self._waits: dict[str, asyncio.Future[Message]] = {}
        self._busy: dict[Hashable, int] = {}

    async def __call__(self, _method: Method, request: Message, /) -> Message:
        """Start on the request, and answer it when told what with."""
        assert isinstance(request, Ask)
        self.started.append(request.text)
        self._busy[request.key] = self._busy.get(request.key, 0) + 1
        self.most_at_once[request.key] = max(self.most_at_once.get(request.key, 0), self._busy[request.key])
        self._waits[request.text] = asyncio.get_running_loop().create_future()
        try:
            return await self._waits[request.text]
        finally:
            self._busy[request.key] -= 1
            self.ended.append(request.text)

    def waiting(self) -> list[str]:
        """Name the requests that have been started and not ended."""
        return [text for text, future in self._waits.items() if not future.done()]

    def finish(self, text: str) -> None:
        """Let the request of that text be answered with its own text."""
        self._waits.pop(text).set_result(Said(text=text))

    def fail(self, text: str, error: Exception) -> None:
        """Let the request of that text fail."""
        self._waits.pop(text).set_exception(error)

    def stray(self, text: str) -> None:
        """Cancel what the request of that text waits for, though nobody cancelled the request."""
        self._waits.pop(text).cancel()
