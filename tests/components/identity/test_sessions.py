"""Sessions: a refresh token is good once, and what has ended stays ended."""

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from careplane.components.identity.api import Login, Logout, Refresh, Session
from careplane.kernel.context import Context, using
from careplane.kernel.errors import NotFound, PermissionDenied, Unauthenticated
from careplane.kernel.principal import Principal

PASSWORD = "vier zufällige Wörter hier"
ADMIN = Principal(id="00000000-0000-7000-8000-000000000001", scopes=frozenset({"users:read", "users:write"}))


async def signed_in(world: Any, email: str = "ada@example.org") -> Session:
    """Sign somebody in who is there, or is added."""
    if await world.store.by_email(email) is None:
        await world.add(email)
    session: Session = await world.identity.login(Login(email=email, password=PASSWORD))
    return session


async def refreshed(world: Any, session: Session) -> Session:
    """Go on with a session."""
    next_one: Session = await world.identity.refresh(Refresh(session.refresh_token))
    return next_one


async def refused(world: Any, refresh_token: str) -> str:
    """Show a refresh token, which must be refused, and return everything about the answer that a caller can see."""
    with pytest.raises(Unauthenticated) as caught:
        await world.identity.refresh(Refresh(refresh_token))
    error = caught.value
    return f"{type(error).__name__} {error.code} {error.detail} {error.fields} {error.retry_after} {error.meta}"


async def outcomes(world: Any, action: str = "identity/refresh") -> list[tuple[str, str]]:
    """Return who was audited with what outcome."""
    rows = [row for row in await world.audit() if row[1] == action]
    return [(row[0], json.loads(row[3] or "{}")["outcome"]) for row in rows]


async def test_a_refresh_gives_the_next_pair_of_the_same_session(world: Any) -> None:
    """Both tokens are new, the session and the user are the same, and the roles are those of now."""
    first = await signed_in(world)
    world.clock.at += timedelta(minutes=10)
    await world.database.execute("UPDATE users SET roles = '{analyst}'")
    second = await refreshed(world, first)
    assert second.token != first.token
    assert second.refresh_token != first.refresh_token
    before, after = world.verifier.verify(first.token), world.verifier.verify(second.token)
    assert (after.id, after.session) == (before.id, before.session)
    assert (before.roles, after.roles) == (("admin",), ("analyst",))
    assert (second.expires_in, second.refresh_expires_in) == (900, 43_200)
    assert await outcomes(world) == [(before.id, "refreshed")]


async def test_a_refresh_token_used_twice_ends_the_session_and_its_access_tokens(world: Any) -> None:
    """Whoever comes second is refused, and then so is whoever came first; it is audited as what it is."""
    first = await signed_in(world)
    second = await refreshed(world, first)
    elsewhere = await signed_in(world)
    user = world.verifier.verify(second.token).id
    answer = await refused(world, first.refresh_token)
    assert await refused(world, second.refresh_token) == answer
    await world.hear()
    for session in (first, second):
        with pytest.raises(Unauthenticated, match="session of this token has ended"):
            world.verifier.verify(session.token)
    assert world.verifier.verify(elsewhere.token).id == user
    assert (await refreshed(world, elsewhere)).token
    assert await outcomes(world) == [
        (user, "refreshed"),
        ("anonymous", "used twice: session ended"),
        ("anonymous", "refused"),
        (user, "refreshed"),
    ]


async def test_the_oldest_token_of_a_long_session_ends_it_too(world: Any) -> None:
    """Not only the last one used is remembered."""
    first = session = await signed_in(world)
    for _ in range(5):
        session = await refreshed(world, session)
    await refused(world, first.refresh_token)
    await refused(world, session.refresh_token)


async def test_the_same_idempotency_key_does_not_make_a_refresh_token_good_twice(world: Any) -> None:
    """A lost answer costs a sign-in: kept for the retry, it would be kept for a thief too, and in a table."""
    session = await signed_in(world)
    with using(Context(idempotency_key="the same")):
        await refreshed(world, session)
        await refused(world, session.refresh_token)
    assert await world.database.fetch("SELECT FROM idempotency WHERE method = 'identity/refresh'") == []


async def test_whatever_is_wrong_the_answer_is_the_same(world: Any) -> None:
    """Unknown, expired, ended, used and senseless tokens cannot be told apart."""
    used, ended, expired = [await signed_in(world) for _ in range(3)]
    await refreshed(world, used)
    principal = world.verifier.verify(ended.token)
    with using(Context(principal=principal)):
        await world.identity.logout(Logout(UUID(principal.id), UUID(principal.session)))
    world.clock.at += timedelta(seconds=43_200)
    shown = [used, ended, expired]
    unknown = ["", "cpr_", "cpr_" + "A" * 43, "x" * 4000, "\ud800", "nul\x00", expired.token, "' OR 1=1 --"]
    answers = {await refused(world, token) for token in [*(s.refresh_token for s in shown), *unknown]}
    assert len(answers) == 1


