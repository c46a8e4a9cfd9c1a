"""The doctor and a database: each fault is produced in a real one, as far as that can be done, and told."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from careplane.app.catalog import NAMES
from careplane.app.commands.doctor import case_of
from careplane.app.databases import migrate_all
from careplane.app.doctor import keys, logins, queues, server
from careplane.app.doctor.case import Case
from careplane.app.doctor.finding import Finding, Level
from careplane.app.embedded import login_url
from careplane.app.settings import DatabaseSettings, Settings
from careplane.components.identity.demo import EMAIL
from careplane.storage.inspection import LoginSeen, ServerSeen, see_login, see_server
from careplane.storage.migrations import let_in

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SOUND = ServerSeen(
    number=180_001,
    version="18.1",
    encoding="UTF8",
    standby=False,
    time=NOW,
    settings={
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "100",
        "superuser_reserved_connections": "3",
    },
)
SERVERS: dict[str, tuple[ServerSeen, Level, str]] = {
    "too old": (msgspec.structs.replace(SOUND, number=140_010, version="14.10"), Level.PROBLEM, "PostgreSQL 14.10"),
    "untested": (msgspec.structs.replace(SOUND, number=160_003, version="16.3"), Level.WARNING, "PostgreSQL 16.3"),
    "encoding": (msgspec.structs.replace(SOUND, encoding="LATIN1"), Level.PROBLEM, "encoding is LATIN1"),
    "standby": (msgspec.structs.replace(SOUND, standby=True), Level.PROBLEM, "standby"),
    "slow clock": (msgspec.structs.replace(SOUND, time=NOW - timedelta(seconds=5)), Level.WARNING, "differ by 5.0 s"),
    "wrong clock": (msgspec.structs.replace(SOUND, time=NOW + timedelta(hours=1)), Level.PROBLEM, "differ by 3600.0 s"),
    **{
        f"{name} off": (
            msgspec.structs.replace(SOUND, settings={**SOUND.settings, name: "off"}),
            Level.PROBLEM,
            f"{name} is off",
        )
        for name in ("fsync", "synchronous_commit", "full_page_writes")
    },
    **{
        f"{count} connections": (
            msgspec.structs.replace(SOUND, settings={**SOUND.settings, "max_connections": count}),
            level,
            "one process may open 32",
        )
        for count, level in (("20", Level.PROBLEM), ("40", Level.WARNING))
    },
}
FAULTS: dict[str, tuple[str, str]] = {
    "audit that can be changed": ("GRANT UPDATE ON {name}.audit TO careplane_{name}", "can change {name}.audit"),
    "audit that can be deleted": ("GRANT DELETE ON {name}.audit TO PUBLIC", "can change {name}.audit"),
    "seals that can be emptied": ("GRANT TRUNCATE ON {name}.audit_seal TO careplane_{name}", "{name}.audit_seal"),
    "tables of its own": ("ALTER TABLE {name}.audit OWNER TO careplane_{name}", "owns audit"),
    "a look at others": ("GRANT USAGE ON SCHEMA {other} TO careplane_{name}", "can see into {other}"),
}
UNDO = (
    "ALTER TABLE {name}.audit OWNER TO careplane",
    "REVOKE UPDATE, DELETE, TRUNCATE ON {name}.audit, {name}.audit_seal FROM careplane_{name}, PUBLIC",
    "REVOKE ALL ON SCHEMA {other} FROM careplane_{name}",
)
QUEUES: dict[str, tuple[str, Level, str]] = {
    "events not handed on": (
        """INSERT INTO patient.outbox (id, type, subject, version, time, body)
        VALUES (gen_random_uuid(), 't', gen_random_uuid(), 1, now() - interval '10 minutes', '')""",
        Level.WARNING,
        "patient has 1 events to be handed on, the oldest for 10 minutes",
    ),
    "accounts not opened for long": (
        "INSERT INTO patient.billing_intents VALUES (gen_random_uuid(), now() - interval '2 hours')",
        Level.PROBLEM,
        "patient has 1 accounts to be opened, the oldest for 120 minutes",
    ),
    "events set aside": (
        "INSERT INTO analytics.dead_letter VALUES (gen_random_uuid(), 'patient', 't', '', 'hunter2')",
        Level.WARNING,
        "analytics has set 1 events aside",
    ),
    "audit rows not sealed": (
        """INSERT INTO billing.audit (at, caller, action, request_id, trace_id)
        VALUES (now() - interval '3 minutes', 'c', 'a', 'r', 't')""",
        Level.WARNING,
        "billing has 1 audit rows to be sealed, the oldest for 3 minutes",
    ),
}


def bad(findings: Sequence[Finding]) -> list[tuple[Level, str]]:
    """Return what was found that is not well; each of them must say what to do."""
    found = [one for one in findings if one.level is not Level.OK]
    assert all(one.advice for one in found)
    assert not any("hunter2" in text for one in findings for text in (one.found, one.advice))
    return [(one.level, one.found) for one in found]


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Connect as the one who may do anything; the test's database is taken back to where it was by the next test."""
    connection = await asyncpg.connect(database_url, timeout=10)
    yield connection
    await connection.close()


