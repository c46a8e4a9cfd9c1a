"""Identity in each wiring: users and sign-in are the same however a call arrives, and however often."""

import msgspec
import pytest
from tests.components.conftest import twice
from uuid_utils.compat import uuid7

from careplane.app.clock import SystemClock
from careplane.app.host import Host
from careplane.app.settings import Settings
from careplane.components.identity.api import (
    IDENTITY,
    AddUser,
    Follow,
    Identity,
    ListUsers,
    Login,
    Logout,
    Refresh,
    RoleTable,
    TokenVerifier,
)
from careplane.kernel.context import Context, using
from careplane.kernel.errors import AlreadyExists, Unauthenticated
from careplane.kernel.invoke import Middleware, proxy
from careplane.kernel.message import Empty
from careplane.kernel.principal import Principal, component_principal

EMAIL, PASSWORD = "ada@example.org", "purple otters climb ladders"


@pytest.fixture
def identity(platform: Host) -> Identity:
    """Give the interface."""
    return proxy(IDENTITY, platform.calls)


async def test_a_user_is_added_once_and_signs_in(identity: Identity, as_tester: Context) -> None:
    """The token of a user names them and their roles; a second user with the e-mail is refused."""
    with using(as_tester):
        user = await identity.add_user(
            AddUser(user_id=uuid7(), email=EMAIL, password=PASSWORD, roles=("clinician", "auditor"))
        )
        with pytest.raises(AlreadyExists):
            await identity.add_user(AddUser(user_id=uuid7(), email=EMAIL, password=PASSWORD, roles=("admin",)))
        assert (await identity.users(ListUsers())).users == (user,)
    session = await identity.login(Login(email=EMAIL.upper(), password=PASSWORD))
    settings = Settings().identity
    verifier = TokenVerifier(
        await identity.keys(Empty()),
        issuer=settings.issuer,
        audience=settings.audience,
        clock=SystemClock(),
        scopes=RoleTable.configured({}).scopes_of,
    )
    principal = verifier.verify(session.token)
    assert (principal.id, set(principal.roles)) == (str(user.id), {"clinician", "auditor"})


async def test_a_session_goes_on_is_followed_and_ends(
    identity: Identity, as_tester: Context, wiring: tuple[Middleware, ...]
) -> None:
    """A refresh gives the next pair, but delivered twice has ended the session; gateways hear of what has ended."""
    with using(as_tester):
        user = await identity.add_user(AddUser(user_id=uuid7(), email=EMAIL, password=PASSWORD, roles=("auditor",)))
    session = await identity.login(Login(email=EMAIL, password=PASSWORD))
    other = await identity.login(Login(email=EMAIL, password=PASSWORD))
    again = await identity.refresh(Refresh(session.refresh_token))
    assert again.token != session.token
    if twice in wiring:
        with pytest.raises(Unauthenticated):
            await identity.refresh(Refresh(again.refresh_token))
    else:
        await identity.refresh(Refresh(again.refresh_token))
    with using(msgspec.structs.replace(as_tester, principal=Principal(str(user.id)))):
        await identity.logout(Logout(user.id))
    with pytest.raises(Unauthenticated):
        await identity.refresh(Refresh(other.refresh_token))
    with using(Context(principal=component_principal("gateway", "identity:follow"))):
        heard = await identity.follow(Follow())
    assert heard.keys == await identity.keys(Empty())
    (bumped,) = [r for r in heard.revocations if r.kind == "user"]
    assert (bumped.subject, bumped.epoch) == (str(user.id), 1)


async def test_a_wrong_password_is_refused(identity: Identity) -> None:
    """A stranger is told no more than that."""
    with pytest.raises(Unauthenticated):
        await identity.login(Login(email=EMAIL, password="wrong"))
