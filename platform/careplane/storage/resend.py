"""Sending a log again: the position of its reader is put back, and the relay sends what comes after it once more.

Whoever took the events knows them by their ids, so for them nothing changes; what was lost on the way comes again.
"""

from datetime import datetime
from typing import Final

from careplane.kernel.errors import FailedPrecondition
from careplane.storage.database import Database
from careplane.storage.event_log import BEGINNING, Position

_NOW: Final = "SELECT xid::text::bigint AS xid, seq FROM outbox_position WHERE reader = $1 FOR UPDATE"
_BACK: Final = "UPDATE outbox_position SET xid = $2::text::xid8, seq = $3 WHERE reader = $1"
_BETWEEN: Final = """
SELECT count(*) FROM outbox
WHERE (xid, seq) > ($1::text::xid8, $2::bigint) AND (xid, seq) <= ($3::text::xid8, $4::bigint)
"""
_BEFORE: Final = """
SELECT xid::text::bigint AS xid, seq FROM outbox
WHERE (xid, seq) < (SELECT xid, seq FROM outbox WHERE time >= $1 ORDER BY outbox.xid, seq LIMIT 1)
ORDER BY outbox.xid DESC, seq DESC LIMIT 1
"""
_ANY_SINCE: Final = "SELECT EXISTS (SELECT FROM outbox WHERE time >= $1) AS found"


async def send_again(database: Database, reader: str, after: Position | datetime) -> int:
    """Have the relay of `reader` send again what comes after a position, or was said since a time; return how much.

    Raises FailedPrecondition where that has not been sent yet: skipping events is not for anybody to ask.
    """
    async with database.transaction() as connection:
        row = await connection.fetchrow(_NOW, reader)
        reached = Position(*row) if row else BEGINNING
        position = after if isinstance(after, Position) else await _before(database.joined(connection), after)
        if position is None or position >= reached:
            raise FailedPrecondition("Nothing after that has been sent yet, so there is nothing to send again.")
        await connection.execute(_BACK, reader, str(position.xid), position.seq)
        again = await connection.fetchval(_BETWEEN, str(position.xid), position.seq, str(reached.xid), reached.seq)
    return int(again)


async def _before(database: Database, time: datetime) -> Position | None:
    """Return the position before the first event since a time, None where there is none since."""
    if not (await database.fetch_row(_ANY_SINCE, time))["found"]:
        return None
    row = await database.fetch_row(_BEFORE, time)
    return Position(*row) if row else BEGINNING
