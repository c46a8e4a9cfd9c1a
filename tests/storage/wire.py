"""A wire between a program and PostgreSQL that a test can cut, freeze, or break just before an answer arrives."""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote

_SOCKET = ".s.PGSQL.5432"
_HOST = re.compile(r"host=([^&]+)")


class Wire:
    """Listens on a socket of its own and passes everything to the real one, as long as it is whole."""

    def __init__(self, url: str) -> None:
        """Lead to the server at `url`; connect to `self.url` to go through the wire."""
        found = _HOST.search(url)
        assert found is not None
        self._server = Path(unquote(found[1])) / _SOCKET
        self._folder = Path(tempfile.mkdtemp(prefix="wire-"))
        self.url = _HOST.sub(f"host={quote(str(self._folder))}", url)
        self._listener: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers = asyncio.Event()
        self._answers.set()
        self._loses_answers = False
        self.lost = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.cut()
        shutil.rmtree(self._folder)

    async def mend(self) -> None:
        """Pass everything on again."""
        self._loses_answers = False
        self._answers.set()
        if self._listener is None:
            self._listener = await asyncio.start_unix_server(self._connect, self._folder / _SOCKET)

    async def cut(self) -> None:
        """Break every connection and refuse new ones."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        (self._folder / _SOCKET).unlink(missing_ok=True)
        for end in self._ends:
            end.transport.abort()
        self._answers.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def freeze(self) -> None:
        """Keep the server's answers back: neither do they arrive, nor does the connection break."""
        self._answers.clear()

    def lose_answers(self) -> None:
        """Break each connection when the server answers on it: what was asked has happened, and nobody is told."""
        self._loses_answers = True

    async def _connect(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_in, far_out = await asyncio.open_unix_connection(self._server)
        self._ends |= {near_out, far_out}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(near_in, far_out))
                both.create_task(self._pass_answers(far_in, near_out))
        except* OSError:
            pass  # one end is gone, so that the other goes too
        finally:
            for end in (near_out, far_out):
                end.transport.abort()
                self._ends.discard(end)
            self._tasks.discard(task)

    async def _pass(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            to.write(data)
        raise ConnectionResetError

    async def _pass_answers(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            await self._answers.wait()
            if self._loses_answers:
                self.lost.set()
                break
            to.write(data)
        raise ConnectionResetError
