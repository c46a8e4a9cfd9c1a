"""What must not have grown after a schedule: connections, sockets, tasks, threads, and calls that nobody finishes."""

import asyncio
import re
import time
from collections import Counter

import psutil
from tests.faults.cluster import POOL_SIZE, RECOVERY_S, Cluster
from tests.faults.process import Process

_POLL_S = 0.1
_MOST_TASKS = 60
_MOST_SOCKETS = 48
_MOST_THREADS = 32
_SESSIONS = """
SELECT usename AS role, count(*) AS sessions FROM pg_stat_activity
WHERE backend_type = 'client backend' AND usename LIKE 'careplane\\_%' GROUP BY 1
"""
_STUCK = """
SELECT count(*) AS sessions FROM pg_stat_activity
WHERE backend_type = 'client backend' AND state LIKE 'idle in transaction%' AND state_change < now() - interval '2 s'
"""
_HELD = re.compile(r"^careplane_(mailbox_calls|pool_in_use)\{")


async def assert_nothing_leaked(cluster: Cluster, began: float) -> None:
    """Check all of it; what is on its way out has until the time to recover is over."""
    while True:
        found = await asyncio.to_thread(_leaks, cluster)
        if not found:
            return
        assert time.monotonic() - began < RECOVERY_S, "; ".join(found)
        await asyncio.sleep(_POLL_S)


def _leaks(cluster: Cluster) -> list[str]:
    found = [leak for process in cluster.processes.values() for leak in _leaks_of(process)]
    sessions: Counter[str] = Counter({row["role"]: row["sessions"] for row in cluster.postgres.sql(_SESSIONS)})
    found += [f"{role} has {number} sessions" for role, number in sessions.items() if number > POOL_SIZE]
    stuck = cluster.postgres.sql(_STUCK)[0]["sessions"]
    if stuck:
        found.append(f"{stuck} sessions stand idle in a transaction")
    return found


def _leaks_of(process: Process) -> list[str]:
    numbers = process.numbers()
    tasks, sockets = numbers["careplane_tasks"], process.sockets()
    threads = psutil.Process(process.pid).num_threads()
    found = [
        f"{process.name} holds {name} {number:g}" for name, number in numbers.items() if _HELD.match(name) and number
    ]
    for what, number, most in (
        ("tasks", tasks, _MOST_TASKS),
        ("sockets", sockets, _MOST_SOCKETS),
        ("threads", threads, _MOST_THREADS),
    ):
        if number > most:
            found.append(f"{process.name} has {number:g} {what}")
    return found
