"""What can be seen of a database without changing anything in it: for whoever has to say what is wrong with it.

Every connection here is read-only, and every statement has a few seconds at most.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from careplane.storage.database import database_errors, role_of

if TYPE_CHECKING:
    from careplane.storage.database import Connection

_SECONDS = 5.0
_READ_ONLY = {"default_transaction_read_only": "on", "application_name": "careplane doctor", "timezone": "UTC"}
_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "max_connections", "superuser_reserved_connections")
_SERVER = """
SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
    pg_encoding_to_char(encoding) AS encoding, clock_timestamp() AS time, pg_is_in_recovery() AS standby
FROM pg_database WHERE datname = current_database()
"""
_SHOWN = "SELECT name, setting FROM pg_settings WHERE name = ANY($1)"
_LOGIN = """
SELECT session_user::text AS name, r.rolsuper OR r.rolcreaterole OR r.rolbypassrls AS powerful,
    session_user <> $1 AS sets_role, to_regrole($1) IS NOT NULL AS role_exists
FROM pg_roles r WHERE r.rolname = session_user
"""
_RIGHTS = """
SELECT (SELECT rolsuper OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = $1) AS powerful,
    coalesce((SELECT array_agg(c.relname::text ORDER BY 1) FROM pg_class c
        WHERE c.relnamespace = to_regnamespace($2) AND c.relname IN ('audit', 'audit_seal')
        AND has_table_privilege($1, c.oid, 'UPDATE, DELETE, TRUNCATE')), '{}') AS may_change,
    coalesce((SELECT array_agg(n.nspname::text ORDER BY 1) FROM pg_namespace n
        WHERE n.nspname = ANY($3) AND has_schema_privilege($1, n.oid, 'USAGE')), '{}') AS sees,
    coalesce((SELECT array_agg(DISTINCT c.relname::text) FROM pg_class c
        WHERE c.relnamespace = to_regnamespace($2) AND pg_get_userbyid(c.relowner) = $1), '{}') AS owns
"""
_WAITING = """
SELECT count(*) AS n, coalesce(extract(epoch FROM now() - min(time)), 0)::float8 AS seconds FROM (
    SELECT o.time FROM {schema}.outbox o
    WHERE (o.xid, o.seq) > (
        coalesce((SELECT max(xid::text::bigint) FROM {schema}.outbox_position), 0)::text::xid8,
        coalesce((SELECT max(seq) FROM {schema}.outbox_position), 0)
    )
    ORDER BY o.xid, o.seq LIMIT 100000
) AS waiting
"""
_LETTERS = "SELECT count(*) AS n, coalesce(extract(epoch FROM now() - min(at)), 0)::float8 AS seconds"
_UNSEALED = """
SELECT count(*) AS n, coalesce(extract(epoch FROM now() - min(at)), 0)::float8 AS seconds FROM (
    SELECT a.at FROM {schema}.audit a
    WHERE (a.xid, a.id) > (coalesce((SELECT max(xid::text::bigint) FROM {schema}.audit_seal), 0)::text::xid8,
        coalesce((SELECT row_ids[cardinality(row_ids)] FROM {schema}.audit_seal ORDER BY seq DESC LIMIT 1), 0))
    ORDER BY a.xid, a.id LIMIT 100000
) AS open
"""
_QUEUES = {
    "outbox": _WAITING,
    "dead_letter": f"{_LETTERS} FROM {{schema}}.dead_letter",
    "billing_intents": _LETTERS.replace("min(at)", "min(created_at)") + " FROM {schema}.billing_intents",
    "audit_seal": _UNSEALED,
}


class ServerSeen(msgspec.Struct, frozen=True):
    """A PostgreSQL server: which it is, how it is set up, and what time it has."""

    number: int
    version: str
    encoding: str
    standby: bool
    time: datetime
    settings: Mapping[str, str]


class LoginSeen(msgspec.Struct, frozen=True):
    """As whom a component logs in, and what its role may do that it should not.

    `may_change` are tables of the audit that it could alter, `sees` schemas of others, `owns` tables of its own.
    """

    name: str
    powerful: bool
    sets_role: bool
    role: str
    role_exists: bool
    role_powerful: bool = False
    may_change: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()


class QueueSeen(msgspec.Struct, frozen=True):
    """How many things wait somewhere (100,000 may stand for more), and how long the oldest has waited."""

    name: str
    count: int
    seconds: float


async def see_server(url: str) -> ServerSeen:
    """Look at the server; raise Unavailable when it does not answer."""
    async with _looking(url) as connection:
        row = await connection.fetchrow(_SERVER)
        shown = {one["name"]: one["setting"] for one in await connection.fetch(_SHOWN, _SETTINGS)}
    if row is None:
        raise LookupError("the database does not know itself")
    return ServerSeen(row["number"], row["version"], row["encoding"], row["standby"], row["time"], shown)


async def see_session_user(url: str) -> str:
    """Tell as whom the URL comes in; raise Unavailable when it is not let in."""
    async with _looking(url) as connection:
        return str(await connection.fetchval("SELECT session_user"))


async def see_login(url: str, component: str, others: Iterable[str]) -> LoginSeen:
    """Look at the login of a component and at the rights of its role; raise Unavailable when it is not let in."""
    role = role_of(component)
    async with _looking(url) as connection:
        login = await connection.fetchrow(_LOGIN, role)
        if login is None or not login["role_exists"]:
            return LoginSeen(
                login["name"] if login else "", powerful=False, sets_role=True, role=role, role_exists=False
            )
        rights = await connection.fetchrow(_RIGHTS, role, component, list(others))
    seen = dict(login) | {"role": role}
    if rights is not None:
        seen |= {"role_powerful": rights["powerful"], "may_change": tuple(rights["may_change"])}
        seen |= {"sees": tuple(rights["sees"]), "owns": tuple(rights["owns"])}
    return LoginSeen(**seen)


async def see_queues(url: str, component: str) -> Sequence[QueueSeen]:
    """Look at everything of a component that waits for something."""
    async with _looking(url) as connection:
        found = []
        for name, statement in _QUEUES.items():
            if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{component}.{name}"):
                row = await connection.fetchrow(statement.format(schema=component))
                found.append(QueueSeen(name, row["n"], row["seconds"]) if row else QueueSeen(name, 0, 0.0))
        return found


async def see_user(url: str, email: str) -> bool:
    """Tell whether somebody has that e-mail address and is not disabled."""
    async with _looking(url) as connection:
        if await connection.fetchval("SELECT to_regclass('identity.users') IS NULL"):
            return False
        ask = "SELECT EXISTS (SELECT FROM identity.users WHERE email = $1 AND NOT disabled)"
        return bool(await connection.fetchval(ask, email))


@asynccontextmanager
async def _looking(url: str) -> AsyncIterator["Connection"]:
    with database_errors():
        connection = await asyncpg.connect(url, timeout=_SECONDS, command_timeout=_SECONDS, server_settings=_READ_ONLY)
        try:
            yield connection
        finally:
            await connection.close(timeout=_SECONDS)
