"""An upgrade with no downtime: every process of a cluster with two of each is replaced under load, and nobody notices.

The order is that of config/README.md: who is called before who calls, who hears events before who tells them.
"""

import asyncio
import os
import random
import time
from typing import Final

import pytest
from tests.end_to_end.scratch import scratch_folder
from tests.faults.balancer import Balancer
from tests.faults.books import assert_books_balance, until_quiet
from tests.faults.cluster import GATEWAY, RECOVERY_S, Cluster
from tests.faults.load import Load
from tests.faults.process import Process

from careplane.app.catalog import NAMES, entries
from careplane.app.commands.health import components_fault, gateway_fault

SEED: Final = int(os.environ.get("CAREPLANE_FAULT_SEED") or time.time_ns() % 1_000_000)
CLIENTS: Final = 4
PLACES: Final = {f"{name}{number}": name for name in (*NAMES, GATEWAY) for number in ("", "-2")}
TURNS: Final = (
    ("identity", "billing", "analytics"),
    ("identity-2", "billing-2", "analytics-2"),
    ("patient",),
    ("patient-2",),
    ("gateway",),
    ("gateway-2",),
)
_POLL_S: Final = 0.05


async def replaced(process: Process) -> None:
    """Stop a process in good order, start one in its place, and return when that says it is ready."""
    before = process.pid
    await asyncio.to_thread(process.terminate)
    process.start()
    assert process.pid != before
    async with asyncio.timeout(RECOVERY_S):
        while (fault := await _fault(process)) is not None:
            assert process.alive, fault
            await asyncio.sleep(_POLL_S)


async def _fault(process: Process) -> str | None:
    if process.serves == GATEWAY:
        return await gateway_fault(process.settings)
    return await components_fault(process.settings, entries((process.serves,)))


@pytest.mark.timeout(180)
async def test_every_process_is_replaced_and_no_request_fails(startable_kafka: None) -> None:
    """Each request is answered as it should be, at the first or the other gateway; the books balance."""
    load = Load(random.Random(SEED))
    assert sorted(name for turn in TURNS for name in turn) == sorted(PLACES)
    with scratch_folder() as folder:
        cluster = Cluster(folder, PLACES)
        try:
            await cluster.start()
            balancer = Balancer(cluster.urls)
            working = asyncio.create_task(load.work(cluster.url, cluster.token, CLIENTS, balancer))
            try:
                for turn in TURNS:
                    served = len(load.versions)
                    await asyncio.gather(*(replaced(cluster.processes[name]) for name in turn))
                    assert len(load.versions) > served, f"nobody was registered while {turn} was replaced"
                    assert not working.done(), working.result()
                began = time.monotonic()
                load.stop()
                await asyncio.wait_for(working, RECOVERY_S)
            finally:
                working.cancel()
                await asyncio.wait((working,))
            refused = {
                answer: count for answer, count in load.answers.items() if not answer.split()[-1].startswith("2")
            }
            assert not refused, f"seed {SEED}: {refused}, and {dict(balancer.tried)}"
            assert balancer.tried, "no gateway was ever out of reach"
            await until_quiet(cluster, began)
            await assert_books_balance(cluster, load)
            ended = [sentence for process in cluster.processes.values() for sentence in process.ended_by_itself]
            assert not ended, ended
        finally:
            await cluster.stop()
