"""Reading a component's audit: newest first, by subject, caller, action and time, and itself an audited read."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from careplane.kernel.contract import Method
from careplane.storage.audit import NOTE, note_of
from careplane.storage.database import Database
from careplane.storage.recordset import recordset

_COLUMNS = "id, at, caller, action, subject, request_id, trace_id, detail"
_PAGE = "ORDER BY at DESC, id DESC LIMIT {limit}"
# language=postgresql
_READ = f"""
WITH noted AS ({NOTE})
SELECT id, at, caller, action, subject, request_id, trace_id, coalesce(detail->>'outcome', 'done') AS outcome,
    detail::text AS detail
FROM {{source}} WHERE {{conditions}} {_PAGE}
"""  # noqa: S608 - constants
# No row is found in two ways: only those without a subject name patients in their detail, a search's all whom it
# showed, an export's the first and the last. What searches showed is gathered before it is put in order, for otherwise
# the planner may look through the whole audit by time, hoping to find some soon.
# language=postgresql
_ABOUT = f"""(
    WITH shown AS MATERIALIZED (
        SELECT {_COLUMNS} FROM audit WHERE {{conditions}}
        AND subject IS NULL AND detail ? 'patients' AND detail->'patients' @> to_jsonb({{subject}}::uuid::text)
    )
    (SELECT {_COLUMNS} FROM audit WHERE {{conditions}} AND subject = {{subject}}::uuid {_PAGE})
    UNION ALL (SELECT {_COLUMNS} FROM shown {_PAGE})
    UNION ALL (
        SELECT {_COLUMNS} FROM audit WHERE {{conditions}}
        AND subject IS NULL AND detail ? 'first' AND NOT detail ? 'patients'
        AND {{subject}}::uuid::text COLLATE "C" BETWEEN detail->>'first' AND detail->>'last' {_PAGE}
    )
) AS about"""  # noqa: S608 - constants
_NOTE_WIDTH = 1


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows: at most `limit`, those before the row with that time and id, and what is given of the rest.

    About a `subject` are also the searches that showed it and the exports that went past it: these carried it away if
    it was neither closed to the caller nor, where they leave those out, archived.
    """

    limit: int
    before: tuple[datetime, int] | None = None
    subject: UUID | None = None
    caller: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Trail:
    """The audit of one component, to be read.

    The subject's rows, the caller's and those of a time are each found by an index that has them in order already.
    An action is looked for among those, for an index of its own would cost every row and serve few.
    """

    def __init__(self, database: Database) -> None:
        """Read the audit of the database's component."""
        self._database = database

    async def read(self, method: Method, wanted: Wanted) -> Sequence[Any]:
        """Return the rows; that somebody read them, as `method`, is durable with the answer."""
        statement, values = _statement(wanted)
        note = note_of(method.path, subject=wanted.subject)
        return await self._database.fetch(statement, recordset([note]), *values)


def _statement(wanted: Wanted) -> tuple[str, Sequence[object]]:
    """Return the query and its values; the limit is written in, for the planner to know it."""
    conditions = list(_conditions(wanted))
    numbered = [text.format(*_numbers(conditions, place)) for place, (text, _) in enumerate(conditions)]
    values = [value for _, several in conditions for value in several]
    words, limit, source = " AND ".join(numbered) or "true", int(wanted.limit), "audit"
    if wanted.subject is not None:
        values.append(wanted.subject)
        subject = f"${_NOTE_WIDTH + len(values)}"
        source, words = _ABOUT.format(conditions=words, subject=subject, limit=limit), "true"
    return _READ.format(source=source, conditions=words, limit=limit), values


def _conditions(wanted: Wanted) -> Iterator[tuple[str, Sequence[object]]]:
    if wanted.before is not None:
        yield "(at, id) < (${}::timestamptz, ${}::bigint)", wanted.before
    for text, value in (
        ("caller = ${}::text", wanted.caller),
        ("action = ${}::text", wanted.action),
        ("at >= ${}::timestamptz", wanted.since),
        ("at < ${}::timestamptz", wanted.until),
    ):
        if value is not None:
            yield text, (value,)


def _numbers(conditions: Sequence[tuple[str, Sequence[object]]], place: int) -> range:
    first = _NOTE_WIDTH + 1 + sum(len(values) for _, values in conditions[:place])
    return range(first, first + len(conditions[place][1]))
