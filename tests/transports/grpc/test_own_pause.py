"""What a process makes of its own standing still, when the machine had no time for it."""

import asyncio
import time

from tests.storage.waiting import until
from tests.transports.conformance.counter import Counter
from tests.transports.grpc.stream_ends import QUICK, calling_at, connections, desk


async def test_that_we_stood_still_is_not_taken_for_a_dead_peer() -> None:
    """A ping waits for its answer while this process does nothing at all: the answer is there, only unread."""
    async with desk(Counter()) as there, calling_at(there.port) as (peers, _):
        await until(lambda: connections(peers) == 1)
        (link,) = peers._peers["billing"].links
        while not link._ping_due:  # noqa: ASYNC110 - it must be seen in the very step of the loop in which it is so
            await asyncio.sleep(0)
        still = time.monotonic() + 1.2 * QUICK["ping_timeout_s"]
        while time.monotonic() < still:
            pass
        await until(lambda: link._pinged is None)
        assert link.is_open
