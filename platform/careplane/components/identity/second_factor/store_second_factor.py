"""Where second factors are kept: enrolled, confirmed, removed, and each code of theirs used up, all of it journaled."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from careplane.components.identity.sessions.store_revocations import BUMPED
from careplane.kernel.errors import Aborted, FailedPrecondition, NotFound, PlatformError
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Entry, Journal

if TYPE_CHECKING:
    from datetime import datetime

    from careplane.storage.database import Connection

_OF = "SELECT user_id, secret, active, last_step FROM second_factors WHERE user_id = $1"
# language=postgresql
_ENROL = """
work AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::bytea[], $4::timestamptz[]) AS w(n, user_id, secret, at)
    JOIN fresh USING (n)
), begun AS (
    INSERT INTO second_factors AS f (user_id, secret, created_at) SELECT user_id, secret, at FROM work ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = NULL
    WHERE NOT f.active RETURNING user_id
), applied AS (
    SELECT n FROM work JOIN begun USING (user_id)
)
"""
# Users are locked before their factors, as a removal does it.
# language=postgresql
_CONFIRM = f"""
work AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::bytea[], $4::bigint[], $5::timestamptz[])
        AS w(n, user_id, secret, step, at) JOIN fresh USING (n)
), holders AS (
    SELECT u.id AS user_id FROM users u JOIN work w ON w.user_id = u.id ORDER BY u.id FOR UPDATE OF u
), confirmed AS (
    UPDATE second_factors f SET active = true, last_step = w.step FROM work w JOIN holders h USING (user_id)
    WHERE f.user_id = w.user_id AND f.secret = w.secret AND NOT f.active RETURNING w.n, f.user_id, w.at
), given AS (
    INSERT INTO recovery_codes (user_id, digest)
    SELECT user_id, digest FROM unnest($6::int[], $7::bytea[]) AS c(n, digest) JOIN confirmed USING (n)
), bumped AS (
    UPDATE users u SET epoch = u.epoch + 1 FROM confirmed c WHERE u.id = c.user_id
    RETURNING u.id AS user_id, u.epoch, c.at
), {BUMPED}, applied AS (
    SELECT n FROM confirmed
)
"""  # noqa: S608 - constants
# A step is taken only if it is later than the last one that was: a code is good once, whoever hurries.
# language=postgresql
_USE = """
work AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::bytea[], $4::bigint[], $5::bytea[])
        AS w(n, user_id, secret, step, digest) JOIN fresh USING (n)
), stepped AS (
    UPDATE second_factors f SET last_step = w.step FROM work w
    WHERE w.step IS NOT NULL AND f.user_id = w.user_id AND f.active AND f.secret = w.secret
      AND (f.last_step IS NULL OR f.last_step < w.step) RETURNING w.n
), used AS (
    DELETE FROM recovery_codes r USING work w, second_factors f
    WHERE r.user_id = w.user_id AND r.digest = w.digest AND f.user_id = w.user_id AND f.active RETURNING w.n
), applied AS (
    SELECT n FROM stepped UNION ALL SELECT n FROM used
)
"""
# The user is locked, so that a password which needs the factor is not set meanwhile.
# language=postgresql
_REMOVE = f"""
work AS (
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::timestamptz[]) AS w(n, user_id, at) JOIN fresh USING (n)
), holders AS (
    SELECT u.id AS user_id FROM users u JOIN work w ON w.user_id = u.id WHERE NOT u.short_password
    ORDER BY u.id FOR UPDATE OF u
), removed AS (
    DELETE FROM second_factors f USING holders h WHERE f.user_id = h.user_id RETURNING f.user_id, f.active
), bumped AS (
    UPDATE users u SET epoch = u.epoch + 1
    FROM (SELECT user_id, max(at) AS at FROM work JOIN removed USING (user_id) WHERE active GROUP BY user_id) r
    WHERE u.id = r.user_id RETURNING u.id AS user_id, u.epoch, r.at
), {BUMPED}, applied AS (
    SELECT n FROM work JOIN removed USING (user_id)
)
"""  # noqa: S608 - constants


class Factor(msgspec.Struct, frozen=True):
    """A user's second factor: its secret as it is kept, whether it is asked for, and the last step that was used."""

    user_id: UUID
    secret: bytes
    active: bool
    last_step: int | None


class Enrolment(msgspec.Struct, frozen=True):
    """A second factor to begin with, in place of one that was never confirmed."""

    user_id: UUID
    secret: bytes
    at: "datetime"
    entry: Entry


class Confirmation(msgspec.Struct, frozen=True):
    """A second factor to ask for from now on, and the digests of its recovery codes; its user's sessions end."""

    factor: Factor
    step: int
    digests: tuple[bytes, ...]
    at: "datetime"
    entry: Entry


class Use(msgspec.Struct, frozen=True):
    """A code to use up: the step it belongs to, or a recovery code's digest."""

    factor: Factor
    step: int | None
    digest: bytes | None
    entry: Entry


