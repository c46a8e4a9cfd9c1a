"""Where sessions are kept: begun by a sign-in, kept going by refresh tokens that are good once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from careplane.components.identity.sessions.store_revocations import AT_ONCE, LEEWAY
from careplane.kernel.errors import PlatformError, Unauthenticated
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Entry, Journal

if TYPE_CHECKING:
    from careplane.storage.database import Connection

# A hash is made anew only in place of the one that was checked: a password changed meanwhile stays changed.
# language=postgresql
_BEGIN = """
work AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::int[], $5::bytea[], $6::timestamptz[],
                         $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[])
        AS w(n, id, user_id, epoch, digest, at, idle_until, expires_at, tokens_until, checked, anew)
    JOIN fresh USING (n)
), begun AS (
    INSERT INTO sessions (id, user_id, epoch, current, begun_at, idle_until, expires_at, tokens_until)
    SELECT w.id, u.id, w.epoch, w.digest, w.at, w.idle_until, w.expires_at, w.tokens_until
    FROM work w JOIN users u ON u.id = w.user_id AND u.epoch = w.epoch AND NOT u.disabled
    RETURNING id
), first AS (
    INSERT INTO refresh_tokens (digest, session_id)
    SELECT w.digest, w.id FROM work w JOIN begun USING (id) WHERE w.digest IS NOT NULL
), rehashed AS (
    UPDATE users u SET password_hash = w.anew FROM work w JOIN begun USING (id)
    WHERE w.anew IS NOT NULL AND u.id = w.user_id AND u.password_hash = w.checked
), applied AS (
    SELECT n FROM work JOIN begun USING (id)
)
"""

_FIND = """
SELECT s.id, s.user_id, s.expires_at, u.roles, u.epoch FROM refresh_tokens t
JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id WHERE t.digest = $1
"""

# One row decides, the session's: it is turned if it still waits for this very token, and ended if it waits for another,
# for then the token has been used. Two at once wait for each other at that row, and the second finds it turned. Of two
# that come in one batch one has been used, so both are refused. What was not turned is audited here, as what it was.
# language=postgresql
_TURN = f"""
work AS (
    SELECT *, count(*) OVER (PARTITION BY id) = 1 AS alone
    FROM unnest($1::int[], $2::uuid[], $3::int[], $4::bytea[], $5::bytea[], $6::timestamptz[], $7::timestamptz[],
                $8::timestamptz[]) AS w(n, id, epoch, digest, successor, at, idle_until, tokens_until)
    JOIN fresh USING (n)
), met AS (
    UPDATE sessions s SET
        current = CASE WHEN w.alone AND s.current = w.digest THEN w.successor ELSE s.current END,
        idle_until = CASE WHEN w.alone AND s.current = w.digest THEN w.idle_until ELSE s.idle_until END,
        tokens_until = CASE WHEN w.alone AND s.current = w.digest
                            THEN greatest(s.tokens_until, w.tokens_until) ELSE s.tokens_until END,
        ended_at = CASE WHEN w.alone AND s.current = w.digest THEN NULL ELSE w.at END
    FROM work w, users u
    WHERE s.id = w.id AND u.id = s.user_id AND s.ended_at IS NULL AND (
        NOT w.alone OR s.current IS DISTINCT FROM w.digest
        OR (w.at < least(s.idle_until, s.expires_at) AND s.epoch = u.epoch AND w.epoch = u.epoch AND NOT u.disabled)
    )
    RETURNING w.n, s.id, w.successor, s.ended_at IS NULL AS turned, s.tokens_until
), kept AS (
    INSERT INTO refresh_tokens (digest, session_id) SELECT successor, id FROM met WHERE turned
), revoked AS (
    INSERT INTO revocations (kind, subject, expires_at)
    SELECT 'session', id, tokens_until + {LEEWAY} FROM met WHERE NOT turned
), noted_refusals AS (
    INSERT INTO audit (caller, action, subject, request_id, trace_id, detail)
    SELECT 'anonymous', e.action, e.subject, e.request_id, e.trace_id, jsonb_build_object(
        'outcome', CASE WHEN met.id IS NULL THEN 'refused' ELSE 'used twice: session ended' END, 'session', w.id
    ) FROM work w JOIN entry e USING (n) LEFT JOIN met USING (id) WHERE met.turned IS NOT TRUE ORDER BY w.n
), applied AS (
    SELECT n FROM met WHERE turned
)
"""  # noqa: S608 - constants

_FORGET = """
WITH old AS (SELECT id FROM sessions WHERE greatest(expires_at, tokens_until) < $1 LIMIT $2),
gone AS (DELETE FROM sessions WHERE id IN (SELECT id FROM old) RETURNING 1)
SELECT count(*) AS forgotten FROM gone
"""
OVER: Final = "The refresh token is not valid, or not any longer. Sign in again."


class Beginning(msgspec.Struct, frozen=True):
    """A session to begin, if the user is still at that epoch; where `anew` is set it replaces the hash `checked`."""

    entry: Entry
    id: UUID
    user_id: UUID
    epoch: int
    digest: bytes | None
    at: datetime
    idle_until: datetime
    expires_at: datetime
    tokens_until: datetime
    checked: str | None = None
    anew: str | None = None


class Turn(msgspec.Struct, frozen=True):
    """A session to go on with: the refresh token with that digest is used, and its successor takes its place."""

    entry: Entry
    id: UUID
    epoch: int
    digest: bytes
    successor: bytes
    at: datetime
    idle_until: datetime
    tokens_until: datetime


class Found(msgspec.Struct, frozen=True):
    """The session that a refresh token is, or was, of; and what its user may do now."""

    id: UUID
    user_id: UUID
    expires_at: datetime
    roles: tuple[str, ...]
    epoch: int


class SessionStore:
    """The sessions of one database."""

    def __init__(self, database: Database) -> None:
        """Keep them in the component's schema of `database`."""
        self._database = database
        begins = Journal[Beginning](database, _BEGIN, _fields_of(Beginning), _over, width=11)
        turns = Journal[Turn](database, _TURN, _fields_of(Turn), _over, width=8)
        self._begins: GroupCommit[Beginning, Applied] = GroupCommit(begins.flush)
        self._turns: GroupCommit[Turn, Applied] = GroupCommit(turns.flush)
        self.unknown = 0.0
        """How many refresh tokens came that nobody knows."""

    @property
    def commits(self) -> Mapping[str, GroupCommit[Any, Any]]:
        """The group commits, by the name of what they write."""
        return {"sessions": self._begins, "refreshes": self._turns}

    async def begin(self, beginning: Beginning) -> None:
        """Begin a session; raise Unauthenticated if the user has been called back, or disabled, in the meantime."""
        await self._begins.submit(beginning)

    async def by_refresh_token(self, digest: bytes) -> Found | None:
        """Return the session that the refresh token with that digest is, or was, of; count those of none."""
        row = await self._database.fetch_row(_FIND, digest)
        if row is None:
            self.unknown += 1
            return None
        return msgspec.convert({**row, "roles": tuple(row["roles"])}, Found)

    async def turn(self, turn: Turn) -> None:
        """Go on with a session; raise Unauthenticated if it is over, which a token that comes again makes it."""
        await self._turns.submit(turn)

    async def forget(self, now: datetime) -> bool:
        """Drop a few thousand sessions that have been over for long; return whether there may be more."""
        row = await self._database.fetch_row(_FORGET, now, AT_ONCE)
        return bool(row["forgotten"] == AT_ONCE)


def _fields_of(kind: type[msgspec.Struct]) -> Any:  # noqa: ANN401 - a function of a sequence of that kind
    """Return what makes arrays of pieces of work: their places, and each field but the entry."""
    names = [name for name in kind.__struct_fields__ if name != "entry"]
    return lambda works: (range(len(works)), *([getattr(work, name) for work in works] for name in names))


async def _over(_connection: "Connection", refused: Sequence[Any]) -> Sequence[PlatformError]:
    return [Unauthenticated(OVER) for _ in refused]