async def test_tokens_made_up_do_not_fill_the_audit(world: Any) -> None:
    """Those of no session are counted and leave no row; those of a session that is over leave theirs."""
    session = await signed_in(world)
    await refreshed(world, session)
    before = len(await world.audit())
    for n in range(20):
        await refused(world, f"cpr_{n:043}")
    assert len(await world.audit()) == before
    assert world.sessions.store.unknown == 20
    for _ in range(2):
        await refused(world, session.refresh_token)
    assert (await outcomes(world))[1:] == [("anonymous", "used twice: session ended"), ("anonymous", "refused")]
    assert world.sessions.store.unknown == 20


async def test_a_refresh_token_waits_only_so_long(world: Any) -> None:
    """To the second: a moment before its time it is good, and at its time it is not."""
    early, late = await signed_in(world), await signed_in(world)
    world.clock.at += timedelta(seconds=43_199)
    await refreshed(world, early)
    world.clock.at += timedelta(seconds=1)
    await refused(world, late.refresh_token)


async def test_a_session_ends_however_often_it_is_refreshed(world: Any) -> None:
    """After seven days it is over, and the last answers say how much is left."""
    begun, session = world.clock.at, await signed_in(world)
    left = []
    while world.clock.at < begun + timedelta(days=7) - timedelta(hours=11):
        world.clock.at += timedelta(hours=11)
        session = await refreshed(world, session)
        left.append(session.refresh_expires_in)
    assert left[0] == 43_200
    assert left[-1] == (begun + timedelta(days=7) - world.clock.at).total_seconds()
    world.clock.at = begun + timedelta(days=7)
    await refused(world, session.refresh_token)


@pytest.mark.parametrize("change", ["disabled = true", "epoch = epoch + 1"])
async def test_no_session_outlives_what_its_user_may(world: Any, change: str) -> None:
    """Whoever is disabled, or called back, goes on with nothing; a new sign-in is another matter."""
    session = await signed_in(world)
    await world.database.execute(f"UPDATE users SET {change}")
    await refused(world, session.refresh_token)
    if change.startswith("epoch"):
        await refreshed(world, await signed_in(world))


async def test_nothing_of_a_refresh_token_is_kept_but_its_digest(world: Any) -> None:
    """Not in any table, not in the audit, not in how messages show themselves."""
    session = await signed_in(world)
    await refreshed(world, session)
    await refused(world, session.refresh_token)
    kept = ""
    for table in ("sessions", "refresh_tokens", "revocations", "audit", "idempotency", "outbox"):
        kept += str(await world.database.fetch(f"SELECT {table}::text AS row FROM {table}"))
    assert session.refresh_token not in kept
    assert session.refresh_token.removeprefix("cpr_") not in kept
    assert hashlib.sha256(session.refresh_token.encode()).hexdigest() in kept
    assert session.refresh_token not in f"{session!r} {Refresh(session.refresh_token)!r}"


async def test_signing_out_ends_that_session_alone(world: Any) -> None:
    """Its refresh token and its access tokens are void, and the user's other sessions go on."""
    here, there = await signed_in(world), await signed_in(world)
    principal = world.verifier.verify(here.token)
    with using(Context(principal=principal)):
        await world.identity.logout(Logout(UUID(principal.id), UUID(principal.session)))
    await world.hear()
    with pytest.raises(Unauthenticated):
        world.verifier.verify(here.token)
    await refused(world, here.refresh_token)
    assert world.verifier.verify((await refreshed(world, there)).token)
    (row,) = [row for row in await world.audit() if row[1] == "identity/logout"]
    assert row == (principal.id, "identity/logout", UUID(principal.id), json.dumps({"session": principal.session}))


async def test_signing_out_everywhere_ends_all_sessions_of_one_user(world: Any) -> None:
    """And nobody else's."""
    mine, other = [await signed_in(world) for _ in range(3)], await signed_in(world, "bo@example.org")
    principal = world.verifier.verify(mine[0].token)
    with using(Context(principal=principal)):
        await world.identity.logout(Logout(UUID(principal.id)))
    await world.hear()
    for session in mine:
        with pytest.raises(Unauthenticated):
            world.verifier.verify(session.token)
        await refused(world, session.refresh_token)
    assert world.verifier.verify((await refreshed(world, other)).token)
    assert world.verifier.verify((await signed_in(world)).token).id == principal.id


async def test_nobody_ends_a_session_that_is_not_theirs(world: Any) -> None:
    """Neither by naming its user, nor by naming it beside oneself; an administrator does."""
    mine, theirs = await signed_in(world), await signed_in(world, "bo@example.org")
    me, they = world.verifier.verify(mine.token), world.verifier.verify(theirs.token)
    plain = Principal(id=me.id, session=me.session)
    with using(Context(principal=plain)):
        with pytest.raises(PermissionDenied):
            await world.identity.logout(Logout(UUID(they.id), UUID(they.session)))
        with pytest.raises(NotFound):
            await world.identity.logout(Logout(UUID(me.id), UUID(they.session)))
        with pytest.raises(NotFound):
            await world.identity.logout(Logout(UUID(me.id), uuid7()))
    await refreshed(world, theirs)
    with using(Context(principal=ADMIN)):
        await world.identity.logout(Logout(UUID(they.id), UUID(they.session)))
    await world.hear()
    with pytest.raises(Unauthenticated):
        world.verifier.verify(theirs.token)
