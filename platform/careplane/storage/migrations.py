"""Migrations: numbered SQL files, the storage's own and a component's, each applied once to its schema."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg

from careplane.kernel.errors import FailedPrecondition
from careplane.storage.database import database_errors, role_of
from careplane.storage.restored import adopt_audit, adopt_outbox

_LOCK = 0x63617265_706C616E  # "careplan": one migration at a time in a database
_LOCKED_OUT = "SELECT rolname FROM pg_roles WHERE rolname = ANY($1) AND NOT rolcanlogin"
_ROLE_PLACEHOLDER = "CURRENT_ROLE_OF_COMPONENT"


async def migrate(url: str, components: Iterable[str]) -> Sequence[str]:
    """Bring the schema of every component up to date and return the migrations applied, as `component/file`.

    Raises Unavailable when the database is away, FailedPrecondition when an applied file has changed since, or when
    the database's user may not make what is needed.
    """
    with database_errors(), _needing_rights():
        connection = await asyncpg.connect(url, timeout=10.0, command_timeout=600.0)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
            return [f"{name}/{file}" for name in components for file in await _migrate_component(connection, name)]
        finally:
            await connection.close()


@contextmanager
def _needing_rights() -> Iterator[None]:
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        detail = "The database's user may not make roles and schemas: migrate as one that has CREATEROLE and owns it."
        raise FailedPrecondition(detail) from error


@contextmanager
def _let_see() -> Iterator[None]:
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        detail = (
            "The database's user may not see the tables of every component asked for: give the URL of the database's "
            "owner, or in database.component_urls each component its own login."
        )
        raise FailedPrecondition(detail) from error


async def let_in(url: str, components: Iterable[str]) -> None:
    """Let the components' roles log in by themselves; how they prove who they are is the database's own affair."""
    with database_errors(), _needing_rights():
        connection = await asyncpg.connect(url, timeout=10.0, command_timeout=10.0)
        try:
            roles = [role_of(name) for name in components]
            for row in await connection.fetch(_LOCKED_OUT, roles):
                await connection.execute(f"ALTER ROLE {row['rolname']} LOGIN")
        finally:
            await connection.close()


async def pending(url: str, components: Iterable[str]) -> Sequence[str]:
    """Name the migrations that `migrate` would apply; raise FailedPrecondition for a login that may not see them."""
    with database_errors(), _let_see():
        connection = await asyncpg.connect(url, timeout=10.0, command_timeout=10.0)
        try:
            return [
                f"{name}/{file.name}"
                for name in components
                for file in _files_of(name)
                if file.name not in await _applied(connection, name)
            ]
        finally:
            await connection.close()


async def changed(url: str, components: Iterable[str]) -> Sequence[str]:
    """Name the migrations whose file is not what was applied; raise FailedPrecondition as `pending` does."""
    with database_errors(), _let_see():
        connection = await asyncpg.connect(url, timeout=10.0, command_timeout=10.0)
        try:
            found = []
            for name in components:
                applied = await _applied(connection, name)
                files_now = {file.name: _checksum(file.read_text(encoding="utf-8")) for file in _files_of(name)}
                found += [f"{name}/{file}" for file, kept in applied.items() if files_now.get(file, "") != kept]
            return found
        finally:
            await connection.close()


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def _migrate_component(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> list[str]:
    if await connection.fetchval("SELECT session_user = $1", role_of(name)):
        await _check_by_component(connection, name)
        return []
    await _prepare(connection, name)
    applied = await _applied(connection, name)
    fresh = []
    for file in _files_of(name):
        text = file.read_text(encoding="utf-8")
        checksum = _checksum(text)
        if applied.get(file.name, checksum) != checksum:
            detail = f"Migration {name}/{file.name} has changed since it was applied. Put it back and add a new file."
            raise FailedPrecondition(detail)
        if file.name not in applied:
            await _apply(connection, name, file.name, text, checksum)
            fresh.append(file.name)
    async with connection.transaction():
        await connection.execute(f"SET LOCAL search_path TO {name}")
        await adopt_outbox(connection)
        await adopt_audit(connection)
    return fresh


async def _check_by_component(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    """Raise FailedPrecondition where something is to be done: a component's own login owns nothing, and cannot."""
    applied = await _applied(connection, name)
    missing = [file.name for file in _files_of(name) if file.name not in applied]
    if missing:
        detail = (
            f"Migration {name}/{missing[0]} is not applied, and {role_of(name)} may not: run `careplane migrate` with "
            "the URL of the database's owner."
        )
        raise FailedPrecondition(detail)


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    role = role_of(name)
    await connection.execute(f"""
        DO $$ BEGIN
            CREATE ROLE {role} NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
        DO $$ BEGIN
            EXECUTE format('GRANT {role} TO %I', current_user);
        EXCEPTION WHEN invalid_grant_operation OR unique_violation THEN NULL; END $$;
        CREATE SCHEMA IF NOT EXISTS {name};
        REVOKE ALL ON SCHEMA {name} FROM PUBLIC;
        GRANT USAGE ON SCHEMA {name} TO {role};
        ALTER DEFAULT PRIVILEGES IN SCHEMA {name} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
        ALTER DEFAULT PRIVILEGES IN SCHEMA {name} GRANT USAGE ON SEQUENCES TO {role};
        CREATE TABLE IF NOT EXISTS {name}.migration (
            file text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
        );
        REVOKE INSERT, UPDATE, DELETE ON {name}.migration FROM {role};
    """)


async def _applied(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> dict[str, str]:
    if await connection.fetchval("SELECT to_regclass($1) IS NULL", f"{name}.migration"):
        return {}
    rows = await connection.fetch(f"SELECT file, checksum FROM {name}.migration")  # noqa: S608 - a catalogue name
    return {row["file"]: row["checksum"] for row in rows}


async def _apply(
    connection: "asyncpg.Connection[asyncpg.Record]", name: str, file: str, text: str, checksum: str
) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL search_path TO {name}")
        await connection.execute(text.replace(_ROLE_PLACEHOLDER, role_of(name)))
        await connection.execute(
            f"INSERT INTO {name}.migration (file, checksum) VALUES ($1, $2)",  # noqa: S608 - a catalogue name
            file,
            checksum,
        )


def _files_of(component: str) -> list[Traversable]:
    folders = (files("careplane.storage") / "schema", files(f"careplane.components.{component}") / "migrations")
    return [
        file
        for folder in folders
        for file in sorted(folder.iterdir(), key=lambda f: f.name)
        if file.name.endswith(".sql")
    ]
