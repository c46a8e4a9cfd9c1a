"""A small proxy for one link between two programs, over TCP or a Unix socket, that delays, cuts and black-holes it."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
_CHUNK: Final = 64 * 1024
_CONNECTIONS: Final = 1024
_CONNECT_S: Final = 5.0

Address = tuple[str, int] | Path
"""Host and port, or a Unix socket."""


class State(StrEnum):
    """What becomes of what is sent over a link."""

    OPEN = "open"
    CUT = "cut"
    """Connections are ended, and new ones too as soon as they are made."""
    HOLE = "black hole"
    """Nothing gets through, and nobody is told: connections stay, new ones are made and get no answer."""


class Link:
    """One way between two programs: what listens at `listens` is connected with what listens at `target`."""

    def __init__(self, name: str, target: Address, *, listens: Path | None = None) -> None:
        """Name the link and where it leads; it listens on a free port of this machine, or at the socket `listens`."""
        self.name = name
        self.port = 0
        self._target = target
        self._listens = listens
        self._state = State.OPEN
        self._delay_s = 0.0
        self._passable = asyncio.Event()
        self._passable.set()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.most = 0

    @property
    def connections(self) -> int:
        """How many connections there are now."""
        return len(self._connections)

    async def open(self) -> None:
        """Listen, and pass on all that comes until told otherwise."""
        if self._listens is not None:
            self._server = await asyncio.start_unix_server(self._accept, self._listens)
        else:
            self._server = await asyncio.start_server(self._accept, HOST, 0)
            self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End every connection and listen no more."""
        if self._server is not None:
            self._server.close()
        await self._end_all()

    def restore(self) -> None:
        """Let everything through again; what a black hole has held back arrives now."""
        self._set(State.OPEN)

    def delay(self, seconds: float) -> None:
        """Let everything through so much later, each way."""
        self._set(State.OPEN, seconds)

    def black_hole(self) -> None:
        """Let nothing through from now on."""
        self._set(State.HOLE)

    async def cut(self) -> None:
        """End every connection, and each new one as it is made, until the link is restored."""
        self._set(State.CUT)
        await self._end_all()

    def _set(self, state: State, delay_s: float = 0.0) -> None:
        self._state = state
        self._delay_s = delay_s
        if state is State.HOLE:
            self._passable.clear()
        else:
            self._passable.set()

    async def _end_all(self) -> None:
        ending = tuple(self._connections)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._state is State.CUT or len(self._connections) >= _CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._connect(reader, writer), name=f"link {self.name}")
        self._connections.add(task)
        self.most = max(self.most, len(self._connections))
        task.add_done_callback(self._connections.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._passable.wait()
            async with asyncio.timeout(_CONNECT_S):
                there, away = await self._reach()
        except OSError:
            writer.transport.abort()
            return
        except BaseException:
            writer.transport.abort()
            raise
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(reader, away))
                both.create_task(self._pass_on(there, writer))
        except* OSError:
            pass  # one side went away: so does the other
        finally:
            writer.transport.abort()
            away.transport.abort()

    def _reach(self) -> Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        if isinstance(self._target, Path):
            return asyncio.open_unix_connection(self._target)
        return asyncio.open_connection(*self._target)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            await self._passable.wait()
            writer.write(chunk)
            await writer.drain()
        await self._passable.wait()
        with suppress(OSError):
            writer.write_eof()
