"""A small journaled write for the storage's tests: put a mark under an id, once."""

import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec

from careplane.kernel.context import Context, using
from careplane.kernel.contract import Kind, Method
from careplane.kernel.errors import AlreadyExists, PlatformError
from careplane.kernel.events import Event
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Entry, Journal, entry_for

if TYPE_CHECKING:
    from careplane.storage.database import Connection

TABLE = "CREATE TABLE mark (id uuid PRIMARY KEY, value int NOT NULL CHECK (value <> 13))"
POISON = 13
_EFFECT = """
wanted AS (
    SELECT w.* FROM unnest($1::int[], $2::uuid[], $3::int[]) AS w(n, id, value) JOIN fresh USING (n)
), made AS (
    INSERT INTO mark (id, value) SELECT id, value FROM wanted ORDER BY n ON CONFLICT DO NOTHING RETURNING id
), applied AS (
    SELECT DISTINCT ON (id) n FROM wanted JOIN made USING (id) ORDER BY id, n
)
"""
_numbers = itertools.count(1)


class PutMark(Message, frozen=True):
    """Asks for a mark; the id is made anew for every attempt."""

    id: UUID
    value: int


class Put(Message, frozen=True):
    """Tells where the mark is and who in the line of marks it is."""

    id: UUID
    number: int


PUT = Method("billing", "put", Kind.COMMAND, "s", "id", True, PutMark, Put)


class Work(msgspec.Struct, frozen=True):
    """A mark on its way, with its journal entry."""

    request: PutMark
    entry: Entry


def work(
    value: int = 1, *, key: str | None = None, mark_id: UUID | None = None, caller: str = "nurse", events: int = 1
) -> Work:
    """Decide on a mark, as an actor would: in its caller's context, with its reply and its events."""
    request = PutMark(id=mark_id or uuid4(), value=value)
    context = Context(principal=Principal(id=caller), idempotency_key=key, request_id=f"request of {caller}")
    said = tuple(event(request.id, n + 1) for n in range(events))
    with using(context):
        reply = Put(id=request.id, number=next(_numbers))
        return Work(request, entry_for(PUT, request, reply, subject=request.id, events=said, detail={"value": value}))


def event(subject: UUID, version: int = 1, *, kind: str = "mark.put") -> Event:
    """Make an event about a subject."""
    now = datetime.now(UTC)
    return Event(id=uuid4(), type=kind, source="billing", subject=subject, version=version, time=now, body=b"{}")


def reply_of(answer: Applied | PlatformError) -> Put:
    """Read the reply that was kept under the idempotency key."""
    assert isinstance(answer, Applied)
    assert answer.reply is not None
    return msgspec.msgpack.decode(answer.reply, type=Put)


class Marks:
    """The store of marks: a journal and the group commit before it."""

    def __init__(self, database: Database, committed: Callable[[], None] = lambda: None) -> None:
        """Keep marks in the component's table."""
        self.journal: Journal[Work] = Journal(database, _EFFECT, _arrays, _refusals, width=3, committed=committed)
        self.commit: GroupCommit[Work, Applied] = GroupCommit(self.journal.flush)


def _arrays(works: Sequence[Work]) -> Sequence[Sequence[object]]:
    return (range(len(works)), [w.request.id for w in works], [w.request.value for w in works])


async def _refusals(_connection: "Connection", works: Sequence[Work]) -> Sequence[PlatformError]:
    return [AlreadyExists(meta={"id": str(work.request.id)}) for work in works]
