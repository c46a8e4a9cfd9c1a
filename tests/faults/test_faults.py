"""Faults under load, drawn by lot from a seed: nothing acknowledged is lost, nothing happens twice, nothing leaks.

`make test` runs a few schedules, `make faults` a hundred and more: CAREPLANE_FAULT_SCHEDULES says how many. A schedule
is drawn from the seed and its number alone, so CAREPLANE_FAULT_SEED and CAREPLANE_FAULT_FIRST repeat it.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.end_to_end.scratch import scratch_folder
from tests.faults.books import assert_books_balance, until_quiet
from tests.faults.cluster import RECOVERY_S, Cluster
from tests.faults.leaks import Usual, assert_nothing_leaked, what_is_usual
from tests.faults.load import Load
from tests.faults.schedule import Fault, carry_out, draw, every_kind

SCHEDULES = int(os.environ.get("CAREPLANE_FAULT_SCHEDULES") or 3)
SEED = int(os.environ.get("CAREPLANE_FAULT_SEED") or time.time_ns() % 1_000_000)
FIRST = int(os.environ.get("CAREPLANE_FAULT_FIRST") or 0)
CLIENTS = 8
AFTERWARDS_S = 0.5


@asynccontextmanager
async def running() -> AsyncIterator[Cluster]:
    """Give a cluster that runs."""
    with scratch_folder() as folder:
        cluster = Cluster(folder)
        try:
            await cluster.start()
            yield cluster
        finally:
            await cluster.stop()


def scheduled(number: int, cluster: Cluster) -> list[Fault]:
    """Return a schedule: every third one is drawn, and the others bring each fault to each target in turn."""
    victims, links = list(cluster.victims), list(cluster.links)
    turn, place = divmod(number, 3)
    if place == 2:
        return draw(random.Random(f"{SEED}-{number}"), victims, links)
    each = every_kind(victims, links)
    random.Random(SEED).shuffle(each)
    return each[(2 * turn + place) % len(each)]


async def play(cluster: Cluster, load: Load, faults: list[Fault], usual: Usual | None) -> str:
    """Let faults happen under load, heal them, and check everything; return what it came to."""
    before = len(load.versions)
    working = asyncio.create_task(load.work(cluster.url, cluster.token, CLIENTS))
    try:
        await carry_out(cluster, faults)
        began = time.monotonic()
        healed = await cluster.heal()
        await asyncio.sleep(AFTERWARDS_S)  # under load once more
        load.stop()
        await asyncio.wait((working,), timeout=RECOVERY_S - (time.monotonic() - began))
        assert working.done(), f"{load.open} requests were not answered within {RECOVERY_S:g} s: {load.answers}"
        await working
    finally:
        working.cancel()
        await asyncio.wait((working,))
    quiet = await until_quiet(cluster, began)
    await assert_books_balance(cluster, load)
    if usual is not None:
        await assert_nothing_leaked(cluster, usual, began)
    return f"{len(load.versions) - before} registered, healed after {healed:.1f} s, quiet after {quiet:.1f} s"


def tell(text: str) -> None:
    """Say how it goes: a campaign takes long."""
    print(text, flush=True)  # noqa: T201 - shown with -s, and where it fails


@pytest.mark.timeout(120 + 90 * SCHEDULES)
async def test_faults_lose_nothing_and_double_nothing(startable_kafka: None) -> None:
    """After each schedule everything acknowledged is there, once, and the cluster is as it was within 30 seconds."""
    tell(f"seed {SEED}: set CAREPLANE_FAULT_SEED to it to have the same schedules again")
    load = Load(random.Random(SEED))
    async with running() as cluster:
        tell(f"warming up: {await play(cluster, load, [], None)}")
        usual = await what_is_usual(cluster)
        for number in range(FIRST, FIRST + SCHEDULES):
            faults = scheduled(number, cluster)
            told = f"schedule {number} of seed {SEED}: {'; '.join(map(str, faults))}"
            try:
                tell(f"{told}: {await play(cluster, load, faults, usual)}")
            except BaseException as error:
                error.add_note(told)
                raise
            ended = [sentence for process in cluster.processes.values() for sentence in process.ended_by_itself]
            assert not ended, (told, ended)
        tell(f"answers: {dict(load.answers)}")
