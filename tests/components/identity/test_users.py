"""Users: added once, listed page by page, refused with every fault named, and never quoted where others look."""

import asyncio
import logging
from typing import Any
from uuid import UUID

import msgspec
import pytest
from uuid_utils.compat import uuid7

from careplane.components.identity.api import IDENTITY, AddUser, ListUsers, Login, SetPassword
from careplane.kernel.context import Context, using
from careplane.kernel.errors import (
    AlreadyExists,
    IdempotencyMismatch,
    InvalidArgument,
    PermissionDenied,
    StillRunning,
    Unauthenticated,
)
from careplane.kernel.principal import Principal
from careplane.storage.idempotency import digest_of

PASSWORD, ANOTHER = "vier zufällige Wörter hier", "noch einmal vier andere"
ADMIN = Principal(id="00000000-0000-7000-8000-000000000001", scopes=frozenset({"users:read", "users:write"}))


async def test_an_added_user_is_listed(world: Any) -> None:
    """The list shows what was answered, and nothing of the password."""
    user = await world.add("Ada@Example.org", roles=("auditor",))
    with using(Context(principal=ADMIN)):
        page = await world.identity.users(ListUsers())
    assert page.users == (user,)
    assert (user.email, user.roles, user.disabled, user.version) == ("Ada@Example.org", ("auditor",), False, 1)
    assert set(msgspec.json.decode(msgspec.json.encode(user))) == {
        "id", "email", "roles", "disabled", "version", "createdAt", "kind", "name",
    }  # fmt: skip


async def test_pages_follow_each_other(world: Any) -> None:
    """Every user is on one page, in the order in which they were added."""
    added = [(await world.add(f"user{n}@example.org")).id for n in range(7)]
    seen: list[UUID] = []
    after = None
    with using(Context(principal=ADMIN)):
        while True:
            page = await world.identity.users(ListUsers(limit=3, after=after))
            seen += [user.id for user in page.users]
            after = page.next_after
            if after is None:
                break
    assert seen == added


@pytest.mark.parametrize("limit", [0, -1, 201, 2**40])
async def test_a_page_has_a_sensible_size(world: Any, limit: int) -> None:
    """A limit out of bounds is named as the field at fault."""
    with using(Context(principal=ADMIN)), pytest.raises(InvalidArgument) as caught:
        await world.identity.users(ListUsers(limit=limit))
    assert [fault.field for fault in caught.value.fields] == ["limit"]


async def test_an_email_belongs_to_one_user(world: Any) -> None:
    """Another case or composition of the same address is taken, and the error does not repeat it."""
    await world.add("Zoë@example.org")
    for email in ("zoë@example.org", "ZOE\u0308@EXAMPLE.ORG"):
        with pytest.raises(AlreadyExists) as caught:
            await world.add(email)
        assert [fault.field for fault in caught.value.fields] == ["email"]
        assert "example" not in f"{caught.value.detail}{caught.value.fields}".lower()


