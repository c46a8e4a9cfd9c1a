"""Where tries are counted: each bucket is one row, taken from in one statement, so that nobody overdraws by hurrying.

A bucket is the instant at which it is full again. Rows are locked in one order everywhere (known, address, account,
last), so that two tries never wait for each other.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from careplane.storage.database import Database

_SWEPT_AT_ONCE = 5000


def _taking(kind: str, first: int, source: str) -> str:
    """Return the CTE that takes from a bucket: its key, interval and room are $`first` and the two that follow."""
    key, every, room = f"${first}::bytea", f"${first + 1}::interval", f"${first + 2}::timestamptz"
    return f"""{kind} AS (
    INSERT INTO guess_buckets AS b (key, kind, full_at) SELECT {key}, '{kind}', $1::timestamptz + {every} {source}
    ON CONFLICT (key) DO UPDATE SET full_at = greatest(b.full_at, $1) + {every} WHERE greatest(b.full_at, $1) <= {room}
    RETURNING full_at
)"""


# An address whose try would be of no use, because the account has none for it, keeps it.
# language=postgresql
_USEFUL = """
WHERE NOT EXISTS (SELECT FROM device) AND NOT (
    EXISTS (SELECT FROM guess_buckets WHERE key = $10 AND full_at > $12)
    AND EXISTS (SELECT FROM guess_buckets WHERE key = $13 AND full_at > $15)
)"""
_TAKE = f"""
WITH device AS (SELECT FROM known_devices WHERE device = $2 AND seen_at > $3),
{_taking("known", 4, "FROM device")},
{_taking("address", 7, _USEFUL)},
{_taking("account", 10, "FROM address")},
{_taking("last", 13, "FROM address WHERE NOT EXISTS (SELECT FROM account)")}
SELECT EXISTS (SELECT FROM device) AS is_known, EXISTS (SELECT FROM known) AS known,
    EXISTS (SELECT FROM address) AS address, (SELECT full_at FROM account) AS account,
    EXISTS (SELECT FROM last) AS last
"""  # noqa: S608 - constants
_TAKE_ONE = f"WITH {_taking('{kind}', 2, '')} SELECT full_at FROM {{kind}}"  # noqa: S608 - constants
_FULL_AT = "SELECT key, full_at FROM guess_buckets WHERE key = ANY($1::bytea[])"
# language=postgresql
_GIVE_BACK = """
WITH mine AS (
    SELECT b.key, w.every FROM unnest($1::bytea[], $2::interval[]) WITH ORDINALITY AS w(key, every, place)
    JOIN guess_buckets b USING (key) ORDER BY w.place FOR UPDATE OF b
), given AS (
    UPDATE guess_buckets b SET full_at = b.full_at - mine.every FROM mine WHERE b.key = mine.key
)
INSERT INTO known_devices AS k (device, seen_at) SELECT $3::bytea, $4::timestamptz WHERE $3 IS NOT NULL
ON CONFLICT (device) DO UPDATE SET seen_at = greatest(k.seen_at, excluded.seen_at)
"""
_REFILL = "DELETE FROM guess_buckets WHERE key = $1"
# language=postgresql
_SWEEP = """
WITH full_again AS (
    SELECT key FROM guess_buckets WHERE full_at < $1 LIMIT $4 FOR UPDATE SKIP LOCKED
), emptied AS (
    DELETE FROM guess_buckets WHERE key IN (SELECT key FROM full_again) RETURNING 1
), stale AS (
    SELECT device FROM known_devices WHERE seen_at < $2 LIMIT $4 FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM known_devices WHERE device IN (SELECT device FROM stale) RETURNING 1
)
SELECT greatest((SELECT count(*) FROM emptied), (SELECT count(*) FROM forgotten)) AS most,
    (SELECT count(*) FROM guess_buckets WHERE kind = 'account' AND full_at > $3) AS exhausted
