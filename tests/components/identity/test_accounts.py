"""Accounts: read, changed, given other passwords, by whom that is due; and somebody is always left who can repair."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from careplane.components.identity.api import ChangeUser, GetUser, ListUsers, SetPassword, UserView
from careplane.kernel.context import Context, using
from careplane.kernel.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    StaleVersion,
    Unauthenticated,
)
from careplane.kernel.principal import Principal

PASSWORD = "vier zufällige Wörter hier"
ANOTHER = "noch einmal vier andere"
ADMIN = Principal(id="00000000-0000-7000-8000-000000000001", scopes=frozenset({"users:read", "users:write"}))


def as_admin(key: str | None = None) -> Any:
    """Make the body's calls as an administrator, under an idempotency key if one is given."""
    return using(Context(principal=ADMIN, idempotency_key=key))


def as_oneself(user: UserView) -> Any:
    """Make the body's calls as the user, who has no scope."""
    return using(Context(principal=Principal(id=str(user.id))))


async def change(world: Any, user_id: UUID, **changes: Any) -> UserView:
    """Change a user as an administrator."""
    with as_admin():
        view: UserView = await world.identity.change_user(ChangeUser(user_id=user_id, **changes))
        return view


async def epoch(world: Any, user: UserView) -> int:
    """Return how many times the user's tokens were called back."""
    (row,) = await world.database.fetch("SELECT epoch FROM users WHERE id = $1", user.id)
    called_back: int = row["epoch"]
    return called_back


@pytest.fixture
async def ada(world: Any) -> UserView:
    """Give a clinician."""
    user: UserView = await world.add(roles=("clinician",))
    return user


async def test_a_user_is_read_and_that_is_audited(world: Any, ada: UserView) -> None:
    """As it was answered when it was added."""
    with as_admin():
        assert await world.identity.get_user(GetUser(user_id=ada.id)) == ada
    assert (await world.audit())[-1][:3] == (ADMIN.id, "identity/get_user", ada.id)


async def test_nobody_is_found_where_nobody_is(world: Any) -> None:
    """Reading, changing and a password: NotFound; that somebody looked is audited."""
    nobody = uuid7()
    with as_admin():
        for call in (
            world.identity.get_user(GetUser(user_id=nobody)),
            world.identity.change_user(ChangeUser(user_id=nobody, disabled=True)),
            world.identity.set_password(SetPassword(user_id=nobody, new_password=ANOTHER)),
        ):
            with pytest.raises(NotFound):
                await call
    assert [row[:3] for row in await world.audit()] == [(ADMIN.id, "identity/get_user", nobody)]


async def test_everybody_reads_themselves_and_nobody_else(world: Any, ada: UserView) -> None:
    """Who one is needs no scope; who others are does, and so does changing oneself."""
    other = await world.add("eve@example.org", roles=("clinician",))
    with as_oneself(ada):
        assert await world.identity.get_user(GetUser(user_id=ada.id)) == ada
        for call in (
            world.identity.get_user(GetUser(user_id=other.id)),
            world.identity.change_user(ChangeUser(user_id=ada.id, roles=("admin",))),
            world.identity.set_password(SetPassword(user_id=other.id, new_password=ANOTHER)),
        ):
            with pytest.raises(PermissionDenied):
                await call


async def test_a_change_makes_the_next_version(world: Any, ada: UserView) -> None:
    """What is named changes, the rest stays; fields and roles are audited, no address is."""
    changed = await change(world, ada.id, roles=("clinician", "auditor"), email="ada@example.net")
    assert (changed.version, changed.roles, changed.email) == (2, ("clinician", "auditor"), "ada@example.net")
    assert (changed.id, changed.disabled, changed.created_at) == (ada.id, False, ada.created_at)
    with as_admin():
        assert await world.identity.get_user(GetUser(user_id=ada.id)) == changed
    row = (await world.audit())[1]
    assert row[:3] == (ADMIN.id, "identity/change_user", ada.id)
    assert row[3] == '{"roles": ["clinician", "auditor"], "changed": ["email", "roles"], "version": 2}'
    assert (await world.login("ada@example.net")).roles == ("clinician", "auditor")


@pytest.mark.parametrize("changes", [{}, {"disabled": False}, {"roles": ("clinician",)}])
async def test_nothing_new_is_no_new_version(world: Any, ada: UserView, changes: dict[str, Any]) -> None:
    """It is answered as it is, and audited as a change of nothing; sessions go on."""
    assert await change(world, ada.id, **changes) == ada
    assert (await world.audit())[-1][3] == '{"changed": []}'
    assert await epoch(world, ada) == 0


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("roles", {"roles": ()}),
        ("roles", {"roles": ("emperor",)}),
        ("email", {"email": "nowhere"}),
        ("email", {"email": ""}),
    ],
)
async def test_a_faulty_change_is_refused(world: Any, ada: UserView, field: str, changes: dict[str, Any]) -> None:
    """By the field at fault; nothing is changed."""
    with pytest.raises(InvalidArgument) as caught:
        await change(world, ada.id, **changes)
    assert [fault.field for fault in caught.value.fields] == [field]
    with as_admin():
        assert await world.identity.get_user(GetUser(user_id=ada.id)) == ada


