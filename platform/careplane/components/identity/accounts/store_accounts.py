"""Where accounts are changed: each change makes the next version of the row, unless somebody else was faster."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from careplane.components.identity.domain import User
from careplane.components.identity.sessions.store_revocations import BUMPED
from careplane.components.identity.store import COLUMNS, email_taken, user_of
from careplane.kernel.contract import Method
from careplane.kernel.errors import Aborted, AlreadyExists, FailedPrecondition, NotFound, PlatformError, StaleVersion
from careplane.storage.database import Database, UniqueViolation
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Bare, Entry, Journal, bare_journal
from careplane.storage.reads import AuditedReads

if TYPE_CHECKING:
    from careplane.storage.database import Connection

_BY_ID = f"SELECT {COLUMNS} FROM users WHERE id = $1"  # noqa: S608 - a constant
# language=postgresql
_READ = f"""
SELECT asked.n, {COLUMNS} FROM unnest($1::int[], $2::uuid[]) AS asked(n, wanted) JOIN users ON users.id = asked.wanted
"""  # noqa: S608 - a constant
# Where the change takes the right to repair from somebody, all who have it are locked, so that of two such changes at
# once the second one waits, and then no longer counts whom the first one has taken it from. Likewise the second factor
# is locked that makes a short password long enough.
# language=postgresql
_CHANGE = f"""
work AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::int[], $4::bool[], $5::text[], $6::text[], $7::text[], $8::bool[],
                         $9::bytea[], $10::text[], $11::bool[], $12::timestamptz[], $13::text[])
        AS w(n, id, version, ends, email, email_key, password_hash, short_password, secret_digest, roles, disabled, at,
             repairing) JOIN fresh USING (n)
), repairers AS (
    SELECT u.id FROM users u JOIN work w ON u.roles && string_to_array(w.repairing, ',')
    WHERE u.kind = 'person' AND NOT u.disabled ORDER BY u.id FOR UPDATE OF u
), factors AS (
    SELECT f.user_id FROM second_factors f JOIN work w ON f.user_id = w.id AND w.short_password WHERE f.active
    FOR SHARE OF f
), updated AS (
    UPDATE users u SET
        version = w.version, epoch = u.epoch + w.ends::int, roles = string_to_array(w.roles, ','),
        disabled = w.disabled, email = COALESCE(w.email, u.email), email_key = COALESCE(w.email_key, u.email_key),
        password_hash = COALESCE(w.password_hash, u.password_hash),
        short_password = COALESCE(w.short_password, u.short_password),
        secret_digest = COALESCE(w.secret_digest, u.secret_digest), updated_at = w.at
    FROM work w
    WHERE u.id = w.id AND u.version = w.version - 1
      AND (w.repairing IS NULL OR EXISTS (SELECT FROM repairers r WHERE r.id <> w.id))
      AND (w.short_password IS NOT TRUE OR EXISTS (SELECT FROM factors f WHERE f.user_id = w.id))
    RETURNING w.n, u.id, u.epoch, w.ends, w.at
), bumped AS (
    SELECT id AS user_id, epoch, at FROM updated WHERE ends
), {BUMPED}, applied AS (
    SELECT n FROM updated
)
"""  # noqa: S608 - constants
# language=postgresql
_ADD_CLIENT = """
work AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[])
        AS w(n, id, name, secret_digest, roles, at) JOIN fresh USING (n)
), inserted AS (
    INSERT INTO users (id, kind, name, secret_digest, roles, created_at, updated_at)
    SELECT id, 'service', name, secret_digest, string_to_array(roles, ','), at, at FROM work
    ON CONFLICT DO NOTHING RETURNING id
), applied AS (
    SELECT n FROM work JOIN inserted USING (id)
)
"""


class AccountChange(msgspec.Struct, frozen=True):
    """The next version of a user; what is None of the rest stays as it is.

    With `ends` all tokens and sessions of theirs end. `repairing` are the roles that can repair the others, where this
    change takes that from the user: then somebody else must be left who can. A `short_password` needs a second factor.
    `expected` tells that the caller named the version.
    """

    user: User
    entry: Entry
    ends: bool
    email_key: str | None = None
    password_hash: str | None = None
    short_password: bool | None = None
    secret_digest: bytes | None = None
    repairing: tuple[str, ...] | None = None
    expected: bool = False


class ClientAddition(msgspec.Struct, frozen=True):
    """A program's account to add."""

    user: User
    secret_digest: bytes
    entry: Entry


