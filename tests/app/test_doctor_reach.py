"""The doctor in one process of several: it says what can be seen from there, and does not knock where it is refused."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from careplane.app.catalog import NAMES
from careplane.app.commands.doctor import case_of
from careplane.app.doctor import keys, logins, queues, server
from careplane.app.doctor.case import Case
from careplane.app.doctor.checks import examine
from careplane.app.doctor.finding import Finding, Level
from careplane.app.doctor.reach import narrowed
from careplane.app.embedded import login_url
from careplane.storage.migrations import let_in

CHECKS = (server.check_server, logins.check_logins, queues.check_queues, keys.check_keys, keys.check_demo_user)
PEERS = {f"CAREPLANE_GRPC_PEERS_{name.upper()}": f"{name}:4010" for name in NAMES}


def bad(findings: Sequence[Finding]) -> list[str]:
    """Return what is not well, but for the tests' own server, which has fsync off, and for missing keys."""
    return [one.found for one in findings if one.level is not Level.OK and "fsync" not in one.found]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("peers", [{}, PEERS], ids=["alone", "with peers"])
async def test_a_components_own_login_shows_that_component(
    database_url: str, tmp_path: Path, name: str, peers: dict[str, str]
) -> None:
    """What the others have is not asked for: it would only be refused."""
    await let_in(database_url, NAMES)
    environ = {"DATABASE_URL": login_url(database_url, name), **peers}
    case = await narrowed(await case_of(None, tmp_path, environ))
    assert (set(case.owners), set(case.logins)) == ({name}, {name})
    assert case.elsewhere == frozenset(NAMES) - {name}
    findings = await examine(case, CHECKS)
    told = {one.subject: one for one in findings}
    assert bad(findings) == (["there is none, and `careplane serve` needs one"] if name == "identity" else [])
    assert findings[0].found.startswith(f"{name} was looked at; this login shows nothing of ")
    assert {"migrations", "logins", "queues"} <= set(told)
    assert ("demo user" in told) is (name == "identity")


async def test_the_owners_login_shows_everything(database_url: str, tmp_path: Path) -> None:
    """Wherever it is used, and also where the server is away."""
    case = await case_of(None, tmp_path, {"DATABASE_URL": database_url})
    assert await narrowed(case) == case
    away = Case(case.settings, owners=dict.fromkeys(NAMES, "postgresql://clinic@127.0.0.1:1/careplane"))
    assert await narrowed(away) == away


async def test_a_gateway_without_components_has_no_database(tmp_path: Path) -> None:
    """Its settings say that all of them run elsewhere; where one is left out, that one's database is asked for."""
    findings = await examine(await narrowed(await case_of(None, tmp_path, PEERS)), CHECKS)
    assert [one.found for one in findings if one.subject == "database"] == [
        "none is used here: all components run elsewhere"
    ]
    assert bad(findings) == []
    some = {name: value for name, value in PEERS.items() if not name.endswith("BILLING")}
    assert bad(await server.check_server(await case_of(None, tmp_path, some))) == [
        "it is not known for every component"
    ]