async def test_an_email_that_somebody_has_cannot_be_taken(world: Any, ada: UserView) -> None:
    """In whatever case; one's own in another case can."""
    await world.add("eve@example.org")
    with pytest.raises(AlreadyExists) as caught:
        await change(world, ada.id, email="EVE@example.org")
    assert "eve" not in f"{caught.value.detail}{caught.value.fields}".lower()
    assert (await change(world, ada.id, email="ADA@example.org")).email == "ADA@example.org"


async def test_a_change_on_an_old_version_is_refused(world: Any, ada: UserView) -> None:
    """Of many at once on one version, one is made."""
    calls = [change(world, ada.id, roles=(role, "auditor"), expected_version=1) for role in ("clinician", "billing")]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(answer) for answer in answers} == {StaleVersion, UserView}
    with pytest.raises(StaleVersion):
        await change(world, ada.id, disabled=True, expected_version=9)


async def test_a_repeat_is_answered_as_the_first(world: Any, ada: UserView) -> None:
    """Under one idempotency key there is one change, whatever happened meanwhile."""
    with as_admin("k"):
        first = await world.identity.change_user(ChangeUser(user_id=ada.id, disabled=True))
    await change(world, ada.id, disabled=False)
    with as_admin("k"):
        assert await world.identity.change_user(ChangeUser(user_id=ada.id, disabled=True)) == first
    with as_admin():
        assert not (await world.identity.get_user(GetUser(user_id=ada.id))).disabled


@pytest.mark.parametrize("changes", [{"roles": ("billing",)}, {"disabled": True}])
async def test_other_rights_end_sessions(world: Any, ada: UserView, changes: dict[str, Any]) -> None:
    """The user's epoch moves on, their sessions are over, and their tokens are on the list that gateways follow."""
    await world.login()
    await change(world, ada.id, **changes)
    assert await epoch(world, ada) == 1
    assert await world.database.fetch("SELECT FROM sessions WHERE ended_at IS NULL") == []
    (row,) = await world.database.fetch("SELECT kind, subject, epoch FROM revocations")
    assert tuple(row) == ("user", ada.id, 1)


async def test_another_address_ends_nothing(world: Any, ada: UserView) -> None:
    """It is how one signs in, not what one may do."""
    await world.login()
    await change(world, ada.id, email="ada@example.net")
    assert await epoch(world, ada) == 0
    assert len(await world.database.fetch("SELECT FROM sessions WHERE ended_at IS NULL")) == 1


async def test_a_disabled_user_stays_out_until_enabled(world: Any, ada: UserView) -> None:
    """With the right password, too."""
    await change(world, ada.id, disabled=True)
    with pytest.raises(Unauthenticated):
        await world.login()
    await change(world, ada.id, disabled=False)
    assert (await world.login()).id == str(ada.id)


@pytest.mark.parametrize("changes", [{"disabled": True}, {"roles": ("auditor",)}])
async def test_the_last_who_can_repair_stays(world: Any, ada: UserView, changes: dict[str, Any]) -> None:
    """Neither disabled nor demoted: not by others, not by themselves, until somebody else can repair too."""
    admin, disabled = await world.add("root@example.org"), await world.add("old@example.org")
    await change(world, disabled.id, disabled=True)
    with pytest.raises(FailedPrecondition, match="last enabled user"):
        await change(world, admin.id, **changes)
    await change(world, ada.id, roles=("admin",))
    assert (await change(world, admin.id, **changes)).version == 2


async def test_of_two_admins_at_once_one_stays(world: Any) -> None:
    """Eight administrators who disable each other at the same time leave one."""
    admins = [await world.add(f"root{n}@example.org") for n in range(8)]
    answers = await asyncio.gather(*(change(world, one.id, disabled=True) for one in admins), return_exceptions=True)
    assert sum(isinstance(answer, FailedPrecondition) for answer in answers) == 1
    assert len(await world.database.fetch("SELECT FROM users WHERE NOT disabled")) == 1


async def test_the_list_finds_by_address(world: Any, ada: UserView) -> None:
    """In whatever case; an address that nobody has, or that is none, finds nobody."""
    await world.add("eve@example.org")
    with as_admin():
        for email, found in (("ADA@Example.org", (ada,)), ("x@example.org", ()), ("nonsense", ())):
            assert (await world.identity.users(ListUsers(email=email))).users == found
