"""Remembering: a repeated command is answered from memory before anything is looked at, and a digest tells requests."""

import subprocess
import sys
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.marks import PUT, Marks, Put, PutMark, Work, work
from tests.storage.owner import Owner

from careplane.kernel.context import Context, using
from careplane.kernel.contract import Kind, Method
from careplane.kernel.errors import IdempotencyMismatch, Unavailable
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal
from careplane.storage.database import Database
from careplane.storage.idempotency import digest_of, remembering
from careplane.storage.journal import entry_for


class Change(Message, frozen=True):
    """A request with a bit of everything."""

    id: int = 1
    name: str = "n"
    tags: frozenset[str] = frozenset()
    patch: dict[str, Any] = msgspec.field(default_factory=dict)
    password: str = ""
    secret = frozenset({"password"})


CHANGE = Method("billing", "change", Kind.COMMAND, "s", "id", False, Change, Put)
CREATE = Method("billing", "change", Kind.COMMAND, "s", "id", True, Change, Put)
LOOK = Method("billing", "look", Kind.QUERY, "s", "id", False, PutMark, Put)
CHANGE_MARK = Method("billing", "change_mark", Kind.COMMAND, "s", "id", False, PutMark, Put)
KEYED = Context(principal=Principal(id="nurse"), idempotency_key="k")


class Actor:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, _method: Method, _request: Message, /) -> Message:
        """Answer always the same."""
        self.asked += 1
        return Put(id=UUID(int=1), number=0)


@pytest.fixture
def marks(database: Database) -> Marks:
    """Give a store of marks."""
    return Marks(database)


async def test_a_repeat_is_answered_without_the_actor(database: Database, marks: Marks) -> None:
    """The first reply comes back as a message of the right type, though the repeat's own id is another."""
    first = work(3, key="k")
    await marks.journal.flush([first])
    actor = Actor()
    with using(KEYED):
        reply = await remembering(database)(actor)(PUT, PutMark(id=uuid4(), value=3))
    assert isinstance(reply, Put)
    assert reply.id == first.request.id
    assert actor.asked == 0


@pytest.mark.parametrize("creates", [True, False])
async def test_that_an_answer_was_given_again_is_in_the_audit(
    database: Database, owner: Owner, marks: Marks, creates: bool
) -> None:
    """Before it goes out: who asked again, in which request, about what it was about the first time."""
    method = PUT if creates else CHANGE_MARK
    request = PutMark(id=uuid4(), value=3)
    made = Put(id=request.id, number=1)
    with using(KEYED):
        await marks.journal.flush([Work(request, entry_for(method, request, made))])
    repeat = PutMark(id=uuid4(), value=3) if creates else request
    with using(msgspec.structs.replace(KEYED, request_id="again")):
        await remembering(database)(Actor())(method, repeat)
    [row] = await owner.fetch("SELECT caller, action, subject, detail::text FROM audit WHERE request_id = 'again'")
    assert tuple(row) == ("nurse", method.path, request.id, '{"outcome": "replayed"}')


async def test_what_cannot_be_noted_is_not_answered_again(database: Database, owner: Owner, marks: Marks) -> None:
    """As little as anything else."""
    await marks.journal.flush([work(3, key="k")])
    await owner.execute("ALTER TABLE audit ADD CONSTRAINT refused CHECK (detail->>'outcome' <> 'replayed') NOT VALID")
    with using(KEYED), pytest.raises(asyncpg.CheckViolationError):
        await remembering(database)(Actor())(PUT, PutMark(id=uuid4(), value=3))


async def test_what_was_not_answered_from_memory_is_not_noted(database: Database, owner: Owner, marks: Marks) -> None:
    """Neither a first call, which the journal notes itself, nor another request under the key."""
    await marks.journal.flush([work(3, key="k")])
    with using(msgspec.structs.replace(KEYED, idempotency_key="other")):
        await remembering(database)(Actor())(PUT, PutMark(id=uuid4(), value=3))
    with using(KEYED), pytest.raises(IdempotencyMismatch):
        await remembering(database)(Actor())(PUT, PutMark(id=uuid4(), value=4))
    assert await owner.count("audit") == 1


async def test_another_request_under_the_key_is_refused(database: Database, marks: Marks) -> None:
    """It never reaches the actor."""
    await marks.journal.flush([work(3, key="k")])
    actor = Actor()
    with using(KEYED), pytest.raises(IdempotencyMismatch):
        await remembering(database)(actor)(PUT, PutMark(id=uuid4(), value=4))
    assert actor.asked == 0


@pytest.mark.parametrize(
    ("method", "context"),
    [
        (PUT, Context(principal=Principal(id="nurse"), idempotency_key="other")),
        (PUT, Context(principal=Principal(id="doctor"), idempotency_key="k")),
        (PUT, Context(principal=Principal(id="nurse"))),
        (LOOK, KEYED),
    ],
)
async def test_what_is_not_a_repeat_goes_on(database: Database, marks: Marks, method: Method, context: Context) -> None:
    """Another key, another caller, no key at all, and queries."""
    await marks.journal.flush([work(3, key="k")])
    actor = Actor()
    with using(context):
        await remembering(database)(actor)(method, PutMark(id=uuid4(), value=3))
    assert actor.asked == 1


async def test_without_its_memory_a_keyed_command_is_not_started(database: Database) -> None:
    """When the database is away it is not known whether this is a repeat."""
    await database.close()
    actor = Actor()
    with using(KEYED), pytest.raises(Unavailable):
        await remembering(database)(actor)(PUT, PutMark(id=uuid4(), value=3))
    assert actor.asked == 0


@given(st.builds(Change), st.builds(Change))
def test_a_digest_tells_requests_apart(one: Change, other: Change) -> None:
    """Two requests have one digest exactly if they ask for the same, secrets left out."""
    same = (one.id, one.name, one.tags, one.patch) == (other.id, other.name, other.tags, other.patch)
    assert (digest_of(CHANGE, one) == digest_of(CHANGE, other)) is same
    assert len(digest_of(CHANGE, one)) == 16


def test_what_counts_in_a_digest() -> None:
    """A creating method's key and a secret do not; the method, and which field holds a value, do."""
    assert digest_of(CREATE, Change(id=1)) == digest_of(CREATE, Change(id=2))
    assert digest_of(CHANGE, Change(id=1)) != digest_of(CHANGE, Change(id=2))
    assert digest_of(CHANGE, Change(password="a")) == digest_of(CHANGE, Change(password="b"))
    assert digest_of(PUT, PutMark(id=UUID(int=1), value=1)) != digest_of(LOOK, PutMark(id=UUID(int=1), value=1))
    assert digest_of(CHANGE, Change(patch={"a": 1})) != digest_of(CHANGE, Change(patch={"b": 1}))


def test_a_digest_does_not_depend_on_the_order_of_what_has_none() -> None:
    """A JSON object's names and a set's members come in any order, and the request is the same."""
    assert digest_of(CHANGE, Change(patch={"a": 1, "b": 2})) == digest_of(CHANGE, Change(patch={"b": 2, "a": 1}))
    tags = frozenset("abcdefgh")
    program = (
        "from tests.storage.test_idempotency import CHANGE, Change, digest_of\n"
        "print(digest_of(CHANGE, Change(tags=frozenset('abcdefgh'))).hex())"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=30)
    assert ran.stdout.strip() == digest_of(CHANGE, Change(tags=tags)).hex()
