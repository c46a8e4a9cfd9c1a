"""Where revocations are kept: written with what they are the consequence of, and followed by those who verify tokens.

A statement that changes what a user may do, or how they sign in, calls the user's tokens back itself, in the same
transaction. It needs a CTE `bumped (user_id, epoch, at)` with a row for each user whose epoch it has moved on, and then
`BUMPED`, for instance:

    changed AS (
        UPDATE users u SET disabled = true, epoch = u.epoch + 1 FROM work w WHERE u.id = w.id
        RETURNING u.id, u.epoch, w.at
    ), bumped AS (
        SELECT id AS user_id, epoch, at FROM changed
    ), {BUMPED}, applied AS (...)

Moving the epoch on is what counts: a session goes no further than its user's epoch, also one that begins meanwhile.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from careplane.components.identity.sessions.messages_sessions import Revocation
from careplane.components.identity.signing.tokens import LEEWAY_MAX_SECONDS, LIFETIME_MAX_SECONDS
from careplane.kernel.errors import NotFound, PlatformError
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Entry, Journal

if TYPE_CHECKING:
    from careplane.storage.database import Connection

_LONGEST: Final = f"interval '{LIFETIME_MAX_SECONDS + LEEWAY_MAX_SECONDS} seconds'"
LEEWAY: Final = f"interval '{LEEWAY_MAX_SECONDS} seconds'"
"""For how long an access token may still be believed after its time, in SQL."""

# language=postgresql
BUMPED: Final = f"""
bumped_ended AS (
    UPDATE sessions s SET ended_at = b.at FROM bumped b WHERE s.user_id = b.user_id AND s.ended_at IS NULL
), bumped_revoked AS (
    INSERT INTO revocations (kind, subject, epoch, expires_at)
    SELECT 'user', user_id, epoch, at + {_LONGEST} FROM bumped ORDER BY user_id
)
""".strip()  # noqa: S608 - constants
"""Two CTEs that end the sessions of the users in `bumped` and call their access tokens back."""

# Each piece of work names a user, a role or a session; a session may have to be a certain user's.
# language=postgresql
_REVOKE = f"""
work AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::timestamptz[])
        AS w(n, user_id, role, session_id, owner, at) JOIN fresh USING (n)
), hit AS (
    SELECT w.n, u.id, w.at FROM work w JOIN users u ON u.id = w.user_id
    UNION SELECT w.n, u.id, w.at FROM work w
    CROSS JOIN LATERAL (SELECT id FROM users WHERE w.role = ANY (roles) OFFSET 0) u WHERE w.role IS NOT NULL
), moved AS (
    UPDATE users u SET epoch = u.epoch + 1 FROM (SELECT id, max(at) AS at FROM hit GROUP BY id) h WHERE u.id = h.id
    RETURNING u.id, u.epoch, h.at
), bumped AS (
    SELECT id AS user_id, epoch, at FROM moved
), {BUMPED}, named AS (
    SELECT w.n, s.id, w.at FROM work w
    JOIN sessions s ON s.id = w.session_id AND s.user_id = coalesce(w.owner, s.user_id)
), ended AS (
    UPDATE sessions s SET ended_at = n.at FROM named n WHERE s.id = n.id AND s.ended_at IS NULL
    RETURNING s.id, s.tokens_until
), revoked AS (
    INSERT INTO revocations (kind, subject, expires_at) SELECT 'session', id, tokens_until + {LEEWAY} FROM ended
), applied AS (
    SELECT n FROM hit UNION SELECT n FROM named
)
"""  # noqa: S608 - constants

# A transaction that this snapshot does not see has an id at or after the snapshot's xmin: whoever asks again from there
# on misses nothing, and gets some rows once more. A server that was started anew, or another one, counts otherwise.
# language=postgresql
_FOLLOW = """
WITH place AS (
    SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint AS boot,
           pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon
)
SELECT p.boot, p.horizon, r.* FROM place p LEFT JOIN LATERAL (
    SELECT id, kind, subject, epoch, extract(epoch FROM expires_at)::bigint AS until FROM revocations
    WHERE xid >= (CASE WHEN p.boot = $1::bigint THEN $2::bigint ELSE 0 END)::text::xid8
    AND id > CASE WHEN p.boot = $1::bigint THEN $3::bigint ELSE 0 END AND expires_at > $4
    ORDER BY id LIMIT $5
) r ON true ORDER BY r.id
"""
_FORGET = """
WITH old AS (SELECT id FROM revocations WHERE expires_at < $1 LIMIT $2),
gone AS (DELETE FROM revocations WHERE id IN (SELECT id FROM old) RETURNING 1)
SELECT count(*) AS forgotten FROM gone
"""
AT_ONCE: Final = 5000


class Place(msgspec.Struct, frozen=True):
    """How far somebody has followed: the server's start, the transaction to go on from, and a page left half-way."""

    boot: int = 0
    xid: int = 0
    horizon: int = 0
    after: int = 0


class Recall(msgspec.Struct, frozen=True):
    """Tokens to call back: of a user, of those with a role, or of a session, which must be the `owner`'s if set."""

    entry: Entry
    at: datetime
    user_id: UUID | None = None
    role: str | None = None
    session_id: UUID | None = None
    owner: UUID | None = None


class RevocationStore:
    """The revocations of one database."""

    def __init__(self, database: Database) -> None:
        """Keep them in the component's schema of `database`."""
        self._database = database
        journal = Journal[Recall](database, _REVOKE, _arrays, _nobody, width=6)
        self._recalls: GroupCommit[Recall, Applied] = GroupCommit(journal.flush)

    @property
    def commits(self) -> Mapping[str, GroupCommit[Any, Any]]:
        """The group commits, by the name of what they write."""
        return {"recalls": self._recalls}

    async def revoke(self, recall: Recall) -> Applied:
        """Call tokens back; raise NotFound where there is no such user or session, or nobody with that role."""
        return await self._recalls.submit(recall)

    async def follow(self, since: Place, now: datetime, limit: int = AT_ONCE) -> tuple[list[Revocation], Place, bool]:
        """Return what was called back since `since` and still counts, the place to go on from, and if there is more."""
        rows = await self._database.fetch(_FOLLOW, since.boot, since.xid, since.after, now, limit)
        boot, horizon = rows[0]["boot"], rows[0]["horizon"]
        found = [row for row in rows if row["id"] is not None]
        revocations = [Revocation(r["kind"], str(r["subject"]), r["epoch"], r["until"]) for r in found]
        begun = since.boot == boot
        first = since.horizon if begun and since.after else horizon
        if len(found) == limit:
            return revocations, Place(boot, since.xid if begun else 0, first, found[-1]["id"]), True
        return revocations, Place(boot, first), False

    async def forget(self, now: datetime) -> bool:
        """Drop a few thousand of what no token can be alive of; return whether there may be more."""
        row = await self._database.fetch_row(_FORGET, now, AT_ONCE)
        return bool(row["forgotten"] == AT_ONCE)


def _arrays(recalls: Sequence[Recall]) -> Sequence[Sequence[object]]:
    return (
        range(len(recalls)),
        [r.user_id for r in recalls],
        [r.role for r in recalls],
        [r.session_id for r in recalls],
        [r.owner for r in recalls],
        [r.at for r in recalls],
    )


async def _nobody(_connection: "Connection", refused: Sequence[Recall]) -> Sequence[PlatformError]:
    return [
        NotFound("Nobody has this role, so nothing was called back. Check the role's name.")
        if recall.role
        else NotFound("There is no such user or session, so nothing was called back. Check the id.")
        for recall in refused
    ]
