"""Logins of the embedded database: each component comes in as itself, so nothing it says takes it any further."""

import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.conftest import in_own_loop

from careplane.app.catalog import NAMES
from careplane.app.databases import component_logins, migrate_all
from careplane.app.embedded import EmbeddedPostgres, login_url
from careplane.app.postgres_access import write_access
from careplane.app.settings import DatabaseSettings, Settings
from careplane.app.setup_error import SetupError
from careplane.kernel.errors import FailedPrecondition, Unavailable
from careplane.storage.database import Database, role_of
from careplane.storage.migrations import migrate, pending

ESCAPES = (
    "RESET ROLE",
    "SET ROLE NONE",
    "RESET SESSION AUTHORIZATION",
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET ALL",
    "DISCARD ALL",
)
REFUSED = {
    "the owner's role": "SET ROLE careplane",
    "another component's role": "SET ROLE careplane_{other}",
    "another session": "SET SESSION AUTHORIZATION careplane",
    "another component's rows": "SELECT * FROM {other}.audit",
    "another component's audit": "INSERT INTO {other}.audit SELECT * FROM {other}.audit",
    "audit rows that change": "UPDATE audit SET caller = 'nobody'",
    "audit rows that go": "DELETE FROM audit",
    "all audit rows": "TRUNCATE audit",
    "a table of its own": "CREATE TABLE mine ()",
    "a table that changes": "ALTER TABLE audit DROP COLUMN caller",
    "rights for itself": "ALTER ROLE careplane_{own} SUPERUSER",
    "rights over another": "GRANT careplane_{other} TO careplane_{own}",
    "a program of the machine": "COPY (SELECT 1) TO PROGRAM 'cat'",
    "a file of the machine": "SELECT pg_read_file('/etc/passwd')",
    "the passwords": "SELECT * FROM pg_authid",
    "migrations that were never applied": "INSERT INTO migration (file, checksum) VALUES ('a', 'b')",
}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """Give a database such as `careplane dev` has, migrated."""
    folder = Path(tempfile.mkdtemp(prefix="careplane-logins-"))
    with EmbeddedPostgres(folder) as server:
        in_own_loop(lambda: migrate_all(dict.fromkeys(NAMES, server.url)))
        yield server
    shutil.rmtree(folder)


@pytest.fixture
async def logins(server: EmbeddedPostgres) -> dict[str, str]:
    """Give the URLs under which the components log in, as `careplane dev` makes them."""
    return dict(await component_logins(Settings(), dict.fromkeys(NAMES, server.url)))


@pytest.fixture(params=NAMES)
async def intruder(request: pytest.FixtureRequest, logins: dict[str, str]) -> AsyncIterator[tuple[str, Database]]:
    """Give each component's pool in turn, in the hands of somebody who can make it say anything."""
    database = await Database.open(logins[request.param], request.param, size=1)
    yield request.param, database
    await database.close()


@pytest.mark.parametrize("escape", ESCAPES)
async def test_there_is_no_role_to_go_back_to(intruder: tuple[str, Database], escape: str) -> None:
    """Whatever is reset, the session is still the component's."""
    name, database = intruder
    async with database.connection() as connection:
        await connection.execute(escape)
        row = await connection.fetchrow("SELECT current_user, session_user, current_setting('is_superuser')")
    assert tuple(row or ()) == (role_of(name), role_of(name), "off")


