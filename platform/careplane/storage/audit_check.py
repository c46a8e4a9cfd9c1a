"""Checking the audit of one component: every row and every block is computed again, and compared with what is stored.

The chain shows what was altered, deleted, reordered or put in behind its back. That its tail was cut off, or all of it
computed anew, only anchors can show: heads that were noted outside of the database.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import msgspec

from careplane.storage.audit_blocks import (
    Block,
    Damaged,
    Finding,
    Link,
    Row,
    block_of,
    check_block,
    check_times,
    missing_blocks,
)
from careplane.storage.audit_delay import Delay, look_for_delay
from careplane.storage.database import Database
from careplane.storage.seal import CANONICAL, Head, genesis

if TYPE_CHECKING:
    from careplane.storage.database import Connection

FINDINGS_MAX: Final = 1000
"""How many findings a report lists: where there are more, what is wrong is not single rows."""

_ROWS_AT_ONCE: Final = 8192
_ANCHORS_AT_ONCE: Final = 1000

_SANE = "at BETWEEN '0001-01-01T00:00Z' AND '9999-12-31T00:00Z'"
_AT = f"CASE WHEN {_SANE} THEN (extract(epoch FROM at) * 1000000)::bigint END AS at"
# The checks forbid what becomes a null here; whoever owns the database can drop them.
_BLOCKS = f"""
SELECT seq, {_AT}, xid::text AS xid,
    CASE WHEN array_ndims(row_ids) = 1 AND array_lower(row_ids, 1) = 1
        THEN CASE WHEN array_position(row_ids, NULL) IS NULL THEN row_ids END END AS row_ids, digests, hash
FROM audit_seal ORDER BY seq
"""  # noqa: S608 - constants
_ROWS = f"SELECT id, {_AT}, xid::text AS xid, {CANONICAL} AS text FROM audit WHERE id = ANY($1::bigint[])"  # noqa: S608 - constants
_SEALED = "(xid, id) <= ($1::text::xid8, $2::bigint)"
_BEHIND = f"""
SELECT a.id FROM audit a WHERE {_SEALED}
AND NOT EXISTS (SELECT FROM (SELECT unnest(row_ids) AS id FROM audit_seal) s WHERE s.id = a.id)
ORDER BY a.id LIMIT {FINDINGS_MAX}
"""  # noqa: S608 - constants
_TWICE = f"""
SELECT id FROM (SELECT unnest(row_ids) AS id FROM audit_seal) s GROUP BY id HAVING count(*) > 1
ORDER BY id LIMIT {FINDINGS_MAX}
"""  # noqa: S608 - constants
_AHEAD = f"""
SELECT id FROM audit WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) OR xid IS NULL
ORDER BY xid, id LIMIT {FINDINGS_MAX}
"""  # noqa: S608 - constants
_POSTDATED = f"""
SELECT id FROM audit WHERE NOT ({_SEALED} OR at BETWEEN '-infinity' AND clock_timestamp() + interval '1 minute')
ORDER BY id LIMIT {FINDINGS_MAX}
"""  # noqa: S608 - constants
_COUNT = f"SELECT count(*) AS rows, count(*) FILTER (WHERE NOT {_SEALED}) AS unsealed FROM audit"  # noqa: S608 - constants
_HASHES = "SELECT seq, hash FROM audit_seal WHERE seq = ANY($1::bigint[])"
_ALL_SEALED_ELSEWHERE: Final = 2**63 - 1


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one component's audit; `anchored` is the newest block that an anchor vouches for.

    `warnings` are what may be well and should be known.
    """

    component: str
    rows: int
    blocks: int
    unsealed: int
    anchored: int | None
    findings: Sequence[Finding]
    warnings: Sequence[str] = ()


