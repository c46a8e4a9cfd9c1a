"""The journal: a command's effect, its events, its audit row and its idempotency record, in one SQL statement.

A component writes its effect as a common table expression named `applied`; `Journal` wraps it with the rest, so that
all of it commits or none does, for a whole batch of commands in one round trip (consistency rule 1).
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import asyncpg
import msgspec

from careplane.kernel.context import current, using
from careplane.kernel.contract import Method
from careplane.kernel.errors import Aborted, IdempotencyMismatch, PlatformError
from careplane.kernel.events import Event
from careplane.kernel.message import Empty, Message
from careplane.kernel.principal import Principal
from careplane.storage.database import Database
from careplane.storage.idempotency import digest_of
from careplane.storage.recordset import recordset

if TYPE_CHECKING:
    from uuid import UUID

    from careplane.storage.database import Connection


class Entry(msgspec.Struct, frozen=True):
    """What a command leaves in the journal beside its effect; `key` is None for a call without idempotency key."""

    method: str
    caller: str
    key: str | None
    digest: bytes
    reply: bytes
    action: str
    subject: "UUID | None"
    request_id: str
    trace_id: str
    detail: str | None
    events: tuple[Event, ...] = ()


class Write(Protocol):
    """A piece of work for a group commit that leaves a journal entry."""

    @property
    def entry(self) -> Entry:
        """The journal entry that commits with the work."""
        ...


W = TypeVar("W", bound=Write)


def entry_for(
    method: Method,
    request: Message,
    reply: Message,
    *,
    subject: "UUID | None" = None,
    events: tuple[Event, ...] = (),
    detail: dict[str, Any] | None = None,
) -> Entry:
    """Write the journal entry of a command from the current context; `detail` must hold no personal data."""
    context = current()
    keyed = context.idempotency_key is not None
    return Entry(
        method=method.path,
        caller=context.principal.id,
        key=context.idempotency_key,
        digest=digest_of(method, request) if keyed else b"",
        reply=msgspec.msgpack.encode(reply) if keyed else b"",
        action=method.path,
        subject=subject,
        request_id=context.request_id,
        trace_id=context.trace.trace_id,
        detail=None if detail is None else msgspec.json.encode(detail).decode(),
        events=events,
    )


def unremembered(
    method: Method,
    request: Message,
    *,
    subject: "UUID | None" = None,
    detail: dict[str, Any] | None = None,
    caller: Principal | None = None,
) -> Entry:
    """Write the journal entry of a command that keeps no idempotency record: it was refused, or answers a secret.

    `caller` stands for who has only just shown who they are.
    """
    context = current()
    with using(msgspec.structs.replace(context, principal=caller or context.principal, idempotency_key=None)):
        return entry_for(method, request, Empty(), subject=subject, detail=detail)


# language=postgresql
_TEMPLATE = """
WITH entry AS (
    SELECT * FROM json_to_recordset(${0}::json) AS e(n int, caller text, key text, method text, digest text, reply text,
        action text, subject uuid, request_id text, trace_id text, detail text)
), fresh AS (
    SELECT n FROM entry e
    WHERE key IS NULL OR NOT EXISTS (SELECT FROM idempotency i WHERE i.caller = e.caller AND i.key = e.key)
), {effect}, remembered AS (
    INSERT INTO idempotency (caller, key, method, digest, reply)
    SELECT caller, key, method, decode(digest, 'base64'), decode(reply, 'base64')
    FROM entry JOIN applied USING (n) WHERE key IS NOT NULL
    ORDER BY caller, key
), announced AS (
    INSERT INTO outbox (id, type, subject, version, time, body)
    SELECT v.id, v.type, v.subject, v.version, v.time, decode(v.body, 'base64')
    FROM ROWS FROM (json_to_recordset(${1}::json)
            AS (n int, id uuid, type text, subject uuid, version int, time timestamptz, body text)) WITH ORDINALITY
        AS v(n, id, type, subject, version, time, body, place)
    JOIN applied USING (n) ORDER BY v.place
), noted AS (
    INSERT INTO audit (caller, action, subject, request_id, trace_id, detail)
    SELECT caller, action, subject, request_id, trace_id, detail::jsonb FROM entry JOIN applied USING (n) ORDER BY n
)
SELECT n FROM applied
"""


class _Line(msgspec.Struct, frozen=True, gc=False):
    """An entry on its way into the statement; `n` is its place in the batch."""

    n: int
    caller: str
    key: str | None
    method: str
    digest: bytes
    reply: bytes
    action: str
    subject: "UUID | None"
    request_id: str
    trace_id: str
    detail: str | None


class _Told(msgspec.Struct, frozen=True, gc=False):
    """An event of the entry at the place `n`."""

    n: int
    id: "UUID"
    type: str
    subject: "UUID"
    version: int
    time: datetime
    body: bytes


_REMEMBERED = """
SELECT e.n, i.digest, i.reply FROM idempotency i
JOIN unnest($1::int[], $2::text[], $3::text[]) AS e(n, caller, key) USING (caller, key)
"""


_TRIES = 3


class Applied(msgspec.Struct, frozen=True):
    """The work was done now, or, where `reply` is set, earlier under the same idempotency key with that reply."""

    reply: bytes | None = None


_APPLIED = Applied()


class Journal(Generic[W]):
    """One kind of journaled write: its effect in SQL, how work becomes its arguments, and why a row was not applied.

    `effect` is one or more CTEs, the last named `applied` and returning `n`, the place in the batch. It reads its own
    arguments as $1..$`width`, with the places among them, and must join `fresh` so as to skip repeated commands.
    `refusals` is asked once per flush for the error of each row that was neither applied nor a repeat.
    """

    def __init__(
        self,
        database: Database,
        effect: str,
        arguments: Callable[[Sequence[W]], Sequence[object]],
        refusals: "Callable[[Connection, Sequence[W]], Awaitable[Sequence[PlatformError]]]",
        *,
        width: int,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the parts; `width` is how many arguments there are, `committed` is told of every commit with events."""
        self._database = database
        self._arguments = arguments
        self._refusals = refusals
        self._committed = committed
        self._statement = _TEMPLATE.replace("{effect}", effect.strip()).format(width + 1, width + 2)

    async def flush(self, writes: Sequence[W]) -> Sequence[Applied | PlatformError]:
        """Commit the batch and answer each write: applied, applied before, or the error that refused it."""
        entries = [write.entry for write in writes]
        arguments = (*self._arguments(writes), _lines(entries), _told(entries))
        async with self._database.connection() as connection:
            rows = await self._commit(connection, arguments)
            if rows:
                self._committed()
            if len(rows) == len(writes):
                return [_APPLIED] * len(writes)
            applied = {row["n"] for row in rows}
            answers = await self._explain(connection, writes, [n for n in range(len(writes)) if n not in applied])
        return [answers.get(n, _APPLIED) for n in range(len(writes))]

    async def _commit(self, connection: "Connection", arguments: Sequence[object]) -> Sequence[Any]:
        """Run the statement, and again where another process came between, which is certain to have undone ours.

        Either it wrote one of our keys, and now its record is there to be seen; or each waited for a row of the other,
        and the batch must not suffer for that.
        """
        for _ in range(_TRIES - 1):
            try:
                return await connection.fetch(self._statement, *arguments)
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name != "idempotency_pkey":
                    raise
            except asyncpg.DeadlockDetectedError:
                pass
        return await connection.fetch(self._statement, *arguments)

    async def _explain(
        self, connection: "Connection", writes: Sequence[W], missing: Sequence[int]
    ) -> dict[int, Applied | PlatformError]:
        entries = [writes[n].entry for n in missing]
        rows = await connection.fetch(_REMEMBERED, missing, [e.caller for e in entries], [e.key for e in entries])
        answers: dict[int, Applied | PlatformError] = {
            row["n"]: Applied(row["reply"]) if row["digest"] == writes[row["n"]].entry.digest else IdempotencyMismatch()
            for row in rows
        }
        refused = [n for n in missing if n not in answers]
        if refused:
            reasons = await self._refusals(connection, [writes[n] for n in refused])
            answers.update(zip(refused, reasons, strict=True))
        return answers


class Bare(msgspec.Struct, frozen=True):
    """A command whose effect is elsewhere or nothing at all: only its entry is to be written."""

    entry: Entry


def bare_journal(database: Database) -> Journal[Bare]:
    """Return a journal of entries without an effect."""
    return Journal(database, "applied AS (SELECT n FROM fresh)", lambda _: (), _never_refused, width=0)


async def _never_refused(_connection: "Connection", writes: Sequence[Bare]) -> Sequence[PlatformError]:
    return [Aborted() for _ in writes]


def _lines(entries: Sequence[Entry]) -> str:
    lines = [
        _Line(n, e.caller, e.key, e.method, e.digest, e.reply, e.action, e.subject, e.request_id, e.trace_id, e.detail)
        for n, e in enumerate(entries)
    ]
    return recordset(lines)


def _told(entries: Sequence[Entry]) -> str:
    events = [
        _Told(n, event.id, event.type, event.subject, event.version, event.time, event.body)
        for n, entry in enumerate(entries)
        for event in entry.events
    ]
    return recordset(events)
