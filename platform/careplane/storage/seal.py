"""The sealer of the audit: committed rows go into blocks, and each block's hash covers the one before it.

It takes rows up to the horizon of running transactions, as the outbox relay does and for the same reason, so that every
row is sealed exactly once. PostgreSQL does the hashing; nobody waits for it.
"""

import asyncio
import hashlib
from contextlib import suppress
from typing import Any

import msgspec

from careplane.storage.database import Database

EVERY_SECONDS = 1.0
FINISH_SECONDS = 1.0
BLOCK = 4096
DIGEST_BYTES = 8
"""How much of each row's digest a block keeps, to name the row that no longer fits."""

# A row's canonical text holds every column but xid, which is not evidence: it changes when a backup is restored. It
# depends on no setting of the session, and tells an absent detail from a null. An infinite time has one as well: a row
# without would keep all that come after it from being sealed.
CANONICAL = """jsonb_build_array(id, trunc(extract(epoch FROM at) * 1000000), caller, action, subject, request_id,
    trace_id, detail::text)::text"""

# xid 1 stands for what was sealed on another server, in whatever order: all of it is behind. See restored.py.
_HEAD = """
SELECT seq, hash, xid, CASE WHEN xid = '1' THEN 9223372036854775807 ELSE row_ids[cardinality(row_ids)] END AS id
FROM audit_seal ORDER BY seq DESC LIMIT 1
"""
# language=postgresql
WITH_HEAD = f"""
WITH head AS (
    ({_HEAD}) UNION ALL SELECT 0, $1::bytea, '1'::xid8, 9223372036854775807 ORDER BY seq DESC LIMIT 1
)
"""
"""Begins a statement that looks from the head `h` of the chain on; $1 is the hash before the first block."""

READY = "(a.xid, a.id) > (h.xid, h.id) AND a.xid < pg_snapshot_xmin(pg_current_snapshot())"
"""The rows `a` that can be sealed."""

_UNSEALED = f"{WITH_HEAD} SELECT count(*) AS n FROM audit a, head h WHERE (a.xid, a.id) > (h.xid, h.id)"  # noqa: S608
# `ready` and `waits`, the age of the oldest row past the head, are each one look into the index, for they say in which
# order: otherwise the whole table would be read to say no.
# language=postgresql
_LOOK = f"""
{WITH_HEAD}
SELECT h.seq, h.hash, h.xid::text AS xid, h.id,
    (SELECT a.id FROM audit a WHERE {READY} ORDER BY a.xid, a.id LIMIT 1) IS NOT NULL AS ready,
    (SELECT (extract(epoch FROM clock_timestamp()) - extract(epoch FROM a.at))::float8 FROM audit a
     WHERE (a.xid, a.id) > (h.xid, h.id) ORDER BY a.xid, a.id LIMIT 1) AS waits
FROM head h
"""  # noqa: S608 - constants
# Two sealers cannot write one block: the second finds its seq taken, if the lock did not keep it away before that.
# language=postgresql
_SEAL = f"""
WITH taken AS (
    SELECT * FROM audit
    WHERE (xid, id) > ($3::text::xid8, $4::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    AND (SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/audit seal', 0)))
    ORDER BY xid, id LIMIT {{limit}}
), digested AS MATERIALIZED (
    SELECT xid, id, sha256(convert_to({CANONICAL}, 'UTF8')) AS digest FROM taken
), block AS (
    SELECT max(xid) AS xid, array_agg(id ORDER BY xid, id) AS row_ids,
        string_agg(digest, ''::bytea ORDER BY xid, id) AS whole,
        string_agg(substr(digest, 1, {DIGEST_BYTES}), ''::bytea ORDER BY xid, id) AS digests
    FROM digested
)
INSERT INTO audit_seal (seq, at, xid, row_ids, digests, hash)
SELECT $1, now(), xid, row_ids, digests,
    sha256($2::bytea || int8send($1) || int8send((extract(epoch FROM now()) * 1000000)::bigint) || whole)
FROM block WHERE row_ids IS NOT NULL
ON CONFLICT (seq) DO NOTHING
RETURNING cardinality(row_ids)
"""  # noqa: S608 - constants


class Head(msgspec.Struct, frozen=True):
    """The newest block of a chain: its number and its hash, which stand for everything before it."""

    seq: int
    hash: bytes


def genesis(component: str) -> bytes:
    """Return what stands for the hash before the first block: another one for each component."""
    return hashlib.sha256(f"careplane audit of {component}".encode()).digest()


async def unsealed(database: Database, component: str) -> int:
    """Count the committed rows that no block has taken yet."""
    row = await database.fetch_row(_UNSEALED, genesis(component))
    return int(row["n"])


async def head(database: Database) -> Head | None:
    """Return the newest block, or None where nothing has been sealed."""
    row = await database.fetch_row("SELECT seq, hash FROM audit_seal ORDER BY seq DESC LIMIT 1")
    return None if row is None else Head(row["seq"], row["hash"])


class Sealer:
    """Seals the audit of one component; drive it with a Pump whose step is `step`, and `finish` when that stopped.

    `head` is the newest block that it has seen, whichever process sealed it, and `waits` says for how many seconds the
    oldest row has waited to be sealed.
    """

    def __init__(self, database: Database, component: str, *, limit: int = BLOCK) -> None:
        """Seal at most `limit` rows in a block."""
        self._database = database
        self._genesis = genesis(component)
        # Written into the statement: for a limit that it does not know the planner may read and sort the whole table.
        self._seal = _SEAL.format(limit=int(limit))
        self._limit = limit
        self._rest = False
        self.waits = 0.0
        self.head: Head | None = None

    async def step(self) -> bool:
        """Seal one block, unless another process does, and return whether there is enough for another one."""
        found: Any = await self._database.fetch_row(_LOOK, self._genesis)
        self._rest = found["waits"] is not None
        self.waits = max(found["waits"] or 0.0, 0.0)
        self.head = Head(found["seq"], found["hash"]) if found["seq"] else None
        if not found["ready"]:
            return False
        place = (found["seq"] + 1, found["hash"], found["xid"], found["id"])
        sealed = await self._database.fetch_row(self._seal, *place)
        return sealed is not None and sealed[0] == self._limit

    async def finish(self, within: float = FINISH_SECONDS) -> None:
        """Seal what is there, and wait `within` seconds at most for older transactions that hide some of it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while await self.step() or self._rest:  # noqa: ASYNC110 - nobody tells when a transaction ends
                    await asyncio.sleep(0.01)
