"""Where users are kept: a table of them, each change and each sign-in journaled."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from careplane.components.identity.domain import User
from careplane.kernel.contract import Method
from careplane.kernel.errors import AlreadyExists, FieldError, Internal, PlatformError
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Entry, Journal
from careplane.storage.reads import AuditedReads

if TYPE_CHECKING:
    from careplane.storage.database import Connection

_COLUMNS = "id, email, password_hash, roles, disabled, version, epoch, created_at, updated_at"
_BY_EMAIL = f"SELECT {_COLUMNS} FROM users WHERE email_key = $1"  # noqa: S608 - a constant
# language=postgresql
_PAGE = f"""
SELECT asked.n, u.* FROM unnest($1::int[], $2::uuid[], $3::int[]) AS asked(n, after, most)
CROSS JOIN LATERAL (SELECT {_COLUMNS} FROM users WHERE id > asked.after ORDER BY id LIMIT asked.most) u
ORDER BY asked.n, u.id
"""  # noqa: S608 - a constant
_FIRST = UUID(int=0)

_Page = tuple[UUID, int]

# language=postgresql
_ADD = """
work AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
        AS w(n, id, email, email_key, password_hash, roles, at) JOIN fresh USING (n)
), inserted AS (
    INSERT INTO users (id, email, email_key, password_hash, roles, created_at, updated_at)
    SELECT id, email, email_key, password_hash, string_to_array(roles, ','), at, at FROM work ORDER BY email_key
    ON CONFLICT DO NOTHING RETURNING id
), applied AS (
    SELECT n FROM work JOIN inserted USING (id)
)
"""
# A hash is made anew only in place of the one that was checked: a password changed meanwhile stays changed.
# language=postgresql
_SIGN_IN = """
work AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[]) AS w(n, id, checked, anew) JOIN fresh USING (n)
), rehashed AS (
    UPDATE users u SET password_hash = w.anew FROM work w
    WHERE w.anew IS NOT NULL AND u.id = w.id AND u.password_hash = w.checked
), applied AS (
    SELECT n FROM work
)
"""


class Addition(msgspec.Struct, frozen=True):
    """A user to add."""

    user: User
    email_key: str
    entry: Entry


class SignIn(msgspec.Struct, frozen=True):
    """A sign-in to note, whether it succeeded or not; where `anew` is set it replaces the hash `checked`."""

    entry: Entry
    user_id: UUID | None = None
    checked: str | None = None
    anew: str | None = None


class UserStore:
    """The users of one database."""

    def __init__(self, database: Database) -> None:
        """Keep users in the component's schema of `database`."""
        self._database = database
        adds = Journal[Addition](database, _ADD, _addition_arrays, _taken, width=7)
        sign_ins = Journal[SignIn](database, _SIGN_IN, _sign_in_arrays, _unexplained, width=4)
        self._adds: GroupCommit[Addition, Applied] = GroupCommit(adds.flush)
        self._sign_ins: GroupCommit[SignIn, Applied] = GroupCommit(sign_ins.flush)
        self._pages = AuditedReads[_Page, Sequence[User]](database, _PAGE, _page_arrays, _users, width=3)

    @property
    def commits(self) -> Mapping[str, GroupCommit[Any, Any]]:
        """The group commits, by the name of what they write."""
        return {"users": self._adds, "sign_ins": self._sign_ins, "user_pages": self._pages.commit}

    async def by_email(self, email_key: str) -> User | None:
        """Return the user with that e-mail, if there is one."""
        row = await self._database.fetch_row(_BY_EMAIL, email_key)
        return None if row is None else _user(row)

    async def page(self, method: Method, limit: int, after: UUID | None) -> Sequence[User]:
        """Return at most `limit` users that were added after the user `after`, audited as `method`."""
        return await self._pages.read(method, (after or _FIRST, limit))

    async def add(self, addition: Addition) -> Applied:
        """Add a user; raise AlreadyExists when the e-mail, or the id, is taken."""
        return await self._adds.submit(addition)

    async def note_sign_in(self, sign_in: SignIn) -> None:
        """Make the sign-in's audit row durable."""
        await self._sign_ins.submit(sign_in)


def _user(row: Any) -> User:  # noqa: ANN401 - a record
    return msgspec.convert({**row, "roles": tuple(row["roles"])}, User)


def _users(rows: Sequence[Any]) -> Sequence[User]:
    return [_user(row) for row in rows]


def _page_arrays(pages: Sequence[_Page]) -> Sequence[Sequence[object]]:
    return range(len(pages)), [after for after, _ in pages], [limit for _, limit in pages]


def _addition_arrays(additions: Sequence[Addition]) -> Sequence[Sequence[object]]:
    return (
        range(len(additions)),
        [a.user.id for a in additions],
        [a.user.email for a in additions],
        [a.email_key for a in additions],
        [a.user.password_hash for a in additions],
        [",".join(a.user.roles) for a in additions],
        [a.user.created_at for a in additions],
    )


def _sign_in_arrays(sign_ins: Sequence[SignIn]) -> Sequence[Sequence[object]]:
    return (
        range(len(sign_ins)),
        [s.user_id for s in sign_ins],
        [s.checked for s in sign_ins],
        [s.anew for s in sign_ins],
    )


async def _taken(_connection: "Connection", refused: Sequence[Addition]) -> Sequence[PlatformError]:
    detail = "A user with this e-mail exists already. Choose another e-mail, or use the existing user."
    field = FieldError(field="email", message="belongs to another user: choose another")
    return [AlreadyExists(detail, fields=(field,)) for _ in refused]


async def _unexplained(_connection: "Connection", refused: Sequence[SignIn]) -> Sequence[PlatformError]:
    return [Internal() for _ in refused]  # nothing can refuse a note