class Removal(msgspec.Struct, frozen=True):
    """A second factor to do away with; if it was asked for its user's sessions end."""

    user_id: UUID
    at: "datetime"
    entry: Entry


class SecondFactorStore:
    """The second factors of one database."""

    def __init__(self, database: Database) -> None:
        """Keep them in the component's schema of `database`."""
        self._database = database
        enrolments = Journal[Enrolment](database, _ENROL, _enrolment_arrays, _enrolled_already, width=4)
        confirmations = Journal[Confirmation](database, _CONFIRM, _confirmation_arrays, _overtaken, width=7)
        uses = Journal[Use](database, _USE, _use_arrays, _overtaken, width=5)
        removals = Journal[Removal](database, _REMOVE, _removal_arrays, _not_removed, width=3)
        self._enrolments: GroupCommit[Enrolment, Applied] = GroupCommit(enrolments.flush)
        self._confirmations: GroupCommit[Confirmation, Applied] = GroupCommit(confirmations.flush)
        self._uses: GroupCommit[Use, Applied] = GroupCommit(uses.flush)
        self._removals: GroupCommit[Removal, Applied] = GroupCommit(removals.flush)

    @property
    def commits(self) -> Mapping[str, GroupCommit[Any, Any]]:
        """The group commits, by the name of what they write."""
        return {
            "second_factor_enrolments": self._enrolments,
            "second_factor_confirmations": self._confirmations,
            "second_factor_codes": self._uses,
            "second_factor_removals": self._removals,
        }

    async def of(self, user_id: UUID) -> Factor | None:
        """Return a user's second factor, if there is one."""
        row = await self._database.fetch_row(_OF, user_id)
        return None if row is None else msgspec.convert(dict(row), Factor)

    async def enrol(self, enrolment: Enrolment) -> None:
        """Keep a factor that is not asked for yet; raise FailedPrecondition where there is one that is."""
        await self._enrolments.submit(enrolment)

    async def confirm(self, confirmation: Confirmation) -> None:
        """Ask for the factor from now on; raise Aborted where it has changed meanwhile."""
        await self._confirmations.submit(confirmation)

    async def use(self, use: Use) -> bool:
        """Use a code up; return whether it was there to be used."""
        try:
            await self._uses.submit(use)
        except Aborted:
            return False
        return True

    async def remove(self, removal: Removal) -> None:
        """Do away with a factor; raise FailedPrecondition where the password is too short to stand alone."""
        await self._removals.submit(removal)


def _enrolment_arrays(enrolments: Sequence[Enrolment]) -> Sequence[Sequence[object]]:
    return (
        range(len(enrolments)),
        [e.user_id for e in enrolments],
        [e.secret for e in enrolments],
        [e.at for e in enrolments],
    )


def _confirmation_arrays(confirmations: Sequence[Confirmation]) -> Sequence[Sequence[object]]:
    codes = [(n, digest) for n, c in enumerate(confirmations) for digest in c.digests]
    return (
        range(len(confirmations)),
        [c.factor.user_id for c in confirmations],
        [c.factor.secret for c in confirmations],
        [c.step for c in confirmations],
        [c.at for c in confirmations],
        [n for n, _ in codes],
        [digest for _, digest in codes],
    )


def _use_arrays(uses: Sequence[Use]) -> Sequence[Sequence[object]]:
    return (
        range(len(uses)),
        [u.factor.user_id for u in uses],
        [u.factor.secret for u in uses],
        [u.step for u in uses],
        [u.digest for u in uses],
    )


def _removal_arrays(removals: Sequence[Removal]) -> Sequence[Sequence[object]]:
    return range(len(removals)), [r.user_id for r in removals], [r.at for r in removals]


async def _enrolled_already(_connection: "Connection", refused: Sequence[Enrolment]) -> Sequence[PlatformError]:
    return [enrolled_already() for _ in refused]


def enrolled_already() -> FailedPrecondition:
    """Return the error for a second factor where there is one."""
    return FailedPrecondition("There is a second factor already. Remove it first to set up another one.")


async def _overtaken(
    _connection: "Connection", refused: Sequence[Confirmation] | Sequence[Use]
) -> Sequence[PlatformError]:
    return [Aborted() for _ in refused]


async def _not_removed(connection: "Connection", refused: Sequence[Removal]) -> Sequence[PlatformError]:
    statement = "SELECT id FROM users WHERE id = ANY($1) AND short_password"
    rows = await connection.fetch(statement, [r.user_id for r in refused])
    short = {row["id"] for row in rows}
    return [password_too_short() if r.user_id in short else no_factor() for r in refused]


def password_too_short() -> FailedPrecondition:
    """Return the error for a password that is long enough only together with a second factor."""
    return FailedPrecondition(
        "The password is too short to stand alone. Set one of 15 characters or more first, then remove the factor."
    )


def no_factor() -> NotFound:
    """Return the error for a second factor that is not there."""
    return NotFound("This user has no second factor.")