class AccountStore:
    """The accounts of one database, one by one."""

    def __init__(self, database: Database) -> None:
        """Work on the users of `database`."""
        self._database = database
        self._changing = Journal[AccountChange](database, _CHANGE, _change_arrays, _change_refusals, width=13)
        clients = Journal[ClientAddition](database, _ADD_CLIENT, _client_arrays, _id_taken, width=6)
        self._reads = AuditedReads[UUID, User | None](database, _READ, _read_arrays, _first, width=2)
        self._changes: GroupCommit[AccountChange, Applied] = GroupCommit(self._change, limit=1)  # see `_change`
        self._clients: GroupCommit[ClientAddition, Applied] = GroupCommit(clients.flush)
        self._bare: GroupCommit[Bare, Applied] = GroupCommit(bare_journal(database).flush)
        self.commits: Mapping[str, GroupCommit[Any, Any]] = {
            "accounts": self._reads.commit,
            "account_changes": self._changes,
            "account_notes": self._bare,
            "clients": self._clients,
        }

    async def read(self, user_id: UUID, method: Method) -> User | None:
        """Return a user, audited as `method`."""
        return await self._reads.read(method, user_id, subject=user_id)

    async def load(self, user_id: UUID) -> User | None:
        """Return a user that is about to be changed, which is audited then."""
        row = await self._database.fetch_row(_BY_ID, user_id)
        return None if row is None else user_of(row)

    async def change(self, change: AccountChange) -> Applied:
        """Put the next version in the place of the one before."""
        return await self._changes.submit(change)

    async def add_client(self, addition: ClientAddition) -> Applied:
        """Add a program's account."""
        return await self._clients.submit(addition)

    async def note(self, entry: Entry) -> Applied:
        """Journal what changed nothing."""
        return await self._bare.submit(Bare(entry))

    async def _change(self, changes: Sequence[AccountChange]) -> Sequence[Applied | PlatformError]:
        """Flush one change: two of one statement would each count the other's user as somebody who is left."""
        try:
            return await self._changing.flush(changes)
        except UniqueViolation as error:
            return [email_taken() if error.constraint_name == "users_email_key_key" else Aborted()]


def _read_arrays(ids: Sequence[UUID]) -> Sequence[Sequence[object]]:
    return range(len(ids)), ids


def _first(rows: Sequence[Any]) -> User | None:
    return user_of(rows[0]) if rows else None


def _change_arrays(changes: Sequence[AccountChange]) -> Sequence[Sequence[object]]:
    users = [change.user for change in changes]
    return (
        range(len(changes)),
        [u.id for u in users],
        [u.version for u in users],
        [c.ends for c in changes],
        [None if c.email_key is None else c.user.email for c in changes],
        [c.email_key for c in changes],
        [c.password_hash for c in changes],
        [c.short_password for c in changes],
        [c.secret_digest for c in changes],
        [",".join(u.roles) for u in users],
        [u.disabled for u in users],
        [u.updated_at for u in users],
        [None if c.repairing is None else ",".join(c.repairing) for c in changes],
    )


async def _change_refusals(connection: "Connection", changes: Sequence[AccountChange]) -> Sequence[PlatformError]:
    rows = await connection.fetch("SELECT id, version FROM users WHERE id = ANY($1)", [c.user.id for c in changes])
    versions = {row["id"]: row["version"] for row in rows}
    return [_change_refusal(change, versions.get(change.user.id)) for change in changes]


def _change_refusal(change: AccountChange, version: int | None) -> PlatformError:
    if version is None:
        return NotFound()
    if version != change.user.version - 1:
        return StaleVersion() if change.expected else Aborted()
    if change.repairing is not None:
        return FailedPrecondition(
            "This is the last enabled user who may change users, and there must be one. Give another such a role first."
        )
    return Aborted()


def _client_arrays(additions: Sequence[ClientAddition]) -> Sequence[Sequence[object]]:
    return (
        range(len(additions)),
        [a.user.id for a in additions],
        [a.user.name for a in additions],
        [a.secret_digest for a in additions],
        [",".join(a.user.roles) for a in additions],
        [a.user.created_at for a in additions],
    )


async def _id_taken(_connection: "Connection", refused: Sequence[ClientAddition]) -> Sequence[PlatformError]:
    return [AlreadyExists() for _ in refused]
