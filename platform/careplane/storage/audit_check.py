"""Checking the audit of one component: every row and every block is computed again, and compared with what is stored.

The chain shows what was altered, deleted, reordered or put in behind its back. That its tail was cut off, or all of it
computed anew, only anchors can show: heads that were noted outside of the database.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from careplane.storage.audit_blocks import Block, Finding, Link, check_block, missing_blocks
from careplane.storage.database import Database
from careplane.storage.seal import CANONICAL, Head, genesis

if TYPE_CHECKING:
    from careplane.storage.database import Connection

FINDINGS_MAX: Final = 1000
"""How many findings a report lists: where there are more, what is wrong is not single rows."""

_ROWS_AT_ONCE: Final = 8192
_ANCHORS_AT_ONCE: Final = 1000

_BLOCKS = """
SELECT seq, (extract(epoch FROM at) * 1000000)::bigint AS at, xid::text AS xid, row_ids, digests, hash
FROM audit_seal ORDER BY seq
"""
_ROWS = f"SELECT id, xid::text AS xid, {CANONICAL} AS text FROM audit WHERE id = ANY($1::bigint[])"  # noqa: S608 - constants
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
SELECT id FROM audit WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) ORDER BY xid, id LIMIT {FINDINGS_MAX}
"""  # noqa: S608 - constants
_COUNT = f"SELECT count(*) AS rows, count(*) FILTER (WHERE NOT {_SEALED}) AS unsealed FROM audit"  # noqa: S608 - constants
_HASHES = "SELECT seq, hash FROM audit_seal WHERE seq = ANY($1::bigint[])"
_ALL_SEALED_ELSEWHERE: Final = 2**63 - 1


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one component's audit; `anchored` is the newest block that an anchor vouches for."""

    component: str
    rows: int
    blocks: int
    unsealed: int
    anchored: int | None
    findings: Sequence[Finding]


async def check_audit(database: Database, component: str, anchors: Iterable[Head] = ()) -> Report:
    """Check one component's audit as it is at this moment, whoever goes on writing; memory is bounded.

    `anchors` must have been noted before the call: a chain is expected to hold each of them.
    """
    async with (
        database.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await check_chain(connection, component, anchors)


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
        self._blocks = 0
        self._place = ("1", _ALL_SEALED_ELSEWHERE)
        self._anchored: int | None = None

    async def run(self, anchors: Iterable[Head]) -> Report:
        async for blocks in self._batches():
            await self._check_blocks(blocks)
        for statement, arguments, kind, words in (
            (_BEHIND, self._place, "inserted", "was put in behind the chain's back: no block holds it"),
            (_TWICE, (), "inserted", "is in more than one block"),
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

    async def _batches(self) -> AsyncIterator[Sequence[Block]]:
        """Yield the blocks in order, as many at once as have a few thousand rows."""
        batch: list[Block] = []
        rows = 0
        async for row in self._connection.cursor(_BLOCKS, prefetch=32):
            batch.append(Block(**row))
            rows += len(batch[-1].row_ids)
            if rows >= _ROWS_AT_ONCE:
                yield batch
                batch, rows = [], 0
        yield batch

    async def _check_blocks(self, blocks: Sequence[Block]) -> None:
        ids = [id_ for block in blocks for id_ in block.row_ids]
        found = await self._connection.fetch(_ROWS, ids)
        rows = {row["id"]: (row["xid"], hashlib.sha256(row["text"].encode()).digest()) for row in found}
        if len(rows) != len(found):
            twice = sorted(id_ for id_, times in Counter(row["id"] for row in found).items() if times > 1)
            self._add(Finding("inserted", f"row {id_} is there more than once", row=id_) for id_ in twice)
        for block in blocks:
            self._add(missing_blocks(self._link, block))
            findings, self._link = check_block(self._link, block, rows)
            self._add(findings)
            self._blocks += 1
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
