"""The second factor and what is under way: sessions end when it changes, and what was not checked was no guess."""

import asyncio
from typing import Any

import msgspec
import pytest
from tests.components.identity.holder import EMAIL, KEY, PASSWORD, STEP, Holder
from uuid_utils.compat import uuid7

from careplane.components.identity.api import IDENTITY, Login, Refresh, Session
from careplane.components.identity.passwords.hashing import Passwords
from careplane.components.identity.second_factor.store_second_factor import (
    Confirmation,
    Removal,
    SecondFactorStore,
)
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.context import Context
from careplane.kernel.errors import Aborted, NotFound, Overloaded, Unauthenticated
from careplane.kernel.message import Empty
from careplane.kernel.principal import Principal
from careplane.storage.journal import entry_for

ADMIN = Principal(id=str(uuid7()), scopes=frozenset({"users:read", "users:write"}))


@pytest.fixture
def settings(settings: IdentitySettings) -> IdentitySettings:
    """Give settings with a key for secrets."""
    return msgspec.structs.replace(settings, secrets_key=KEY)


async def is_over(world: Any, session: Session) -> bool:
    """Tell whether a session has ended: neither its access token nor its refresh token is good."""
    await world.hear()
    try:
        world.verifier.verify(session.token)
    except Unauthenticated:
        with pytest.raises(Unauthenticated):
            await world.identity.refresh(Refresh(session.refresh_token))
        return True
    return False


async def test_setting_up_and_removing_ends_all_sessions(newcomer: Holder) -> None:
    """Whoever had signed in before must do so anew, by the rules of now; a factor never confirmed ends none."""
    world, by_admin = newcomer.world, Context(principal=ADMIN)
    bystander = await world.add("bob@example.org") and await world.identity.login(Login("bob@example.org", PASSWORD))
    alone = await world.identity.login(Login(EMAIL, PASSWORD))
    await newcomer.enrol()
    await newcomer.remove(PASSWORD)
    await newcomer.enrol()
    assert not await is_over(world, alone)
    await newcomer.confirm()
    assert await is_over(world, alone)
    for by in (newcomer.me, by_admin):
        world.clock.at += 2 * STEP
        with_factor = await world.identity.login(Login(EMAIL, PASSWORD, None, newcomer.code()))
        assert not await is_over(world, with_factor)
        await newcomer.remove(PASSWORD, newcomer.codes[0], by=by)
        assert await is_over(world, with_factor)
        await newcomer.enrol()
        await newcomer.confirm()
    assert not await is_over(world, bystander)


async def test_changes_at_once_never_wait_for_each_other(newcomer: Holder) -> None:
    """Confirming, removing and signing in at the same time: one goes first, none is stuck, nothing is half done."""
    world, by_admin = newcomer.world, Context(principal=ADMIN)
    stores = SecondFactorStore(world.database), SecondFactorStore(world.database)  # as two replicas
    for _ in range(20):
        await newcomer.enrol()
        factor = await stores[0].of(newcomer.user.id)
        assert factor
        entry = entry_for(IDENTITY.methods["remove_second_factor"], Empty(), Empty(), subject=newcomer.user.id)
        answers: Any = await asyncio.gather(
            stores[0].confirm(Confirmation(factor, 1, (bytes(32),), world.clock.now(), entry)),
            stores[1].remove(Removal(newcomer.user.id, world.clock.now(), entry)),
            world.identity.login(Login(EMAIL, PASSWORD)),
            return_exceptions=True,
        )
        confirmed, removed, session = answers
        assert removed is None
        assert confirmed is None or isinstance(confirmed, Aborted)
        assert isinstance(session, Session | Unauthenticated), session
        with pytest.raises(NotFound):
            await newcomer.remove(by=by_admin)


async def test_a_check_that_did_not_happen_was_no_guess(newcomer: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was turned away because too many came at once has all tries left."""

    async def too_many(*_: Any, **__: Any) -> bool:
        raise Overloaded(retry_after=1.0)

    with monkeypatch.context() as patched:
        patched.setattr(Passwords, "matches", too_many)
        for _ in range(30):
            with pytest.raises(Overloaded):
                await newcomer.enrol()
    await newcomer.enrol()
