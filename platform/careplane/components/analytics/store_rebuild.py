"""The tables in which everything is counted anew, who is at that work, and how they come to replace those that answer.

A rebuild is known by its id. Its steps may be carried out by any process, one at a time, and one that has not been seen
at work for a while may be replaced by another, whose first step empties the tables; then it can do no more.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID

from careplane.components.analytics.api import RebuildProgress
from careplane.kernel.errors import Aborted, FailedPrecondition
from careplane.storage.database import Database

if TYPE_CHECKING:
    from careplane.storage.database import Connection

SUFFIX: Final = "_rebuilt"
LEASE_SECONDS: Final = 10
_LONG_SECONDS: Final = 600.0

_TABLES: Final = {
    "patient_fact": "patient_id",
    "tally": "dimension, value",
    "registration_day": "day",
    "progress": "one",
}
_WORKED_IN: Final = (*_TABLES, "inbox", "inbox_position", "dead_letter")
_PATIENCE = f"SELECT set_config('statement_timeout', '{_LONG_SECONDS * 1000:.0f}', true)"
_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/rebuild', 0))"
_AT_WORK = f"""
SELECT to_char(began_at, 'HH24:MI:SS') AS began, ceil(extract(epoch FROM clock_timestamp() - seen_at))::int AS silent
FROM rebuild WHERE id <> $1 AND seen_at > clock_timestamp() - interval '{LEASE_SECONDS} seconds'
"""  # noqa: S608 - a constant
_MINE = "SELECT EXISTS (SELECT FROM rebuild WHERE id = $1)"
_BEGIN = """
INSERT INTO rebuild AS r (id) VALUES ($1)
ON CONFLICT (one) DO UPDATE SET id = excluded.id, began_at = excluded.began_at, seen_at = excluded.seen_at
"""
_SEEN = "UPDATE rebuild SET seen_at = clock_timestamp() WHERE id = $1 RETURNING 1"
_END = "DELETE FROM rebuild WHERE id = $1"
_STATE = """
SELECT (SELECT position FROM inbox_position_rebuilt WHERE stream = $1) AS position,
    coalesce((SELECT events FROM progress_rebuilt), 0) AS counted,
    (SELECT count(*) FROM dead_letter_rebuilt) AS set_aside,
    coalesce((SELECT events FROM progress), 0) + (SELECT count(*) FROM dead_letter WHERE stream = $1) AS expected
"""
# Only what differs is written, so that a million facts that are right cost a look, and no row of theirs is made anew.
_REMOVE = """
DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM (TABLE {table} EXCEPT TABLE {table}_rebuilt) AS differing)
"""
_ADD = "INSERT INTO {table} SELECT * FROM (TABLE {table}_rebuilt EXCEPT TABLE {table}) AS differing"
_INBOX = (
    """
    INSERT INTO inbox SELECT r.* FROM inbox_rebuilt r
    WHERE NOT EXISTS (SELECT FROM inbox i WHERE i.event_id = r.event_id)
    """,
    # What could not be counted once and now can is no dead letter any more; those set aside again stay as they are.
    "DELETE FROM dead_letter d USING inbox_rebuilt r WHERE d.event_id = r.event_id",
    "INSERT INTO dead_letter SELECT * FROM dead_letter_rebuilt ON CONFLICT (event_id) DO NOTHING",
    # Where a broker keeps the stream in partitions, the live inbox knows each by its own position, which stays.
    """
    INSERT INTO inbox_position SELECT * FROM inbox_position_rebuilt r
    WHERE NOT EXISTS (SELECT FROM inbox_position p WHERE starts_with(p.stream, r.stream || '/'))
    ON CONFLICT (stream) DO UPDATE SET position = excluded.position
    """,
)


class RebuildStore:
    """One stream's rebuild."""

    def __init__(self, database: Database, stream: str) -> None:
        """Work in the component's database on what `stream` tells."""
        self._database = database
        self._stream = stream

    @asynccontextmanager
    async def beginning(self, rebuild_id: UUID) -> AsyncIterator[Database]:
        """Make this rebuild the one at work, with empty tables, in a transaction that the body may join.

        Begun before it goes on as it was; raises FailedPrecondition while another one is at work.
        """
        async with self._turn() as connection:
            other = await connection.fetchrow(_AT_WORK, rebuild_id)
            if other is not None:
                raise FailedPrecondition(
                    f"Another rebuild began at {other['began']} UTC and is at work: wait until it has ended. If it was "
                    f"killed, begin again in {LEASE_SECONDS - other['silent'] + 1} seconds."
                )
            if not await connection.fetchval(_MINE, rebuild_id):
                await _empty(connection)
                await connection.execute(_BEGIN, rebuild_id)
            yield self._database.joined(connection)

    @asynccontextmanager
    async def at_work(self, rebuild_id: UUID) -> AsyncIterator["tuple[Database, Connection]"]:
        """Carry out a step of this rebuild in a transaction, which the body gets; nobody else can do so meanwhile.

        Raises FailedPrecondition when another one has taken its place.
        """
        async with self._turn() as connection:
            await self._seen(connection, rebuild_id)
            yield self._database.joined(connection), connection

    async def clear(self, rebuild_id: UUID) -> None:
        """Leave nothing behind of a rebuild that has come to its end."""
        async with self._turn() as connection:
            await self._seen(connection, rebuild_id)
            await _empty(connection)
            await connection.execute(_END, rebuild_id)

    async def progress(self, joined: Database, rebuild_id: UUID) -> RebuildProgress:
        """Return how far the rebuild has come."""
        row = await joined.fetch_row(_STATE, self._stream)
        return RebuildProgress(
            rebuild_id=rebuild_id,
            position=row["position"],
            events_counted=row["counted"],
            events_set_aside=row["set_aside"],
            events_expected=row["expected"],
        )

    async def swap(self, connection: "Connection") -> int:
        """Make the tables that answer equal to the rebuilt ones; return how many rows that changed, at the least.

        Readers see the old rows until the transaction ends. The caller sees to it that nobody counts meanwhile.
        """
        changed = 0
        for table, key in _TABLES.items():
            removed = await _affected(connection, _REMOVE.format(table=table, key=key))
            added = await _affected(connection, _ADD.format(table=table))
            changed += max(removed, added)
        for statement in _INBOX:
            await _affected(connection, statement)
        return changed

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator["Connection"]:
        async with self._database.transaction() as connection:
            if not await connection.fetchval(_TURN):
                raise Aborted("A step of a rebuild is being carried out at this moment. Wait and begin again.")
            await connection.execute(_PATIENCE)
            yield connection

    async def _seen(self, connection: "Connection", rebuild_id: UUID) -> None:
        if await connection.fetchval(_SEEN, rebuild_id) is None:
            raise FailedPrecondition("This rebuild has ended, or another one has taken its place. Begin a new one.")


async def _empty(connection: "Connection") -> None:
    for table in _WORKED_IN:
        await _affected(connection, f"DELETE FROM {table}{SUFFIX}")  # noqa: S608 - constants


async def _affected(connection: "Connection", statement: str) -> int:
    """Execute a statement that may take long, and return how many rows it has written or removed."""
    status = await connection.execute(statement, timeout=_LONG_SECONDS)
    return int(status.rpartition(" ")[2])
