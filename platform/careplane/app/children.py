"""Child processes that run until they are told to stop: their words passed on, and started again when they die."""

import asyncio
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from careplane.app.setup_error import SetupError

READY: Final = "Careplane serves "
"""How the line begins that a child says when it is ready."""

STOP_SECONDS: Final = 60.0
_FIRST_BACKOFF_SECONDS: Final = 0.5
_LONGEST_BACKOFF_SECONDS: Final = 10.0
_HEALTHY_SECONDS: Final = 30.0
"""Who has lived for so long starts again at once, whatever was before."""

_LINE_MAX: Final = 2**20


class Child:
    """One command that runs beside us. When we are gone it hears its standard input end, and should end then, too."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environ: Mapping[str, str],
        say: Callable[[str], None],
        *,
        stop_s: float = STOP_SECONDS,
    ) -> None:
        """Run `command` in that environment, hand each line it says to `say`, and give it `stop_s` seconds to stop."""
        self.name = name
        self.ready = asyncio.Event()
        self._command = tuple(command)
        self._environ = environ
        self._say = say
        self._stop_s = stop_s
        self.process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> asyncio.Task[None]:
        """Begin; the task ends when the child has been stopped, or raises SetupError when it never became ready."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"child {self.name}")
        return self._task

    async def stop(self) -> None:
        """Ask it to finish, and kill it when that takes too long."""
        if self._task is None:
            return
        self._stopping.set()
        self._send(signal.SIGTERM)
        done, _ = await asyncio.wait((self._task,), timeout=self._stop_s)
        if not done:
            self._say(f"did not stop within {self._stop_s:g} s and is killed")
            self._send(signal.SIGKILL)
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        backoff = _FIRST_BACKOFF_SECONDS
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = await self._once()
            if self._stopping.is_set():
                self._say("stopped" if code == 0 else f"ended with {code}")
                return
            if not self.ready.is_set():
                raise SetupError(f"{self.name} could not be started: its own words above say why.")
            if time.monotonic() - begun > _HEALTHY_SECONDS:
                backoff = _FIRST_BACKOFF_SECONDS
            self._say(f"ended with {code} and is started again in {backoff:g} s")
            with suppress(TimeoutError):
                async with asyncio.timeout(backoff):
                    await self._stopping.wait()
            backoff = min(2 * backoff, _LONGEST_BACKOFF_SECONDS)

    async def _once(self) -> int:
        self.process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(self._environ),
            limit=_LINE_MAX,
            start_new_session=True,  # Ctrl-C at the terminal is for us; each gets its signal in its turn
        )
        if self._stopping.is_set():  # the signal that it should have had went to nobody
            self._send(signal.SIGTERM)
        said = self.process.stdout
        while said is not None and (line := await _line(said)):
            self._say(line.rstrip("\n"))
            if line.startswith(READY):
                self.ready.set()
        return await self.process.wait()

    def _send(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)


async def _line(said: asyncio.StreamReader) -> str:
    try:
        return (await said.readline()).decode("utf-8", "replace")
    except ValueError:  # longer than the limit; the stream has thrown away what it held of it
        return "(a line that was too long is left out)\n"
