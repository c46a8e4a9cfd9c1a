"""Revocations: who may call back what, what it ends, and that whoever follows hears of each, late committers too."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from careplane.components.identity.api import (
    Follow,
    Followed,
    Login,
    Refresh,
    RevocationView,
    Revoke,
    Session,
)
from careplane.components.identity.sessions.store_revocations import Place, RevocationStore
from careplane.kernel.context import Context, using
from careplane.kernel.errors import InvalidArgument, NotFound, PermissionDenied, Unauthenticated
from careplane.kernel.principal import Principal, component_principal

PASSWORD = "vier zufällige Wörter hier"
ADMIN = Principal(id="00000000-0000-7000-8000-000000000001", scopes=frozenset({"users:read", "users:write"}))
GATEWAY = component_principal("gateway", "identity:follow")
ANY = UUID(int=1)


async def signed_in(world: Any, email: str = "ada@example.org", **more: Any) -> Session:
    """Sign somebody in who is there, or is added."""
    if await world.store.by_email(email) is None:
        await world.add(email, **more)
    session: Session = await world.identity.login(Login(email=email, password=PASSWORD))
    return session


async def revoke(world: Any, **what: Any) -> RevocationView:
    """Call something back, as an administrator."""
    with using(Context(principal=ADMIN)):
        view: RevocationView = await world.identity.revoke(Revoke(uuid7(), **what))
        return view


async def follow(world: Any, since: str = "") -> Followed:
    """Ask what has been called back, as a gateway."""
    with using(Context(principal=GATEWAY)):
        heard: Followed = await world.identity.follow(Follow(since))
        return heard


async def alive(world: Any, session: Session) -> bool:
    """Tell whether the session's access token is believed, and its refresh token good: it must be both or neither."""
    await world.hear()
    try:
        world.verifier.verify(session.token)
        believed = True
    except Unauthenticated:
        believed = False
    try:
        await world.identity.refresh(Refresh(session.refresh_token))
    except Unauthenticated:
        assert not believed, "no refresh, and yet the access token is believed"
        return False
    assert believed, "no access token, and yet it can be refreshed"
    return True


async def test_a_user_is_called_back(world: Any) -> None:
    """All their sessions end, nobody else's, and they may sign in again."""
    ada, bo = [await signed_in(world) for _ in range(2)], await signed_in(world, "bo@example.org")
    user = UUID(world.verifier.verify(ada[0].token).id)
    view = await revoke(world, user_id=user)
    assert (view.kind, view.subject) == ("user", str(user))
    assert [await alive(world, session) for session in (*ada, bo)] == [False, False, True]
    assert await alive(world, await signed_in(world))


async def test_a_role_is_called_back(world: Any) -> None:
    """All sessions of all who have it end; who has another role is left alone."""
    people = {
        "ada": ("analyst",), "bo": ("clinician", "analyst"), "cy": ("clinician",), "di": ("auditor",),
    }  # fmt: skip
    sessions = {name: await signed_in(world, f"{name}@example.org", roles=roles) for name, roles in people.items()}
    await revoke(world, role="analyst")
    assert {name: await alive(world, session) for name, session in sessions.items()} == {
        "ada": False, "bo": False, "cy": True, "di": True,
    }  # fmt: skip
    assert await alive(world, await signed_in(world, "bo@example.org"))


async def test_a_session_is_called_back_by_its_id_or_by_one_of_its_tokens(world: Any) -> None:
    """And the user's others go on."""
    by_id, by_token, left = [await signed_in(world) for _ in range(3)]
    session = world.verifier.verify(by_id.token).session
    assert (await revoke(world, session_id=UUID(session))).subject == session
    view = await revoke(world, token=by_token.token)
    assert (view.kind, view.subject) == ("session", world.verifier.verify(by_token.token).session)
    assert [await alive(world, s) for s in (by_id, by_token, left)] == [False, False, True]


async def test_calling_back_is_audited_and_repeated_does_nothing_more(world: Any) -> None:
    """Under one idempotency key the second answer is the first one's, and the epoch moves once."""
    user = UUID(world.verifier.verify((await signed_in(world)).token).id)
    with using(Context(principal=ADMIN, idempotency_key="again")):
        first = await world.identity.revoke(Revoke(uuid7(), user_id=user))
        assert await world.identity.revoke(Revoke(uuid7(), user_id=user)) == first
    assert [row["epoch"] for row in await world.database.fetch("SELECT epoch FROM users")] == [1]
    row, again = [row for row in await world.audit() if row[1] == "identity/revoke"]
    assert row[:3] == (ADMIN.id, "identity/revoke", user)
    assert again[3] == '{"outcome": "replayed"}'


@pytest.mark.parametrize("what", [
    {}, {"user_id": ANY, "role": "admin"}, {"session_id": ANY, "token": "x"}, {"role": ""}, {"role": "r" * 41},
    {"token": ""}, {"token": "not a token"}, {"token": "x" * 5000},
])  # fmt: skip
async def test_senseless_revocations_are_refused(world: Any, what: dict[str, Any]) -> None:
    """Exactly one thing is named, and it can be what it is said to be."""
    with pytest.raises(InvalidArgument) as caught:
        await revoke(world, **what)
    assert caught.value.fields


@pytest.mark.parametrize("what", [{"user_id": ANY}, {"session_id": ANY}, {"role": "clinicain"}])
async def test_what_is_not_there_cannot_be_called_back(world: Any, what: dict[str, Any]) -> None:
    """A slip in the name must not look like a success."""
    await world.add()
    with pytest.raises(NotFound):
        await revoke(world, **what)


