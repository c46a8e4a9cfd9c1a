"""Audited reads: a query and the audit row of who asked, in one SQL statement for all those who wait.

No answer is given before its audit row is durable: when that cannot be written, there is nothing to read.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from careplane.kernel.contract import Method
from careplane.kernel.errors import PlatformError
from careplane.storage.audit import NOTE_COLUMNS, Note, note_of
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.recordset import recordset

if TYPE_CHECKING:
    from uuid import UUID

K = TypeVar("K")
R = TypeVar("R")

# language=postgresql
_NOTED = f"""
WITH noted AS (
    INSERT INTO audit (caller, action, subject, request_id, trace_id, detail)
    SELECT caller, action, subject, request_id, trace_id, detail::jsonb
    FROM json_to_recordset(${{0}}::json) AS n({NOTE_COLUMNS})
)
"""  # noqa: S608 - a constant

# language=postgresql
_NOTED_AS_JUDGED = f"""
, noted AS (
    INSERT INTO audit (caller, action, subject, request_id, trace_id, detail)
    SELECT a.caller, a.action, a.subject, a.request_id, a.trace_id,
        CASE WHEN j.detail IS NULL THEN a.detail::jsonb ELSE coalesce(a.detail::jsonb, '{{{{}}}}') || j.detail END
    FROM ROWS FROM (json_to_recordset(${{0}}::json) AS ({NOTE_COLUMNS})) WITH ORDINALITY
        AS a(caller, action, subject, request_id, trace_id, detail, place) LEFT JOIN judged j ON j.n = a.place - 1
    ORDER BY a.place
)
"""  # noqa: S608 - a constant


class _Ask(msgspec.Struct, frozen=True, gc=False):
    """What is looked for, and the audit row of looking."""

    key: Any
    note: Note


class Judged(msgspec.Struct, frozen=True):
    """A query that reads from CTEs which also say what the audit rows are to say.

    The last of the `ctes` is named `judged` and has the columns `n` and `detail`: JSON that is added to the audit row
    of the place `n`. A place stands in it at most once.
    """

    ctes: str
    query: str


class AuditedReads(Generic[K, R]):
    """One kind of read: its query, how keys become its arguments, and how the rows of one key become its answer.

    `query` is a SELECT that reads its arguments as $1..$`width`, the places in the batch among them, and returns the
    place as the column `n`. `answer` gets the rows of one place, in the query's order, and none where
    nothing was found; it may raise nothing, for that would fail the whole batch.

    Where what is found decides what the audit row says, such as that the caller was denied it, the query is `Judged`.
    """

    def __init__(
        self,
        database: Database,
        query: str | Judged,
        arguments: Callable[[Sequence[K]], Sequence[object]],
        answer: Callable[[Sequence[Any]], R],
        *,
        width: int,
        limit: int = 256,
        bound: int = 4096,
    ) -> None:
        """Take the parts; at most `limit` reads go together, and at most `bound` wait."""
        self._database = database
        self._arguments = arguments
        self._answer = answer
        self._statement = _statement(query, width + 1)
        self.commit: GroupCommit[_Ask, R] = GroupCommit(self._flush, limit=limit, bound=bound)

    async def read(
        self, method: Method, key: K, *, subject: "UUID | None" = None, detail: dict[str, Any] | None = None
    ) -> R:
        """Return the answer for `key`, audited as `method` on `subject`; `detail` must hold no personal data."""
        ask = _Ask(key, note_of(method.path, subject=subject, detail=detail))
        return await self.commit.submit(ask)

    async def _flush(self, asks: Sequence[_Ask]) -> Sequence[R | PlatformError]:
        rows = await self._database.fetch(
            self._statement, *self._arguments([a.key for a in asks]), recordset([a.note for a in asks])
        )
        found: list[list[Any]] = [[] for _ in asks]
        for row in rows:
            found[row["n"]].append(row)
        return [self._answer(mine) for mine in found]


def _statement(query: str | Judged, number: int) -> str:
    if isinstance(query, Judged):
        return f"WITH {query.ctes}{_NOTED_AS_JUDGED.format(number)}{query.query}"
    return _NOTED.format(number) + query