async def test_of_many_at_once_with_one_email_one_is_added(world: Any) -> None:
    """Eight at the same time: one user, seven refusals."""
    answers = await asyncio.gather(*(world.add() for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(answer, AlreadyExists) for answer in answers) == 7
    assert len(await world.database.fetch("SELECT FROM users")) == 1


async def test_adding_again_under_the_same_idempotency_key_answers_the_same(world: Any) -> None:
    """A repeat, which carries a new id, gets the first answer; another e-mail under the key is refused."""
    request = AddUser(user_id=uuid7(), email="ada@example.org", password=PASSWORD, roles=("admin",))
    with using(Context(principal=ADMIN, idempotency_key="k")):
        first = await world.identity.add_user(request)
        again = await world.identity.add_user(msgspec.structs.replace(request, user_id=uuid7()))
        assert again == first
        with pytest.raises(IdempotencyMismatch):
            await world.identity.add_user(msgspec.structs.replace(request, email="eve@example.org"))
    assert [row[3] for row in await world.audit()] == ['{"roles": ["admin"]}', '{"outcome": "replayed"}']


async def test_a_repeat_with_another_password_is_not_answered_as_if_done(world: Any) -> None:
    """It is another request under the key, and the first password stays."""
    request = AddUser(user_id=uuid7(), email="ada@example.org", password=PASSWORD, roles=("admin",))
    with using(Context(principal=ADMIN, idempotency_key="k")):
        await world.identity.add_user(request)
        with pytest.raises(IdempotencyMismatch):
            await world.identity.add_user(msgspec.structs.replace(request, password=ANOTHER))
    assert (await world.login()).roles == ("admin",)


async def test_the_record_of_a_call_does_not_depend_on_the_password(world: Any) -> None:
    """No digest from which the password could be guessed is kept."""
    request = AddUser(uuid7(), "ada@example.org", PASSWORD, ("admin",))
    with using(Context(principal=ADMIN, idempotency_key="k")):
        await world.identity.add_user(request)
    (kept,) = await world.database.fetch("SELECT digest FROM idempotency")
    other = msgspec.structs.replace(request, password=ANOTHER)
    assert kept["digest"] == digest_of(IDENTITY.methods["add_user"], other)


async def test_a_repeat_finds_out_nothing_of_a_password_chosen_since(world: Any) -> None:
    """Whoever made the account cannot try passwords by repeating that, neither the first one nor the present one."""
    request = AddUser(user_id=uuid7(), email="ada@example.org", password=PASSWORD, roles=("admin",))
    with using(Context(principal=ADMIN, idempotency_key="k")):
        user = await world.identity.add_user(request)
        await world.identity.set_password(SetPassword(user_id=user.id, new_password=ANOTHER))
        for password in (PASSWORD, ANOTHER):
            with pytest.raises(IdempotencyMismatch):
                await world.identity.add_user(msgspec.structs.replace(request, password=password))


async def test_of_repeats_at_once_one_adds_and_all_answer_the_same(world: Any) -> None:
    """Sent eight times before the first is answered: that, or to wait until it is."""
    requests = [AddUser(uuid7(), "ada@example.org", PASSWORD, ("admin",)) for _ in range(8)]
    with using(Context(principal=ADMIN, idempotency_key="k")):
        answers = await asyncio.gather(
            *(world.identity.add_user(request) for request in requests), return_exceptions=True
        )
        again = await world.identity.add_user(requests[0])
    assert {again} == {answer for answer in answers if not isinstance(answer, StillRunning)}
    assert len(await world.database.fetch("SELECT FROM users")) == 1


FAULTY = [
    ("email", {"email": "no at sign"}),
    ("email", {"email": ""}),
    ("email", {"email": "nul\x00@example.org"}),
    ("email", {"email": "\ud800@example.org"}),
    ("email", {"email": "a" * 250 + "@example.org"}),
    ("password", {"password": "fourteen chars"}),
    ("password", {"password": "x" * 3 + "y" * 126}),
    ("password", {"password": "control\x07 inside of it"}),
    ("password", {"password": "half a pair of it \ud800"}),
    ("password", {"password": " " * 20}),
    ("password", {"password": "aaaaaaaaaaaaaaaaaaaa"}),
    ("password", {"password": "Password1234567"}),
    ("password", {"password": "ADA@example.org"}),
    ("roles", {"roles": ()}),
    ("roles", {"roles": ("emperor",)}),
    ("roles", {"roles": ("admin", "admin")}),
]


@pytest.mark.parametrize(("field", "change"), FAULTY)
async def test_a_faulty_user_is_refused_by_the_field_at_fault(world: Any, field: str, change: dict[str, Any]) -> None:
    """The field is named, its value is not repeated, and nothing is stored."""
    with pytest.raises(InvalidArgument) as caught:
        await world.add(**change)
    assert [fault.field for fault in caught.value.fields] == [field]
    value = change[field]
    assert not isinstance(value, str) or not value.strip() or value not in caught.value.fields[0].message
    assert await world.database.fetch("SELECT FROM users") == []


async def test_all_faults_are_named_at_once(world: Any) -> None:
    """Three wrong fields make three errors."""
    with pytest.raises(InvalidArgument) as caught:
        await world.add("x", password="y", roles=("z",))
    assert [fault.field for fault in caught.value.fields] == ["email", "password", "roles"]


async def test_only_who_may_adds_and_lists(world: Any) -> None:
    """No sign-in, no scope: refused before anything is done."""
    request = AddUser(user_id=uuid7(), email="ada@example.org", password=PASSWORD, roles=("admin",))
    clinician = Context(principal=Principal(id="someone", scopes=frozenset({"patients:read"})))
    for context, error in ((Context(), Unauthenticated), (clinician, PermissionDenied)):
        with using(context):
            with pytest.raises(error):
                await world.identity.add_user(request)
            with pytest.raises(error):
                await world.identity.users(ListUsers())
    assert await world.audit() == []


async def test_who_added_and_who_listed_is_audited(world: Any) -> None:
    """One row for the change, one for the look."""
    user = await world.add(roles=("billing",))
    with using(Context(principal=ADMIN)):
        await world.identity.users(ListUsers())
    added, listed = await world.audit()
    assert added == (ADMIN.id, "identity/add_user", user.id, '{"roles": ["billing"]}')
    assert listed[:2] == (ADMIN.id, "identity/users")


async def test_canaries_stay_where_they_belong(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    """E-mail, password and token are in no audit row, no event, no log line, no error and no repr."""
    caplog.set_level(logging.DEBUG)
    email, password, address = "canary-mail@example.org", "canary, purple otters climb", "203.0.113.77"
    await world.add(email, password=password)
    session = await world.identity.login(Login(email=email, password=password, address=address))
    said: list[Any] = [session, Login(email=email, password=password, address=address)]
    said.append(AddUser(user_id=uuid7(), email=email, password=password, roles=("admin",)))
    for wrong in (Login(email=email, password=password + "x"), Login(email="x" + email, password=password)):
        with pytest.raises(Unauthenticated) as caught:
            await world.identity.login(wrong)
        said += [caught.value, caught.value.meta, caught.value.fields]
    with pytest.raises(AlreadyExists) as taken:
        await world.add(email, password=password)
    said += [taken.value, taken.value.meta, taken.value.fields]
    for table in ("audit", "outbox", "idempotency", "dead_letter"):
        said += [tuple(row) for row in await world.database.fetch(f"SELECT * FROM {table}")]
    shown = " ".join(f"{one!r} {one}" for one in said) + caplog.text
    assert not [canary for canary in ("canary", "203.0.113", session.token) if canary in shown]
