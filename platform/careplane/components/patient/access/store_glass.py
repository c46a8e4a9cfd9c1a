"""The table of emergency openings: added to by a journaled statement, read by search, review and metrics."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from careplane.components.patient.access.access_messages import GlassGrant
from careplane.kernel.errors import Aborted, PlatformError
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Entry, Journal

if TYPE_CHECKING:
    from careplane.storage.database import Connection

# language=postgresql
_GRANT = """
made AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[],
                         $7::timestamptz[], $8::text[], $9::int[])
        AS made(n, id, patient_id, user_id, reason, granted_at, until, request_id, version) JOIN fresh USING (n)
), granted AS (
    INSERT INTO break_glass (id, patient_id, user_id, reason, granted_at, until, request_id, version)
    SELECT id, patient_id, user_id, reason, granted_at, until, request_id, version FROM made RETURNING id
), applied AS (
    SELECT n FROM made JOIN granted USING (id)
)
"""
_COLUMNS = "id, patient_id, user_id, reason, granted_at, until, request_id"
_PAGE = f"SELECT {_COLUMNS} FROM break_glass WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"  # noqa: S608
_IS_OPEN = """
SELECT FROM break_glass g JOIN patients p ON p.id = g.patient_id
WHERE g.user_id = $1 AND g.patient_id = $2 AND g.until > $3 AND g.version >= p.restricted_since LIMIT 1
"""
_OPEN = """
SELECT count(*) AS open FROM break_glass g JOIN patients p ON p.id = g.patient_id
WHERE g.until > $1 AND p.restricted AND g.version >= p.restricted_since
"""
_BY_NUMBER = "SELECT id FROM patients WHERE mrn = $1"


class GlassWrite(msgspec.Struct, frozen=True):
    """A grant to be written with its journal entry; `version` is the one of the record that was seen to be closed.

    A grant ends when the record is restricted anew, which is to say: when that has made a later version.
    """

    grant: GlassGrant
    version: int
    entry: Entry


class GlassStore:
    """The grants, in the registry's own terms."""

    def __init__(self, database: Database) -> None:
        """Use the registry's database."""
        self._database = database
        journal = Journal(database, _GRANT, _arrays, _refusals, width=9)
        self.grants: GroupCommit[GlassWrite, Applied] = GroupCommit(journal.flush)

    async def grant(self, write: GlassWrite) -> Applied:
        """Write a grant."""
        return await self.grants.submit(write)

    async def is_open(self, user_id: str, patient_id: UUID, now: datetime) -> bool:
        """Tell whether the user has opened the record, which has neither run out nor been restricted anew since."""
        return await self._database.fetch_row(_IS_OPEN, user_id, patient_id, now) is not None

    async def patient_with(self, mrn: str) -> UUID | None:
        """Return the id of the record with that number."""
        row = await self._database.fetch_row(_BY_NUMBER, mrn)
        return None if row is None else row["id"]

    async def page(self, before: UUID | None, limit: int) -> Sequence[GlassGrant]:
        """Return at most `limit` grants, newest first (UUIDv7 sorts by time)."""
        return [GlassGrant(**row) for row in await self._database.fetch(_PAGE, before, limit)]

    async def count_open(self, now: datetime) -> int:
        """Return how many grants have not ended yet."""
        row = await self._database.fetch_row(_OPEN, now)
        return int(row["open"])


def _arrays(writes: Sequence[GlassWrite]) -> Sequence[Sequence[object]]:
    fields = GlassGrant.__struct_fields__
    grants = ([getattr(write.grant, name) for write in writes] for name in fields)
    return (range(len(writes)), *grants, [write.version for write in writes])


async def _refusals(_connection: "Connection", writes: Sequence[GlassWrite]) -> Sequence[PlatformError]:
    return [Aborted() for _ in writes]
