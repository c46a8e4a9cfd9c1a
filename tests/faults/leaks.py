"""What must not have grown after a schedule: connections, sockets, tasks, threads, and calls that nobody finishes."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import psutil
from tests.faults.cluster import POOL_SIZE, RECOVERY_S, Cluster
from tests.faults.process import Process

from careplane.storage.database import role_of

_POLL_S = 0.1
_SESSIONS = """
SELECT usename AS role, count(*) AS sessions FROM pg_stat_activity
WHERE backend_type = 'client backend' AND usename LIKE 'careplane\\_%' GROUP BY 1
"""
_STUCK = """
SELECT count(*) AS sessions FROM pg_stat_activity
WHERE backend_type = 'client backend' AND state LIKE 'idle in transaction%' AND state_change < now() - interval '2 s'
"""
_IDLE = re.compile(r'^careplane_(mailbox_calls\{|pool_in_use\{|link\{gauge="(calling|answering)_calls_under_way")')
_NEVER = re.compile(r'^careplane_link\{gauge="kafka_(records_unreadable|events_missed)"')


class Held(NamedTuple):
    """What a process holds."""

    tasks: float
    sockets: float
    threads: float

    def too_much(self, usual: "Held") -> list[str]:
        """Name what is more than usual by more than comes and goes, such as a pool's connections."""
        most = Held(usual.tasks + 8, usual.sockets + POOL_SIZE + 4, usual.threads + 4)
        return [
            f"{now:g} {what}, usually {usually:g}"
            for what, now, usually, limit in zip(self._fields, self, usual, most, strict=True)
            if now > limit
        ]


Usual = Mapping[str, Held]


async def what_is_usual(cluster: Cluster) -> Usual:
    """Return what each process holds when nothing is to do."""
    return {name: await asyncio.to_thread(_held, process) for name, process in cluster.processes.items()}


def _held(process: Process) -> Held:
    threads = psutil.Process(process.pid).num_threads()
    return Held(process.numbers()["careplane_tasks"], process.sockets(), threads)


async def assert_nothing_leaked(cluster: Cluster, usual: Usual, began: float) -> None:
    """Check all of it; what is on its way out has until the time to recover is over."""
    while True:
        found = await asyncio.to_thread(_leaks, cluster, usual)
        if not found:
            return
        assert time.monotonic() - began < RECOVERY_S, "; ".join(found)
        await asyncio.sleep(_POLL_S)


def _leaks(cluster: Cluster, usual: Usual) -> list[str]:
    found = [f"{name} {leak}" for name, one in cluster.processes.items() for leak in _leaks_of(one, usual[name])]
    sessions: Counter[str] = Counter({row["role"]: row["sessions"] for row in cluster.postgres.sql(_SESSIONS)})
    pools = Counter(role_of(process.serves) for process in cluster.processes.values())
    found += [f"{role} has {number} sessions" for role, number in sessions.items() if number > pools[role] * POOL_SIZE]
    stuck = cluster.postgres.sql(_STUCK)[0]["sessions"]
    return [*found, f"{stuck} sessions stand idle in a transaction"] if stuck else found


def _leaks_of(process: Process, usual: Held) -> list[str]:
    numbers = process.numbers()
    wrong = [f"says {name} is {number:g}" for name, number in numbers.items() if number and _NEVER.match(name)]
    busy = [f"says {name} is {number:g}" for name, number in numbers.items() if number and _IDLE.match(name)]
    # Work in the background comes and goes, and is seen sometimes; so whoever asks, asks again.
    return [*wrong, *busy, *(f"has {leak}" for leak in _held(process).too_much(usual))]