async def check_audit(database: Database, component: str, anchors: Iterable[Head] = ()) -> Report:
    """Check one component's audit as it is at this moment, whoever goes on writing; memory is bounded.

    `anchors` must have been noted before the call: a chain is expected to hold each of them.
    """
    try:
        delay = await look_for_delay(database, component)
        async with (
            database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            report = await check_chain(connection, component, anchors)
    except asyncpg.PostgresError as error:
        words = f"the audit cannot be read as it was made ({type(error).__name__}): its tables were altered"
        return Report(component=component, rows=0, blocks=0, unsealed=0, anchored=None, findings=[_unreadable(words)])
    return _with_delay(report, delay)


def _unreadable(words: str) -> Finding:
    return Finding("unreadable", words)


def _with_delay(report: Report, delay: Delay | None) -> Report:
    """Add that rows wait for too long: a fault where the platform runs, and else only to be known."""
    if delay is None or not report.unsealed:
        return report
    words = f"{report.unsealed} rows are not sealed, the oldest for {delay.seconds:.0f} s"
    if delay.running:
        finding = Finding("not sealed", f"{words}, though the platform runs: its log should say why")
        return msgspec.structs.replace(report, findings=[*report.findings, finding])
    words += ": nothing proves them before the platform runs again, which seals them"
    return msgspec.structs.replace(report, warnings=[words])


async def check_chain(connection: "Connection", component: str, anchors: Iterable[Head] = ()) -> Report:
    """Check what a connection sees in its transaction, where nothing must change meanwhile."""
    return await _Check(connection, component).run(anchors)


class _Check:
    """One pass over one component, in one snapshot."""

    def __init__(self, connection: "Connection", component: str) -> None:
        self._connection = connection
        self._component = component
        self._findings: list[Finding] = []
        self._link = Link(0, frozenset({genesis(component)}))
        self._latest = 0
        self._blocks = 0
        self._place = ("1", _ALL_SEALED_ELSEWHERE)
        self._anchored: int | None = None

    async def run(self, anchors: Iterable[Head]) -> Report:
        async for blocks in self._batches():
            await self._check_blocks(blocks)
        for statement, arguments, kind, words in (
            (_BEHIND, self._place, "inserted", "was put in behind the chain's back: no block holds it"),
            (_TWICE, (), "inserted", "is in more than one block"),
            (_POSTDATED, self._place, "backdated", "bears a time yet to come, and is in no block"),
            (_AHEAD, (), "inserted", "bears a transaction yet to come; after a restore, run `careplane migrate` first"),
        ):
            rows = await self._connection.fetch(statement, *arguments)
            self._add(Finding(kind, f"row {row['id']} {words}", row=row["id"]) for row in rows)
        await self._check_anchors(anchors)
        counted: Any = await self._connection.fetchrow(_COUNT, *self._place)
        return Report(
            component=self._component,
            rows=counted["rows"],
            blocks=self._blocks,
            unsealed=counted["unsealed"],
            anchored=self._anchored,
            findings=self._findings,
        )

    def _add(self, findings: Iterable[Finding]) -> None:
        self._findings += itertools.islice(findings, FINDINGS_MAX - len(self._findings))

    async def _batches(self) -> AsyncIterator[Sequence[Block | Damaged]]:
        """Yield the blocks in order, as many at once as have a few thousand rows."""
        batch: list[Block | Damaged] = []
        rows = 0
        async for row in self._connection.cursor(_BLOCKS, prefetch=32):
            block = block_of(dict(row))
            batch.append(block)
            rows += len(block.row_ids) if isinstance(block, Block) else 1
            if rows >= _ROWS_AT_ONCE:
                yield batch
                batch, rows = [], 0
        yield batch

    async def _check_blocks(self, blocks: Sequence[Block | Damaged]) -> None:
        ids = [id_ for block in blocks if isinstance(block, Block) for id_ in block.row_ids]
        found = await self._connection.fetch(_ROWS, ids)
        rows = {row["id"]: Row(row["xid"], hashlib.sha256(row["text"].encode()).digest(), row["at"]) for row in found}
        if len(rows) != len(found):
            twice = sorted(id_ for id_, times in Counter(row["id"] for row in found).items() if times > 1)
            self._add(Finding("inserted", f"row {id_} is there more than once", row=id_) for id_ in twice)
        for block in blocks:
            if block.seq is not None:
                self._add(missing_blocks(self._link, block.seq))
            if isinstance(block, Block):
                self._check_block(block, rows)
            else:
                self._add((block.finding(),))
                hashes = frozenset(() if block.hash is None else (block.hash,))
                self._link = Link(self._link.seq if block.seq is None else block.seq, hashes)
            self._blocks += 1

    def _check_block(self, block: Block, rows: Mapping[int, Row]) -> None:
        findings, self._link = check_block(self._link, block, rows)
        self._add(findings)
        findings, self._latest = check_times(self._latest, block, rows)
        self._add(findings)
        last = _ALL_SEALED_ELSEWHERE if block.xid == "1" else block.row_ids[-1]
        self._place = (block.xid, last)

    async def _check_anchors(self, anchors: Iterable[Head]) -> None:
        remaining = iter(anchors)
        while batch := list(itertools.islice(remaining, _ANCHORS_AT_ONCE)):
            rows = await self._connection.fetch(_HASHES, [anchor.seq for anchor in batch])
            hashes = {row["seq"]: row["hash"] for row in rows}
            for anchor in batch:
                if hashes.get(anchor.seq) == anchor.hash:
                    self._anchored = max(self._anchored or 0, anchor.seq)
                elif anchor.seq > self._link.seq:
                    words = f"the chain ends at block {self._link.seq}, but an anchor tells of block {anchor.seq}"
                    self._add((Finding("truncated", words, block=anchor.seq),))
                else:
                    words = (
                        f"an anchor tells of another block {anchor.seq}: the chain was rewritten from there or before"
                    )
                    self._add((Finding("rewritten", words, block=anchor.seq),))
