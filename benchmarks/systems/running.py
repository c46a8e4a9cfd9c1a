"""A system that runs and is measured: its address, its processes, and its database where it has one of ours."""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import psutil

QUIET_S = 600.0
# Looked at from where it had caught up before: counting whole tables would be work that disturbs what is measured.
_NEWEST = "SELECT xid::text, seq FROM patient.outbox ORDER BY outbox.xid DESC, seq DESC LIMIT 1"
_BEHIND = """
SELECT (SELECT count(*) FROM patient.billing_intents) + (
    SELECT count(*) FROM patient.outbox o WHERE (o.xid, o.seq) > ($1::text::xid8, $2::bigint)
        AND NOT EXISTS (SELECT FROM analytics.inbox i WHERE i.event_id = o.id)
)
"""


@dataclass
class Running:
    """Something that answers the simple patients API at `url` for who bears `token`."""

    name: str
    url: str
    token: str = field(repr=False)
    process: psutil.Process | None = None
    database: str = field(default="", repr=False)
    platform: bool = False
    """Whether it is Careplane with its components, so that there is something that follows from a registration."""
    _caught_up: Sequence[Any] = field(default=("0", 0), repr=False)

    def sql(self, query: str, *arguments: Any) -> list[Any]:
        """Return the rows of a query to its PostgreSQL."""
        assert self.database, f"{self.name} has no PostgreSQL of ours"

        async def work() -> list[Any]:
            connection = await asyncpg.connect(self.database, timeout=10)
            try:
                return list(await connection.fetch(query, *arguments))
            finally:
                await connection.close()

        return asyncio.run(work())

    def settle(self) -> float:
        """Wait until billing and analytics have done all that follows from the registrations; return the seconds."""
        if not self.platform:
            return 0.0
        begun = time.monotonic()
        newest = self.sql(_NEWEST)
        while self.sql(_BEHIND, *self._caught_up)[0][0]:
            if time.monotonic() > begun + QUIET_S:
                sys.exit(f"{self.name} has not caught up within {QUIET_S:.0f} s: look into its log.")
            time.sleep(0.1)
        self._caught_up = newest[0] if newest else self._caught_up
        return time.monotonic() - begun

    def memory(self) -> Mapping[str, float]:
        """Return the proportional set size in MiB of each process, PostgreSQL's and Kafka's each taken together."""
        return self._by_name(lambda process: process.memory_full_info().pss / 2**20)

    def resident(self) -> Mapping[str, float]:
        """Return the resident set size in MiB of each process; what several of them share counts for each."""
        return self._by_name(lambda process: process.memory_info().rss / 2**20)

    def cpu_seconds(self) -> Mapping[str, float]:
        """Return the processor seconds that each process has taken so far, named as `memory` names them."""
        return self._by_name(_seconds)

    def _by_name(self, of: Callable[[psutil.Process], float]) -> Mapping[str, float]:
        found: dict[str, float] = defaultdict(float)
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):  # a worker of PostgreSQL that has done its work
                found[_name(process.cmdline(), process.name())] += of(process)
        return found

    def _processes(self) -> list[psutil.Process]:
        assert self.process, f"{self.name} was not started here"
        return [self.process, *self.process.children(recursive=True)]


def _seconds(process: psutil.Process) -> float:
    """Return what it took; a postmaster with what those of its workers took that have ended."""
    took = process.cpu_times()
    ended = took.children_user + took.children_system if "postgres" in process.name() else 0.0
    return took.user + took.system + ended


def _name(words: list[str], name: str) -> str:
    if "postgres" in name:
        return "PostgreSQL"
    if "careplane" in words:
        after = words[words.index("careplane") + 1 :]
        return " ".join(after[:2] if after[0] == "serve" else after[:1])
    return "Kafka" if name == "java" else "the server"
