"""Audit rows of calls that change nothing (searches, sign-ins): group-committed, durable before the answer."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from careplane.kernel.context import current
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.recordset import recordset

NOTE_COLUMNS = "caller text, action text, subject uuid, request_id text, trace_id text, detail text"
"""How `json_to_recordset` reads notes."""

NOTE = f"""
INSERT INTO audit (caller, action, subject, request_id, trace_id, detail)
SELECT caller, action, subject, request_id, trace_id, detail::jsonb
FROM json_to_recordset($1::json) AS n({NOTE_COLUMNS})
"""  # noqa: S608 - a constant
"""Writes notes, as `recordset` makes an argument of them."""


class Note(msgspec.Struct, frozen=True):
    """One audit row: who did what to whom; `detail` is JSON and holds no personal data."""

    caller: str
    action: str
    subject: UUID | None
    request_id: str
    trace_id: str
    detail: str | None


def note_of(action: str, *, subject: UUID | None = None, detail: Mapping[str, Any] | None = None) -> Note:
    """Write the audit row of what is being done in the current context."""
    context = current()
    text = None if detail is None else msgspec.json.encode(detail).decode()
    return Note(context.principal.id, action, subject, context.request_id, context.trace.trace_id, text)


class AuditLog:
    """Notes what a component's callers have read or tried."""

    def __init__(self, database: Database) -> None:
        """Write to the audit table of the database's component."""
        self._database = database
        self.commits: GroupCommit[Note, None] = GroupCommit(self._flush)

    async def note(self, action: str, *, subject: UUID | None = None, detail: Mapping[str, Any] | None = None) -> None:
        """Return when the row is durable."""
        await self.commits.submit(note_of(action, subject=subject, detail=detail))

    async def _flush(self, notes: Sequence[Note]) -> Sequence[None]:
        await self._database.execute(NOTE, recordset(notes))
        return [None] * len(notes)
