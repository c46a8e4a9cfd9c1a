"""Who may call what of a component, whichever way the call comes: each component authorises for itself."""

from typing import Final

import msgspec
import pytest

from careplane.app.catalog import CATALOG
from careplane.components.identity.api import ROLES, scopes_of
from careplane.kernel.context import Context, using
from careplane.kernel.contract import PUBLIC, Method
from careplane.kernel.errors import PermissionDenied, Unauthenticated
from careplane.kernel.guards import authorised
from careplane.kernel.message import Empty, Message
from careplane.kernel.principal import Principal

READ: Final = frozenset(
    f"patient/{name}" for name in ("get", "document", "search", "history", "version", "billing_account")
)
WRITTEN: Final = frozenset(f"patient/{name}" for name in ("register", "replace", "amend", "archive", "restore"))
IMPORTED: Final = frozenset({"patient/import_patients"})
COUNTED: Final = frozenset({"analytics/summary", "analytics/registrations", "analytics/demographics"})
ANYBODYS: Final = frozenset({"identity/login", "identity/keys"})
METHODS: Final = {method.path: method for entry in CATALOG for method in entry.component.methods.values()}
ACCOUNTS_READ: Final = frozenset(path for path, method in METHODS.items() if method.scope == "billing:read")
ACCOUNTS_WRITTEN: Final = frozenset(path for path, method in METHODS.items() if method.scope == "billing:write")
MAY: Final = {
    "admin": frozenset(METHODS) - {"billing/open_accounts"},  # the registry's own, which no person may call
    "clinician": READ | WRITTEN | COUNTED | ACCOUNTS_READ,
    "registrar": READ | WRITTEN | IMPORTED | ACCOUNTS_READ,
    "billing": READ | ACCOUNTS_READ | ACCOUNTS_WRITTEN,
    "analyst": COUNTED,
    "auditor": frozenset({"identity/users"}),
}


async def passes(method: Method, principal: Principal) -> bool:
    """Tell whether the guard that the host puts before every component lets a call through."""

    async def component(_method: Method, _request: Message, /) -> Message:
        return Empty()

    with using(msgspec.structs.replace(Context(), principal=principal)):
        try:
            await authorised(component)(method, Empty())
        except (PermissionDenied, Unauthenticated):
            return False
    return True


def test_accounts_are_read_and_written() -> None:
    """Billing declares both scopes, and nobody else does."""
    assert all(path.startswith("billing/") for path in ACCOUNTS_READ | ACCOUNTS_WRITTEN)
    assert ACCOUNTS_READ
    assert ACCOUNTS_WRITTEN


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_call_what_is_written_here_and_nothing_else(role: str) -> None:
    """Every method of every component, as the table has it."""
    principal = Principal(id="user-9", roles=(role,), scopes=scopes_of((role,)))
    allowed = {path for path, method in METHODS.items() if await passes(method, principal)}
    assert allowed == MAY[role] | ANYBODYS


async def test_a_stranger_may_call_what_is_public() -> None:
    """Without a role, and with one that does not exist."""
    for principal in (Principal(id="anonymous"), Principal(id="x", roles=("root",), scopes=scopes_of(("root",)))):
        allowed = {path for path, method in METHODS.items() if await passes(method, principal)}
        assert allowed == {path for path, method in METHODS.items() if method.scope == PUBLIC} == ANYBODYS
