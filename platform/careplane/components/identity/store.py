"""Where users are kept: a table of them, each change and each sign-in journaled."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from careplane.components.identity.domain import User
from careplane.kernel.contract import Method
from careplane.kernel.errors import AlreadyExists, FieldError, PlatformError
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Bare, Entry, Journal, bare_journal
from careplane.storage.reads import AuditedReads

if TYPE_CHECKING:
    from careplane.storage.database import Connection

COLUMNS = """
id, kind, COALESCE(email, '') AS email, COALESCE(password_hash, '') AS password_hash, COALESCE(name, '') AS name,
secret_digest, roles, disabled, version, epoch, created_at, updated_at
"""
"""What `user_of` makes a user from."""

# A row is found and read either way, so that the time does not tell whether there is such a user: nobody comes second.
# language=postgresql
_BY_EMAIL = f"""
SELECT * FROM (
    SELECT 1 AS place, {COLUMNS} FROM users WHERE email_key = $1
    UNION ALL
    SELECT 2, '00000000-0000-0000-0000-000000000000', 'person', 'nobody@example.invalid', repeat('-', 97), '', NULL,
        ARRAY['analyst'], true, 1, 0, now(), now()
) found ORDER BY place LIMIT 1
"""  # noqa: S608 - a constant
# language=postgresql
_PAGE = f"""
SELECT asked.n, u.* FROM unnest($1::int[], $2::uuid[], $3::int[], $4::text[]) AS asked(n, after, most, wanted)
CROSS JOIN LATERAL (
    SELECT {COLUMNS} FROM users WHERE id > asked.after AND (asked.wanted IS NULL OR email_key = asked.wanted)
    ORDER BY id LIMIT asked.most
) u
ORDER BY asked.n, u.id
"""  # noqa: S608 - a constant
_FIRST = _NOBODY = UUID(int=0)

_Page = tuple[UUID, int, str | None]

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


class Addition(msgspec.Struct, frozen=True):
    """A user to add."""

    user: User
    email_key: str
    entry: Entry


class UserStore:
    """The users of one database."""

    def __init__(self, database: Database) -> None:
        """Keep users in the component's schema of `database`."""
        self._database = database
        adds = Journal[Addition](database, _ADD, _addition_arrays, _taken, width=7)
        self._adds: GroupCommit[Addition, Applied] = GroupCommit(adds.flush)
        self._sign_ins: GroupCommit[Bare, Applied] = GroupCommit(bare_journal(database).flush)
        self._pages = AuditedReads[_Page, Sequence[User]](database, _PAGE, _page_arrays, _users, width=4)

    @property
    def commits(self) -> Mapping[str, GroupCommit[Any, Any]]:
        """The group commits, by the name of what they write."""
        return {"users": self._adds, "sign_ins": self._sign_ins, "user_pages": self._pages.commit}

    async def by_email(self, email_key: str) -> User | None:
        """Return the user with that e-mail, if there is one."""
        user = user_of(await self._database.fetch_row(_BY_EMAIL, email_key))
        return None if user.id == _NOBODY else user

    async def page(
        self, method: Method, limit: int, after: UUID | None, email_key: str | None = None
    ) -> Sequence[User]:
        """Return at most `limit` users (who has that e-mail) added after the user `after`, audited as `method`."""
        return await self._pages.read(method, (after or _FIRST, limit, email_key))

    async def add(self, addition: Addition) -> Applied:
        """Add a user; raise AlreadyExists when the e-mail, or the id, is taken."""
        return await self._adds.submit(addition)

    async def note_sign_in(self, entry: Entry) -> None:
        """Make the audit row of a sign-in that comes to nothing, or is not complete yet, durable."""
        await self._sign_ins.submit(Bare(entry))


def user_of(row: Any) -> User:  # noqa: ANN401 - a record
    """Return the user that a row of the `COLUMNS` holds."""
    return msgspec.convert({**row, "roles": tuple(row["roles"])}, User)


def _users(rows: Sequence[Any]) -> Sequence[User]:
    return [user_of(row) for row in rows]


def _page_arrays(pages: Sequence[_Page]) -> Sequence[Sequence[object]]:
    return (range(len(pages)), *([page[part] for page in pages] for part in range(3)))


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


async def _taken(_connection: "Connection", refused: Sequence[Addition]) -> Sequence[PlatformError]:
    return [email_taken() for _ in refused]


def email_taken() -> AlreadyExists:
    """Return the error for an e-mail that another user has."""
    detail = "A user with this e-mail exists already. Choose another e-mail, or use the existing user."
    field = FieldError(field="email", message="belongs to another user: choose another")
    return AlreadyExists(detail, fields=(field,))
