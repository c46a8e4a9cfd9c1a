"""The books after a schedule: all that was acknowledged is there, once, and so is what follows from it."""

import asyncio
import time
from collections.abc import Callable

from tests.end_to_end.ledger import assert_tables_agree
from tests.faults.cluster import RECOVERY_S, Cluster
from tests.faults.load import Load

_POLL_S = 0.05
_HEARD = "SELECT (SELECT count(*) FROM patient.outbox) = (SELECT count(*) FROM analytics.inbox) AS heard"
_DUE = "SELECT count(*) AS due FROM patient.billing_intents"
_EFFECTS = "SELECT events FROM analytics.progress"
_UNLIKE = """
SELECT count(*) AS events FROM patient.outbox o FULL JOIN analytics.inbox i ON i.event_id = o.id
WHERE o.id IS NULL OR i.event_id IS NULL
"""


async def until_quiet(cluster: Cluster, began: float) -> float:
    """Wait until every event is counted and every account open; return how long after `began` that was so."""
    await _until(lambda: bool(cluster.postgres.sql(_HEARD)[0]["heard"]), began, "not every event was counted")
    await _until(lambda: cluster.postgres.sql(_DUE)[0]["due"] == 0, began, "not every account was opened")
    return time.monotonic() - began


async def _until(check: Callable[[], bool], began: float, otherwise: str) -> None:
    while True:
        if await asyncio.to_thread(check):
            return
        assert time.monotonic() - began < RECOVERY_S, f"{otherwise} within {RECOVERY_S:g} s"
        await asyncio.sleep(_POLL_S)


async def assert_books_balance(cluster: Cluster, load: Load) -> None:
    """Check that everything acknowledged is there, and nothing else; it must be quiet."""
    assert not load.wrong, load.wrong[:5]
    assert not load.open, "something that was sent is still not acknowledged"
    await asyncio.to_thread(assert_tables_agree, cluster.postgres.sql, load.versions)
    rows = await asyncio.to_thread(cluster.postgres.sql, _UNLIKE)
    assert rows[0]["events"] == 0, "the log of events and the inbox are not alike"
    rows = await asyncio.to_thread(cluster.postgres.sql, _EFFECTS)
    assert rows[0]["events"] == sum(load.versions.values()), "not exactly one effect of each event"
