"""The table of roles: its default is sound, what is configured replaces role by role, and nonsense does not start."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.components.identity.conftest import cheap

from careplane.components.identity.api import ROLES, SCOPES, ChangeUser, RoleTable
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.context import Context, using
from careplane.kernel.errors import FailedPrecondition, InvalidArgument
from careplane.kernel.principal import Principal

ADMIN = Principal(id="admin", scopes=frozenset({"users:write"}))
SCOPE_SETS = st.frozensets(st.sampled_from(sorted(SCOPES)))
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True)


@pytest.fixture
def settings(tmp_path: Path) -> IdentitySettings:
    """Give settings with a role of one's own."""
    return cheap(tmp_path, roles={"desk": ("patients:read",), "clinician": ()})


def test_the_default_is_sound() -> None:
    """Six roles, of which only the administrator may give roles."""
    table = RoleTable.configured({})
    assert table.names == tuple(ROLES) == ("admin", "clinician", "registrar", "billing", "analyst", "auditor")
    assert table.holding("users:write") == ("admin",)
    assert table.scopes_of(["admin"]) == SCOPES


def test_a_role_that_is_named_is_replaced_and_the_others_stay() -> None:
    """Not merged scope by scope: what is written is all there is."""
    table = RoleTable.configured({"clinician": ["patients:read"], "night-desk": ["analytics:read"]})
    assert table.scopes_of(["clinician"]) == {"patients:read"}
    assert table.scopes_of(["night-desk", "clinician"]) == {"analytics:read", "patients:read"}
    assert table.scopes_of(["registrar"]) == ROLES["registrar"]


@given(st.dictionaries(NAMES, SCOPE_SETS, max_size=5))
def test_roles_give_the_sum_of_what_each_gives(roles: dict[str, frozenset[str]]) -> None:
    """Whatever the table, and whatever is asked for; a role that is not in it gives nothing."""
    roles = {**roles, "root": frozenset({"users:write"})}
    table = RoleTable(roles)
    for asked in ((), ("root",), tuple(roles), ("no such role", *roles)):
        assert table.scopes_of(asked) == frozenset().union(*(roles.get(role, frozenset()) for role in asked))
    assert set(table.holding("users:write")) == {name for name, scopes in roles.items() if "users:write" in scopes}


@given(st.lists(st.sampled_from([*ROLES, "emperor"])))
def test_without_configuration_it_is_the_default(asked: list[str]) -> None:
    """The short way and the long way agree."""
    assert RoleTable.configured({}).scopes_of(asked) == {scope for role in asked for scope in ROLES.get(role, ())}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"desk": ["patients:reed"]}, "'desk' has the scope 'patients:reed', which does not exist"),
        ({"desk": ["audit:write"]}, "'audit:write', which does not exist"),
        ({"desk": ["identity:follow"]}, "which does not exist"),
        ({"Desk": []}, "'Desk'"),
        ({"": []}, "''"),
        ({"a,b": []}, "'a,b'"),
        ({"x" * 41: []}, "up to 40"),
        ({"admin": ["users:read"]}, "no role gives 'users:write'"),
        ({"admin": []}, "nobody could repair it"),
    ],
)
def test_what_is_not_sound_is_told(changes: dict[str, list[str]], told: str) -> None:
    """In one sentence that names the setting and says what to do."""
    with pytest.raises(FailedPrecondition) as caught:
        RoleTable.configured(changes)
    assert caught.value.detail.startswith("identity.roles: ")
    assert told in caught.value.detail


def test_a_table_of_nothing_is_not_sound() -> None:
    """There must be somebody."""
    with pytest.raises(FailedPrecondition):
        RoleTable({})


async def test_configured_roles_can_be_given(world: Any) -> None:
    """A new one can; one that is in no table cannot, and the refusal names those that there are."""
    user = await world.add(roles=("desk",))
    assert user.roles == ("desk",)
    with pytest.raises(InvalidArgument) as caught:
        await world.add("eve@example.org", roles=("emperor",))
    assert "desk" in caught.value.fields[0].message


async def test_roles_that_the_table_lost_give_nothing(world: Any) -> None:
    """A user may keep the name of a role that is no longer configured; it opens nothing, and can be taken away."""
    user = await world.add(roles=("desk",))
    await world.database.execute("UPDATE users SET roles = '{gone}' WHERE id = $1", user.id)
    assert RoleTable.configured({}).scopes_of((await world.login()).roles) == frozenset()
    with using(Context(principal=ADMIN)):
        assert (await world.identity.change_user(ChangeUser(user_id=user.id, roles=("desk",)))).roles == ("desk",)
