"""The outbox relay: hands committed events on in order, one leader at a time, and marks them after they are safe.

It reads up to the horizon of running transactions (`pg_snapshot_xmin`): ids are taken before commit, so a reader that
goes by id alone skips the events of a transaction that commits late. https://www.postgresql.org/docs/18/functions-info.html
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from careplane.kernel.events import Deliver, Delivery, Event
from careplane.storage.database import Database

# language=postgresql
_READ = """
SELECT xid::text::bigint AS xid, seq, id, type, subject, version, time, body FROM outbox
WHERE (xid, seq) > ($1::text::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, seq LIMIT {limit}
"""
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


class Relay:
    """Carries one component's outbox to `deliver`; drive it with a Pump whose step is `step`."""

    def __init__(self, database: Database, source: str, deliver: Deliver, *, reader: str, limit: int = 512) -> None:
        """Read the outbox of the component `source` under the name `reader`, at most `limit` events at a time."""
        self._database = database
        self._source = source
        self._deliver = deliver
        self._reader = reader
        # Written into the statement: for a limit that it does not know the planner may read and sort the whole table.
        self._read = _READ.format(limit=int(limit))

    async def step(self) -> bool:
        """Deliver the next events, if this process leads, and return whether more are waiting.

        The lock is held by the transaction that advances the position, so a leader that lost its connection while it
        delivered cannot mark anything; its successor delivers the same events again, under the same ids.
        """
        async with self._database.transaction() as connection:
            if not await connection.fetchval(_LEAD, self._reader):
                return False
            position = await connection.fetchrow(_POSITION, self._reader)
            xid, seq = (position["xid"], position["seq"]) if position else (0, 0)
            rows = await connection.fetch(self._read, str(xid), seq)
            if rows:
                await self._deliver(self._delivery(rows))
                last = rows[-1]
                await connection.fetchval(_ADVANCE, self._reader, str(last["xid"]), last["seq"], str(xid), seq)
                return True
            newest = await connection.fetchrow(_NEWEST)
            hidden = newest is not None and (newest["xid"], newest["seq"]) > (xid, seq)
        if hidden:  # committed, or about to be, but a transaction older than it still runs
            await asyncio.sleep(_HORIZON_PAUSE_SECONDS)
        return hidden

    def _delivery(self, rows: Sequence[Any]) -> Delivery:
        last = rows[-1]
        return Delivery(
            stream=self._source,
            position=f"{last['xid']}:{last['seq']}",
            events=tuple(
                Event(
                    id=row["id"],
                    type=row["type"],
                    source=self._source,
                    subject=row["subject"],
                    version=row["version"],
                    time=row["time"],
                    body=row["body"],
                )
                for row in rows
            ),
        )