async def test_only_who_may_write_users_calls_back_and_only_gateways_follow(world: Any) -> None:
    """An administrator does not read the feed, and a user does not call tokens back."""
    session = await signed_in(world)
    user = Principal(id=world.verifier.verify(session.token).id)
    with using(Context(principal=user)), pytest.raises(PermissionDenied):
        await world.identity.revoke(Revoke(uuid7(), token=session.token))
    with using(Context(principal=ADMIN)), pytest.raises(PermissionDenied):
        await world.identity.follow(Follow())


async def test_who_follows_hears_what_is_new_and_from_the_beginning_everything(world: Any) -> None:
    """From a position nothing comes that was before it, once nobody else is writing."""
    first = await revoke(world, token=(await signed_in(world)).token)
    heard = await follow(world)
    assert [r.subject for r in heard.revocations] == [first.subject]
    assert not heard.more
    assert len(heard.keys.keys) == 1
    heard = await follow(world, heard.position)
    second = await revoke(world, token=(await signed_in(world)).token)
    heard = await follow(world, heard.position)
    assert [r.subject for r in heard.revocations] == [second.subject]
    everything = {first.subject, second.subject}
    boot, *rest = heard.position.split(".")
    elsewhere = ".".join([str(int(boot) + 1), *rest])
    for position in ("", "nonsense", "1.2", "9" * 40 + ".1.1.1", elsewhere):
        assert {r.subject for r in (await follow(world, position)).revocations} == everything, position


async def test_a_revocation_that_commits_late_is_heard(world: Any, database_url: str) -> None:
    """Its row has a smaller id than one that was heard already, and is heard all the same; others do not wait."""
    late = await asyncpg.connect(database_url)
    try:
        transaction = late.transaction()
        await transaction.start()
        statement = "INSERT INTO identity.revocations (kind, subject, expires_at) VALUES ('session', $1, $2)"
        await late.execute(statement, ANY, world.clock.at + timedelta(minutes=15))
        early = await revoke(world, token=(await signed_in(world)).token)
        heard = await follow(world)
        assert [r.subject for r in heard.revocations] == [early.subject]
        await transaction.commit()
    finally:
        await late.close()
    heard = await follow(world, heard.position)
    assert str(ANY) in [r.subject for r in heard.revocations]
    heard = await follow(world, heard.position)
    heard = await follow(world, heard.position)
    assert heard.revocations == ()


async def test_a_long_list_is_heard_page_by_page_and_nothing_is_missed(world: Any) -> None:
    """While pages are read others are written, and are heard afterwards."""
    store, until = RevocationStore(world.database), world.clock.at + timedelta(minutes=15)

    async def write(first: int, count: int) -> None:
        statement = (
            "INSERT INTO revocations (kind, subject, expires_at) "
            "SELECT 'session', s, $2 FROM unnest($1::uuid[]) AS u(s)"
        )
        await world.database.execute(statement, [UUID(int=n) for n in range(first, first + count)], until)

    await write(0, 25)
    heard: set[str] = set()
    place, more, pages, written = Place(), True, 0, 25
    while more:
        found, place, more = await store.follow(place, world.clock.at, 10)
        heard |= {r.subject for r in found}
        assert len(found) <= 10
        pages += 1
        if written < 60:
            await write(written, 5)
            written += 5
    assert pages >= 3
    found, place, more = await store.follow(place, world.clock.at, 100)
    heard |= {r.subject for r in found}
    assert heard == {str(UUID(int=n)) for n in range(written)}


async def test_many_who_write_at_once_are_all_heard_by_one_who_keeps_asking(world: Any) -> None:
    """Nothing is lost between one position and the next."""
    sessions = [await signed_in(world) for _ in range(40)]
    wanted = {world.verifier.verify(session.token).session for session in sessions}
    writing = [asyncio.ensure_future(revoke(world, token=session.token)) for session in sessions]
    heard: set[str] = set()
    position = ""
    while not all(task.done() for task in writing):
        answer = await follow(world, position)
        position = answer.position
        heard |= {r.subject for r in answer.revocations}
    await asyncio.gather(*writing)
    heard |= {r.subject for r in (await follow(world, position)).revocations}
    assert heard == wanted


async def test_what_no_token_can_be_alive_of_is_dropped(world: Any) -> None:
    """A session's revocation lives as long as its last access token, with the leeway of the clocks; then it is gone."""
    session = await signed_in(world)
    begun = world.clock.at
    await revoke(world, token=session.token)
    store = RevocationStore(world.database)
    for seconds, kept in ((904, 1), (906, 0)):
        world.clock.at = begun + timedelta(seconds=seconds)
        await store.forget(world.clock.at)
        assert len((await follow(world)).revocations) == kept
    world.verifier.denied.forget(world.clock.at.timestamp())
    assert len(world.verifier.denied) == 0
    assert await world.database.fetch("SELECT FROM revocations") == []


async def test_a_users_revocation_outlives_the_longest_token_there_may_be(world: Any) -> None:
    """Tokens may have been made under another setting: a day, which no token may exceed, and the leeway."""
    begun, session = world.clock.at, await signed_in(world)
    await revoke(world, user_id=UUID(world.verifier.verify(session.token).id))
    for seconds, kept in ((86_404, 1), (86_406, 0)):
        world.clock.at = begun + timedelta(seconds=seconds)
        assert len((await follow(world)).revocations) == kept
