"""What the cluster's processes stand on, PostgreSQL and Kafka: killed, frozen, stopped, and started again."""

import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import psutil
from tests.conftest import execute, in_own_loop
from tests.end_to_end.program import until_true

from careplane.app.embedded import EmbeddedPostgres
from careplane.app.kafka_broker import KafkaBroker
from careplane.app.kafka_broker_conf import Listener
from careplane.app.postmaster import Postmaster

_SLOW_COMMITS = ("commit_delay = 3000", "commit_siblings = 0")


class Victim(Protocol):
    """What faults happen to: every one of these may come at any time, and any of them twice. Its calls block."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def start(self) -> None:
        """Start it unless it runs."""
        ...

    def kill(self) -> None:
        """Kill it with no chance to say a word."""
        ...

    def freeze(self) -> None:
        """Let it stand still."""
        ...

    def thaw(self) -> None:
        """Let it go on."""
        ...

    def terminate(self) -> None:
        """Ask it to stop, and wait for that."""
        ...


class Postgres:
    """The cluster's PostgreSQL."""

    name = "postgres"

    def __init__(self, data: Path) -> None:
        """Name its folder."""
        self._pgdata = data.resolve() / "postgres"
        self._server = EmbeddedPostgres(data)
        self._runs = False
        self.url = ""

    @property
    def socket_folder(self) -> Path:
        """Where its socket is."""
        running = Postmaster.of(self._pgdata)
        assert running is not None
        return running.socket_folder

    def start(self) -> None:
        """Start it unless it runs; a commit takes some time, as on a disk, so that others come in between."""
        if self._runs:
            return
        self.url = self._server.start()
        self._runs = True
        execute(self.url, *(f"ALTER SYSTEM SET {one}" for one in _SLOW_COMMITS), "SELECT pg_reload_conf()")

    def kill(self) -> None:
        """Kill it and every process of it."""
        self._signal(signal.SIGKILL)
        until_true(lambda: Postmaster.of(self._pgdata) is None)
        self.terminate()

    def freeze(self) -> None:
        """Let it and every process of it stand still."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Let it end every session and stop."""
        self._server.stop()
        self._runs = False

    def _signal(self, number: signal.Signals) -> None:
        running = Postmaster.of(self._pgdata)
        for pid in _family(running.pid) if running else ():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def sql(self, query: str) -> list[Mapping[str, Any]]:
        """Return the rows of a query, asked as the owner."""
        rows: list[Mapping[str, Any]] = []

        async def work() -> None:
            connection = await asyncpg.connect(self.url, timeout=10)
            try:
                rows.extend(dict(row) for row in await connection.fetch(query))
            finally:
                await connection.close()

        in_own_loop(work)
        return rows


def _family(pid: int) -> Iterable[int]:
    """Return a process and its children, itself first: once it stands still it has no more of them."""
    yield pid
    with suppress(psutil.NoSuchProcess):
        yield from [child.pid for child in psutil.Process(pid).children(recursive=True)]


class Kafka:
    """The cluster's broker."""

    name = "kafka"

    def __init__(self, folder: Path, port: int, listeners: Sequence[Listener]) -> None:
        """Name its folder, and the ports that it keeps over its starts."""
        quick = ("-XX:TieredStopAtLevel=1",)
        self._broker = KafkaBroker(folder, port, listeners=listeners, java_options=quick)

    def start(self) -> None:
        """Start it unless it runs."""
        if self._broker.pid is None:
            self._broker.start()

    def kill(self) -> None:
        """Kill it with no chance to say a word."""
        self._signal(signal.SIGKILL)
        self._broker.stop()

    def freeze(self) -> None:
        """Let it stand still."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Let it stop in good order."""
        self._broker.stop()

    def _signal(self, number: signal.Signals) -> None:
        if self._broker.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._broker.pid, number)
