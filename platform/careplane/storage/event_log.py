"""The event log: a component's outbox, read in the order in which its events have become certain.

It is read up to the horizon of running transactions (`pg_snapshot_xmin`): ids are taken before commit, so a reader that
goes by id alone skips the events of a transaction that commits late. https://www.postgresql.org/docs/18/functions-info.html
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from careplane.kernel.events import Delivery, Event

if TYPE_CHECKING:
    from careplane.storage.database import Connection

# language=postgresql
_READ = """
SELECT xid::text::bigint AS xid, seq, id, type, subject, version, time, body FROM outbox
WHERE (xid, seq) > ($1::text::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, seq LIMIT {limit}
"""
_POSITION = re.compile(r"([0-9]{1,18}):([0-9]{1,18})")


class Position(NamedTuple):
    """A place in the log: everything before it has been read."""

    xid: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a position as `str` writes it; raise ValueError for anything else."""
        found = _POSITION.fullmatch(text)
        if found is None:
            message = "a position is two numbers with a colon between them"
            raise ValueError(message)
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        """Write it as others keep it."""
        return f"{self.xid}:{self.seq}"


BEGINNING = Position(0, 0)


def reading(limit: int) -> str:
    """Return the statement that reads at most `limit` events.

    The limit is written into it: for one that it does not know the planner may read and sort the whole table.
    """
    return _READ.format(limit=int(limit))


async def read(connection: "Connection", source: str, after: Position, limit: int) -> Delivery | None:
    """Return the next events of the log of `source`, at most `limit`, or None where there are none yet."""
    rows = await connection.fetch(reading(limit), str(after.xid), after.seq)
    return _delivery(source, rows) if rows else None


def _delivery(source: str, rows: Sequence[Any]) -> Delivery:
    return Delivery(
        stream=source,
        position=str(Position(rows[-1]["xid"], rows[-1]["seq"])),
        events=tuple(
            Event(
                id=row["id"],
                type=row["type"],
                source=source,
                subject=row["subject"],
                version=row["version"],
                time=row["time"],
                body=row["body"],
            )
            for row in rows
        ),
    )
