"""Accounts in each wiring: the same however a call arrives, and however often."""

import pytest
from tests.components.conftest import twice
from uuid_utils.compat import uuid7

from careplane.app.host import Host
from careplane.components.identity.api import (
    IDENTITY,
    AddClient,
    AddUser,
    ChangeUser,
    GetUser,
    Identity,
    IssueToken,
    ListUsers,
    Login,
    RenewClientSecret,
    SetPassword,
)
from careplane.kernel.context import Context, using
from careplane.kernel.errors import InvalidArgument, Unauthenticated
from careplane.kernel.invoke import Middleware, proxy

EMAIL, PASSWORD, ANOTHER = "ada@example.org", "purple otters climb ladders", "grey herons never hurry"


@pytest.fixture
def identity(platform: Host) -> Identity:
    """Give the interface."""
    return proxy(IDENTITY, platform.calls)


async def test_a_user_is_changed_and_given_another_password(
    identity: Identity, as_tester: Context, wiring: tuple[Middleware, ...]
) -> None:
    """Each change once, version by version, but for the password, which a repeat sets again."""
    with using(as_tester):
        user = await identity.add_user(
            AddUser(user_id=uuid7(), email=EMAIL, password=PASSWORD, roles=("clinician", "auditor"))
        )
        changed = await identity.change_user(ChangeUser(user_id=user.id, roles=("billing",), expected_version=1))
        assert (changed.version, changed.roles) == (2, ("billing",))
        await identity.set_password(SetPassword(user_id=user.id, new_password=ANOTHER))
        read = await identity.get_user(GetUser(user_id=user.id))
        assert (read.version, read.roles, read.created_at) == (
            4 if twice in wiring else 3,
            ("billing",),
            user.created_at,
        )
        assert (await identity.users(ListUsers(email=EMAIL.upper()))).users == (read,)
        with pytest.raises(InvalidArgument):
            await identity.set_password(SetPassword(user_id=user.id, new_password="short"))
    assert (await identity.login(Login(email=EMAIL, password=ANOTHER))).token
    with pytest.raises(Unauthenticated):
        await identity.login(Login(email=EMAIL, password=PASSWORD))


async def test_a_program_signs_in_with_its_secret(identity: Identity, as_tester: Context) -> None:
    """The one it was given last."""
    with using(as_tester):
        made = await identity.add_client(AddClient(user_id=uuid7(), name="Lab interface", roles=("analyst",)))
        first = IssueToken(client_id=str(made.client_id), client_secret=made.client_secret or "")
        assert (await identity.client_token(first)).scope == "analytics:read"
        renewed = await identity.renew_client_secret(RenewClientSecret(user_id=made.client_id))
    second = IssueToken(client_id=str(made.client_id), client_secret=renewed.client_secret or "")
    assert (await identity.client_token(second)).expires_in > 0
    with pytest.raises(Unauthenticated):
        await identity.client_token(first)
