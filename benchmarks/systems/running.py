"""A system that runs and is measured: its address, its processes, and its database where it has one of ours."""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import psutil

QUIET_S = 600.0
_BEHIND = """
SELECT (SELECT count(*) FROM patient.patients) - (SELECT count(*) FROM analytics.patient_fact)
     + (SELECT count(*) FROM patient.billing_intents)
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
        while self.sql(_BEHIND)[0][0]:
            if time.monotonic() > begun + QUIET_S:
                sys.exit(f"{self.name} has not caught up within {QUIET_S:.0f} s: look into its log.")
            time.sleep(0.1)
        return time.monotonic() - begun

    def memory(self) -> Mapping[str, float]:
        """Return the proportional set size in MiB of each process, PostgreSQL's and Kafka's each taken together."""
        found: dict[str, float] = defaultdict(float)
        for process in self._processes():
            found[_name(process.cmdline(), process.name())] += process.memory_full_info().pss / 2**20
        return found

    def cpu_seconds(self) -> Mapping[str, float]:
        """Return the processor seconds that each process has taken so far, named as `memory` names them."""
        found: dict[str, float] = defaultdict(float)
        for process in self._processes():
            took = process.cpu_times()
            found[_name(process.cmdline(), process.name())] += took.user + took.system
        return found

    def _processes(self) -> list[psutil.Process]:
        assert self.process, f"{self.name} was not started here"
        return [self.process, *self.process.children(recursive=True)]


def _name(words: list[str], name: str) -> str:
    if "postgres" in name:
        return "PostgreSQL"
    if "careplane" in words:
        after = words[words.index("careplane") + 1 :]
        return " ".join(after[:2] if after[0] == "serve" else after[:1])
    return "Kafka" if name == "java" else "the server"