@pytest.mark.parametrize("what", REFUSED)
async def test_a_component_can_take_nothing_that_is_not_its_own(intruder: tuple[str, Database], what: str) -> None:
    """Rights, rows and files of others are refused, also after every way back has been tried."""
    name, database = intruder
    other = NAMES[NAMES.index(name) - 1]
    async with database.connection() as connection:
        for escape in ESCAPES[:4]:
            await connection.execute(escape)
        await connection.execute(f"SET search_path TO {name}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(REFUSED[what].format(own=name, other=other))


async def test_its_own_work_it_can_do(intruder: tuple[str, Database]) -> None:
    """Audit rows are added and read."""
    _, database = intruder
    await database.execute(
        "INSERT INTO audit (caller, action, request_id, trace_id) VALUES ('test', 'test/login', 'r', 't')"
    )
    assert (await database.fetch_row("SELECT count(*) AS n FROM audit WHERE caller = 'test'"))["n"] > 0


async def test_nobody_else_comes_in(server: EmbeddedPostgres) -> None:
    """A role that may log in, but is neither the owner nor a component, is rejected at the door."""
    owner = await asyncpg.connect(server.url, timeout=10)
    try:
        await owner.execute("CREATE ROLE stranger LOGIN SUPERUSER")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(server.url.replace("//careplane@", "//stranger@"), timeout=10)
        rules = await owner.fetch("SELECT type, user_name, auth_method FROM pg_hba_file_rules ORDER BY rule_number")
    finally:
        await owner.execute("DROP ROLE IF EXISTS stranger")
        await owner.close()
    methods = {tuple(row["user_name"]): row["auth_method"] for row in rows_of("local", rules)}
    assert methods.pop(("all",)) == "reject"
    assert methods == {(user,): "peer" for user in ("careplane", *map(role_of, NAMES))}
    assert {row["auth_method"] for row in rows_of("host", rules)} == {"reject"}


def rows_of(kind: str, rules: list[asyncpg.Record]) -> list[asyncpg.Record]:
    """Return the rules of one kind of connection."""
    return [row for row in rules if row["type"] == kind]


def test_only_the_accounts_of_this_database_are_mapped(tmp_path: Path) -> None:
    """The account that runs Careplane and the one that PostgreSQL runs under may be any user that is let in."""
    write_access(tmp_path, "careplane", ["careplane_patient"], [0, 0])
    lines = (tmp_path / "pg_ident.conf").read_text().splitlines()[1:]
    root = pwd.getpwuid(0).pw_name
    assert lines == [f'careplane "{root}" careplane', f'careplane "{root}" careplane_patient']


def test_an_account_without_a_name_is_told_what_to_do(tmp_path: Path) -> None:
    """PostgreSQL would only say that it did not let us in."""
    with pytest.raises(SetupError, match=r"has no name on this machine.*add it to /etc/passwd"):
        write_access(tmp_path, "careplane", [], [987_654_321])


async def test_a_database_of_ones_own_is_logged_in_to_as_its_url_says(server: EmbeddedPostgres) -> None:
    """Only the embedded one has logins that we make."""
    url = "postgresql://clinic:hunter2@db.example/careplane"
    settings = Settings(database=DatabaseSettings(url=url, component_urls={"patient": "postgresql://p@db/x"}))
    urls = {name: settings.database.url_for(name) for name in NAMES}
    assert await component_logins(settings, urls) == urls


async def test_a_component_that_logs_in_as_itself_may_look_but_not_migrate(logins: dict[str, str]) -> None:
    """Where nothing is to be done it goes on; where something is, the sentence says who can do it."""
    url = logins["patient"]
    assert await migrate(url, ("patient",)) == []
    assert await pending(url, ("patient",)) == []
    with pytest.raises(FailedPrecondition, match="CREATEROLE"):
        await migrate(url, ("billing",))


async def test_a_component_that_finds_no_tables_says_who_must_migrate(empty_database_url: str) -> None:
    """A database that was never migrated, with a role that may log in."""
    await migrate(empty_database_url, ("patient",))
    owner = await asyncpg.connect(empty_database_url, timeout=10)
    await owner.execute("ALTER ROLE careplane_patient LOGIN; DELETE FROM patient.migration WHERE file LIKE '0001%'")
    await owner.close()
    with pytest.raises(FailedPrecondition, match="careplane_patient may not: run `careplane migrate` with the URL of"):
        await migrate(login_url(empty_database_url, "patient"), ("patient",))


async def test_before_anything_is_migrated_no_component_comes_in(tmp_path: Path) -> None:
    """The roles are made by the migrations; a login without a role is refused."""
    folder = Path(tempfile.mkdtemp(prefix="careplane-logins-"))
    with EmbeddedPostgres(folder) as server, pytest.raises(Unavailable):
        await Database.open(login_url(server.url, "patient"), "patient", size=1)
    shutil.rmtree(folder)
