"""The outbox relay: hands committed events on in order, one leader at a time, and marks them after they are safe.

What it reads, and why by transaction id and not by sequence number, is in `event_log.py`.
"""

import asyncio

from careplane.kernel.events import Deliver
from careplane.storage.database import Database
from careplane.storage.event_log import BEGINNING, Position, read

_POSITION = "SELECT xid::text::bigint AS xid, seq FROM outbox_position WHERE reader = $1"
# The newest row by its index: asking whether any row is past the position would read the whole table to say no.
_NEWEST = "SELECT xid::text::bigint AS xid, seq FROM outbox ORDER BY outbox.xid DESC, seq DESC LIMIT 1"
_ADVANCE = """
INSERT INTO outbox_position AS p (reader, xid, seq) VALUES ($1, $2::text::xid8, $3)
ON CONFLICT (reader) DO UPDATE SET xid = excluded.xid, seq = excluded.seq
WHERE (p.xid, p.seq) = ($4::text::xid8, $5::bigint)
RETURNING 1
"""
_LEAD = "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/' || $1, 0))"
_HORIZON_PAUSE_SECONDS = 0.002
_FOLLOWER_PAUSE_SECONDS = 0.04


class Relay:
    """Carries one component's outbox to `deliver`; drive it with a Pump whose step is `step`."""

    def __init__(
        self, database: Database, source: str, deliver: Deliver, *, reader: str, limit: int = 512, batches: int = 16
    ) -> None:
        """Read the outbox of the component `source` under the name `reader`, at most `limit` events at a time.

        A step delivers up to so many full `batches` in a row: who has fallen behind does not rest between them.
        """
        self._database = database
        self._source = source
        self._deliver = deliver
        self._reader = reader
        self._limit = limit
        self._batches = batches

    async def step(self) -> bool:
        """Deliver the next events, if nobody else is at it, and return whether more may be waiting."""
        for _ in range(self._batches):
            delivered, waiting = await self._deliver_next()
            if delivered < self._limit:
                return waiting
        return True

    async def _deliver_next(self) -> tuple[int, bool]:
        """Deliver a batch; return of how many events, and whether more may be waiting.

        Who finds somebody else at it looks again soon, as long as there is something: that one may have looked for
        events just before these were committed, and nobody else may look for a while. The lock is held by the
        transaction that advances the position, so a leader that lost its connection while it delivered cannot mark
        anything; its successor delivers the same events again, under the same ids.
        """
        async with self._database.transaction() as connection:
            leads = await connection.fetchval(_LEAD, self._reader)
            row = await connection.fetchrow(_POSITION, self._reader)
            reached = Position(*row) if row else BEGINNING
            delivery = await read(connection, self._source, reached, self._limit) if leads else None
            if delivery is not None:
                await self._deliver(delivery)
                now = Position.parse(delivery.position)
                await connection.fetchval(_ADVANCE, self._reader, str(now.xid), now.seq, str(reached.xid), reached.seq)
                return len(delivery.events), True
            newest = await connection.fetchrow(_NEWEST)
            waiting = newest is not None and Position(*newest) > reached
        if waiting:  # whoever leads has seen what is committed, or about to be, but a transaction older than it runs
            await asyncio.sleep(_HORIZON_PAUSE_SECONDS if leads else _FOLLOWER_PAUSE_SECONDS)
        return 0, waiting