@pytest.fixture
async def case(database_url: str) -> Case:
    """Give a case with the test's database, in which each component has a login of its own."""
    await let_in(database_url, NAMES)
    settings = Settings(database=DatabaseSettings(url="postgresql://db.example/careplane"))
    logged_in = {name: login_url(database_url, name) for name in NAMES}
    return Case(settings, owners=dict.fromkeys(NAMES, database_url), logins=logged_in)


def superusers(case: Case, database_url: str) -> Case:
    """Return the case of somebody who gives every component the owner's URL."""
    return Case(case.settings, owners=case.owners, logins=dict.fromkeys(NAMES, database_url))


def test_a_sound_server_is_told_as_such() -> None:
    """Nothing is bad about it."""
    assert bad([*server.judged(SOUND, NAMES, 8, NOW)]) == []


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_that_is_not_fit_is_told(kind: str) -> None:
    """One line, with what to do."""
    seen, level, told = SERVERS[kind]
    [(found_level, found)] = bad([*server.judged(seen, NAMES, 8, NOW)])
    assert (found_level, told in found) == (level, True)


async def test_what_a_server_tells_of_itself_is_what_is_so(case: Case, database_url: str) -> None:
    """The tests' own server has fsync off, all migrations, and this machine's clock."""
    seen = await see_server(database_url)
    assert abs((datetime.now(UTC) - seen.time).total_seconds()) < 5
    assert (seen.encoding, seen.standby, seen.number >= 180_000) == ("UTF8", False, True)
    assert bad(await server.check_server(case)) == [
        (Level.PROBLEM, "fsync is off, so what was acknowledged can be lost")
    ]


async def test_a_server_that_is_away_is_a_problem(case: Case) -> None:
    """Nothing else is said of it, and its URL is not repeated."""
    away = dict.fromkeys(NAMES, "postgresql://clinic:hunter2@127.0.0.1:1/careplane")
    gone = Case(case.settings, owners=away, logins=away)
    assert [level for level, _ in bad(await server.check_server(gone))] == [Level.PROBLEM]
    assert len(bad(await logins.check_logins(gone))) == len(NAMES)
    assert await queues.check_queues(gone) == []
    assert await keys.check_demo_user(gone) == []


async def test_without_a_database_the_doctor_says_so(tmp_path: Path) -> None:
    """The embedded one may rest; one of one's own must be known for every component."""
    assert bad(await server.check_server(await case_of(None, tmp_path, {}))) == []
    urls = '{"billing": "postgresql://db.example/x"}'
    some = await case_of(None, tmp_path, {"CAREPLANE_DATABASE_COMPONENT_URLS": urls})
    assert [level for level, _ in bad(await server.check_server(some))] == [Level.PROBLEM]
    for check in (logins.check_logins, queues.check_queues, keys.check_demo_user):
        assert await check(some) == []