"""


class Bucket(msgspec.Struct, frozen=True):
    """A bucket that is asked for a try: one more comes `every` so often, and there is one if full by `room`."""

    key: bytes
    every: timedelta
    room: datetime


class Asking(msgspec.Struct, frozen=True):
    """Somebody who asks for a try: known if the `device` was seen after `since`; and the buckets that there are."""

    device: bytes
    since: datetime
    known: Bucket
    address: Bucket
    account: Bucket
    last: Bucket


class Taken(msgspec.Struct, frozen=True):
    """The buckets that a try was taken from: none where it was refused, and then how long to wait."""

    buckets: tuple[Bucket, ...]
    known: bool
    emptied: bool = False
    wait: timedelta = timedelta()


class Swept(msgspec.Struct, frozen=True):
    """Whether there may be more to sweep, and how many accounts strangers have no tries left at."""

    more: bool
    exhausted: int


class GuessStore:
    """The buckets of one database, which all replicas share."""

    def __init__(self, database: Database) -> None:
        """Count in the component's schema of `database`."""
        self._database = database

    async def key(self) -> bytes:
        """Return the key of the hashes that the rows are found by."""
        row = await self._database.fetch_row("SELECT key FROM guess_key")
        return bytes(row["key"])

    async def take(self, asking: Asking, now: datetime) -> Taken:
        """Take a try from the buckets that are theirs to use."""
        buckets = [asking.known, asking.address, asking.account, asking.last]
        arguments = [value for b in buckets for value in (b.key, b.every, b.room)]
        row = await self._database.fetch_row(_TAKE, now, asking.device, asking.since, *arguments)
        by_account = row["account"] is not None
        used = [row["known"], by_account or row["last"], by_account, row["last"]]
        taken = tuple(bucket for bucket, is_used in zip(buckets, used, strict=True) if is_used)
        if not taken:
            return Taken((), row["is_known"], wait=await self._wait(asking, now, known=row["is_known"]))
        emptied = by_account and row["account"] > asking.account.room
        return Taken(taken, row["is_known"], emptied)

    async def take_one(self, bucket: Bucket, kind: str, now: datetime) -> timedelta | None:
        """Take from a bucket that stands alone, or return how long to wait."""
        statement = _TAKE_ONE.format(kind=kind)
        if await self._database.fetch_row(statement, now, bucket.key, bucket.every, bucket.room) is not None:
            return None
        return (await self._waits([bucket], now))[0]

    async def give_back(
        self, buckets: Sequence[Bucket], device: bytes | None = None, seen_at: datetime | None = None
    ) -> None:
        """Give a try back to each of the buckets, and remember the device if one is given."""
        keys, every = [b.key for b in buckets], [b.every for b in buckets]
        await self._database.execute(_GIVE_BACK, keys, every, device, seen_at)

    async def refill(self, key: bytes) -> None:
        """Make a bucket full."""
        await self._database.execute(_REFILL, key)

    async def sweep(self, now: datetime, known_since: datetime, empty: datetime) -> Swept:
        """Delete a few thousand full buckets and devices not seen for long; count the accounts with no tries."""
        row = await self._database.fetch_row(_SWEEP, now, known_since, empty, _SWEPT_AT_ONCE)
        return Swept(row["most"] == _SWEPT_AT_ONCE, row["exhausted"])

    async def _wait(self, asking: Asking, now: datetime, *, known: bool) -> timedelta:
        if known:
            return (await self._waits([asking.known], now))[0]
        address, account, last = await self._waits([asking.address, asking.account, asking.last], now)
        return max(address, min(account, last))

    async def _waits(self, buckets: Sequence[Bucket], now: datetime) -> list[timedelta]:
        rows: Sequence[Any] = await self._database.fetch(_FULL_AT, [b.key for b in buckets])
        full_at = {bytes(row["key"]): row["full_at"] for row in rows}
        return [max(full_at.get(b.key, now) - b.room, timedelta()) for b in buckets]
