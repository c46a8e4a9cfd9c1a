"""Who may call what over HTTP, role by role: written out, so that no change to a table goes unnoticed."""

from typing import Final

import pytest
from tests.gateway.conftest import TOKENS, World, default_table

from careplane.components.identity.api import ROLES, scopes_of
from careplane.kernel.principal import Principal

ID: Final = "01890a5d-ac96-774b-bcce-b302099a8057"
ANYBODY: Final = frozenset({"POST /auth/login", "GET /.well-known/jwks.json", "GET /health/live", "GET /health/ready"})
DOCS: Final = frozenset({"GET /api-docs", "GET /api-docs/patients", "GET /api-docs/auth"})
SIGNED_IN: Final = frozenset({"GET /auth/validate"})
READING: Final = frozenset(
    f"GET /api/patients{rest}"
    for rest in ("", f"/{ID}", f"/{ID}/history", f"/{ID}/history/1", f"/{ID}/billing-account")
)
WRITING: Final = frozenset(
    {
        "POST /api/patients",
        f"PUT /api/patients/{ID}",
        f"PATCH /api/patients/{ID}",
        f"DELETE /api/patients/{ID}",
        f"POST /api/patients/{ID}/restore",
    }
)
COUNTING: Final = frozenset(f"GET /api/analytics/{what}" for what in ("summary", "registrations", "demographics"))
ALL: Final = ANYBODY | DOCS | SIGNED_IN | READING | WRITING | COUNTING
MAY: Final = {
    "admin": READING | WRITING | COUNTING,
    "clinician": READING | WRITING | COUNTING,
    "registrar": READING | WRITING,
    "billing": READING,
    "analyst": COUNTING,
    "auditor": frozenset(),
}


def test_the_tables_here_are_complete() -> None:
    """Every role, and every row of the route table."""
    rows = {
        f"{r.method} {r.path.replace('{patient_id}', ID).replace('{version}', '1')}" for r in default_table().routes
    }
    assert rows == ALL
    assert MAY.keys() == ROLES.keys()


@pytest.mark.parametrize("call", sorted(ALL))
@pytest.mark.parametrize("role", MAY)
async def test_a_role_may_do_what_is_written_here_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, role: str, call: str
) -> None:
    """403 is the answer exactly where it is due, whatever else is wrong with the request."""
    monkeypatch.setitem(TOKENS, "theirs", Principal(id="user-9", roles=(role,), scopes=scopes_of((role,))))
    method, path = call.split(" ")
    found = await world.client("theirs").request(method, path)
    assert (found.status_code == 403) is (call not in ANYBODY | DOCS | SIGNED_IN | MAY[role])
    assert found.status_code not in {401, 405}


@pytest.mark.parametrize("call", sorted(ALL - ANYBODY - DOCS))
async def test_nobody_in_particular_may_do_little(world: World, call: str) -> None:
    """401 for all that is not public, and no component is asked."""
    method, path = call.split(" ")
    assert (await world.client(token=None).request(method, path)).status_code == 401
    assert (world.registry.asked, world.counts.asked) == ([], [])