async def test_migrations_are_looked_at(empty_database_url: str) -> None:
    """Those that are not applied, and those that are not what was applied."""
    case = Case(Settings(), owners=dict.fromkeys(NAMES, empty_database_url))

    async def told() -> list[str]:
        return [found for _, found in bad(await server.check_server(case)) if "fsync" not in found]

    assert "are not applied" in (await told())[0]
    await migrate_all(case.owners)
    assert await told() == []
    connection = await asyncpg.connect(empty_database_url, timeout=10)
    await connection.execute("UPDATE billing.migration SET checksum = 'x' WHERE file LIKE '0001_acc%'")
    await connection.close()
    assert await told() == ["billing/0001_accounts.sql is not what was applied"]


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("postgresql://db.example/x", True),
        ("postgresql://db.example/x?sslmode=require", True),
        ("postgresql://db.example/x?sslmode=verify-full", False),
        ("postgresql://localhost/x", False),
        ("postgresql:///x?host=/run/postgresql", False),
        ("postgresql://[::1]/x", False),
    ],
)
async def test_a_wire_that_others_can_hold_is_told(url: str, warned: bool) -> None:
    """Only what goes to another machine, and is not certain of who is there."""
    found = bad(await server.check_wire(Case(Settings(), logins={"patient": url})))
    assert [level for level, _ in found] == ([Level.WARNING] if warned else [])


async def test_logins_of_their_own_are_well(case: Case) -> None:
    """Nothing to say of any component."""
    assert bad(await logins.check_logins(case)) == []


async def test_components_under_the_owners_login_are_warned_of(case: Case, database_url: str) -> None:
    """They could go back to its rights, which here are a superuser's."""
    found = bad(await logins.check_logins(superusers(case, database_url)))
    assert [level for level, _ in found] == [Level.WARNING] * len(NAMES)
    assert all("a superuser's login" in text for _, text in found)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", FAULTS)
async def test_rights_that_a_role_should_not_have_are_a_problem(
    module_database_url: str, fault: str, name: str
) -> None:
    """Whoever logs in, the role itself must not be able to."""
    statement, told = FAULTS[fault]
    names = {"name": name, "other": NAMES[NAMES.index(name) - 1]}
    await let_in(module_database_url, NAMES)
    owner = await asyncpg.connect(module_database_url, timeout=10)
    try:
        await owner.execute(statement.format(**names))
        for url in (login_url(module_database_url, name), module_database_url):
            found = bad(await logins.check_logins(Case(Settings(), logins={name: url})))
            assert any(level is Level.PROBLEM and told.format(**names) in text for level, text in found), found
    finally:
        for undo in UNDO:
            await owner.execute(undo.format(**names))
        await owner.close()
    assert bad(await logins.check_logins(Case(Settings(), logins={name: login_url(module_database_url, name)}))) == []


def test_a_role_with_rights_over_the_server_is_a_problem() -> None:
    """Whatever else it may do."""
    seen = LoginSeen(
        name="careplane_patient",
        powerful=True,
        sets_role=False,
        role="careplane_patient",
        role_exists=True,
        role_powerful=True,
    )
    [(level, found)] = bad([*logins.judged("patient", seen)])
    assert (level, "rights over the whole server" in found) == (Level.PROBLEM, True)


async def test_a_role_that_is_not_there_is_a_problem(database_url: str) -> None:
    """Migrating makes it."""
    seen = await see_login(database_url, "pharmacy", NAMES)
    [(level, found)] = bad([*logins.judged("pharmacy", seen)])
    assert (level, found) == (Level.PROBLEM, "the role careplane_pharmacy is not there")


async def test_empty_queues_are_well(case: Case) -> None:
    """Nothing waits."""
    findings = await queues.check_queues(case)
    assert (bad(findings), len(findings)) == ([], 1)


@pytest.mark.parametrize("kind", QUEUES)
async def test_what_waits_for_long_is_told(case: Case, owner: "asyncpg.Connection[asyncpg.Record]", kind: str) -> None:
    """With how many and how long, and nothing of what is in it."""
    statement, level, told = QUEUES[kind]
    await owner.execute(statement)
    assert bad(await queues.check_queues(case)) == [(level, told)]


async def test_the_demo_user_is_looked_for(case: Case, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """In a database of one's own it is a problem, unless it is disabled."""
    assert bad(await keys.check_demo_user(case)) == []
    await owner.execute(
        "INSERT INTO identity.users (id, email, email_key, password_hash, roles, created_at, updated_at) "
        "VALUES (gen_random_uuid(), $1, $1, '$argon2id$x', '{admin}', now(), now())",
        EMAIL,
    )
    assert [level for level, _ in bad(await keys.check_demo_user(case))] == [Level.PROBLEM]
    embedded = Case(Settings(), owners=case.owners, logins=case.logins)
    assert bad(await keys.check_demo_user(embedded)) == []
    await owner.execute("UPDATE identity.users SET disabled = true")
    assert bad(await keys.check_demo_user(case)) == []
