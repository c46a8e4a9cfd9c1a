"""One block of an audit chain against its rows: pure computing, so that it shares nothing with what sealed it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from careplane.storage.seal import DIGEST_BYTES

LATE_US: Final = 3600 * 10**6
"""How much earlier than one sealed before it a row may be: a row bears the time at which its transaction began."""

EARLY_US: Final = 60 * 10**6
"""How much later than its block a row may be: both have the database's clock, which may have been put back."""


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it was sealed: its kind, a sentence, and the row and block that it is about."""

    kind: str
    sentence: str
    row: int | None = None
    block: int | None = None


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A block as it is stored; `at` is in microseconds since 1970, `xid` the transaction of its last row."""

    seq: int
    at: int
    xid: str
    row_ids: Sequence[int]
    digests: bytes
    hash: bytes

    def digest(self, place: int) -> bytes:
        """Return what is kept of the digest of the row at a place."""
        return self.digests[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]


class Damaged(msgspec.Struct, frozen=True):
    """A block with values in it that no sealer writes, so that it cannot be computed; `columns` are those."""

    seq: int | None
    hash: bytes | None
    columns: Sequence[str]

    def finding(self) -> Finding:
        """Say so."""
        name = "a block without a number" if self.seq is None else f"block {self.seq}"
        words = f"{name} holds what no sealer writes: {', '.join(self.columns)}"
        return Finding("damaged block", words, block=self.seq)


def block_of(values: Mapping[str, Any]) -> Block | Damaged:
    """Return the block with these columns, of which None is what could not be used."""
    damaged = [name for name, value in values.items() if value is None]
    return Damaged(values["seq"], values["hash"], damaged) if damaged else Block(**values)


class Link(msgspec.Struct, frozen=True):
    """Where the chain has come to: the number of the last block, and the hashes by which the next may name it.

    A block whose own hash was altered has two, so that the next one is not accused as well; none are known where blocks
    are missing.
    """

    seq: int
    hashes: frozenset[bytes] = frozenset()


class Row(NamedTuple):
    """What is known of a row: its transaction, the SHA-256 of its canonical text, and its time as a block's.

    There is no time where it is one that no calendar has.
    """

    xid: str | None
    digest: bytes
    at: int | None


Rows = Mapping[int, Row]
"""The rows by their ids."""


def missing_blocks(link: Link, seq: int) -> Iterator[Finding]:
    """Tell of the blocks that should be between the last one and number `seq`."""
    if seq == link.seq + 2:
        yield Finding("missing block", f"block {link.seq + 1} is missing", block=link.seq + 1)
    elif seq > link.seq + 1:
        words = f"blocks {link.seq + 1} to {seq - 1} are missing"
        yield Finding("missing block", words, block=link.seq + 1)
    elif seq <= link.seq:
        yield Finding("duplicate block", f"block {seq} is there more than once, or before the first", block=seq)


def check_times(latest: int, block: Block, rows: Rows) -> tuple[Sequence[Finding], int]:
    """Find rows that were put in as if they had been written at another time; return the latest time there was.

    Rows are sealed in the order of their transactions, so that their times rise, but for transactions that overlap.
    Only rows that are as they were sealed are looked at.
    """
    findings = []
    for place, id_ in enumerate(block.row_ids):
        row = rows.get(id_)
        if row is None or row.digest[:DIGEST_BYTES] != block.digest(place):
            continue
        if row.at is None or not latest - LATE_US <= row.at <= block.at + EARLY_US:
            words = f"row {id_} bears a time at which it was not written: it does not fit the rows around it in block"
            findings.append(Finding("backdated", f"{words} {block.seq}", row=id_, block=block.seq))
        else:
            latest = max(latest, row.at)
    return findings, latest


def check_block(link: Link, block: Block, rows: Rows) -> tuple[Sequence[Finding], Link]:
    """Compare a block with its rows and with the one before it; return what is wrong, and the link to the next."""
    findings = [*_rows(block, rows)]
    before = link.hashes if block.seq == link.seq + 1 else frozenset[bytes]()
    computed: frozenset[bytes] = frozenset()
    if all(id_ in rows for id_ in block.row_ids):
        computed = frozenset(_hash(hash_, block, rows) for hash_ in before)
        if before and block.hash not in computed and not findings:
            words = f"block {block.seq} does not fit its hash: it, its order or the block before it was altered"
            findings.append(Finding("altered block", words, block=block.seq))
        elif block.hash in computed and findings:
            words = f"block {block.seq} fits its hash, but the short digests beside it were altered"
            findings = [Finding("altered block", words, block=block.seq)]
        last = rows[block.row_ids[-1]].xid
        if block.xid != last:
            words = f"block {block.seq} ends with transaction {block.xid}, but its last row bears {last}"
            findings.append(Finding("altered block", words, block=block.seq))
    return findings, Link(block.seq, computed | {block.hash})


def _hash(before: bytes, block: Block, rows: Rows) -> bytes:
    digests = b"".join(rows[id_].digest for id_ in block.row_ids)
    numbers = block.seq.to_bytes(8, signed=True) + block.at.to_bytes(8, signed=True)
    return hashlib.sha256(before + numbers + digests).digest()


def _rows(block: Block, rows: Rows) -> Iterator[Finding]:
    wrong: list[int] = []
    for place, id_ in enumerate(block.row_ids):
        if id_ not in rows:
            words = f"row {id_} was deleted; it was sealed in block {block.seq}"
            yield Finding("deleted", words, row=id_, block=block.seq)
        elif rows[id_].digest[:DIGEST_BYTES] != block.digest(place):
            wrong.append(id_)
    if len(block.digests) != DIGEST_BYTES * len(block.row_ids):
        words = f"block {block.seq} has not one short digest for each of its rows"
        yield Finding("altered block", words, block=block.seq)
    places = {block.digest(place) for place in range(len(block.row_ids))}
    for id_ in wrong:
        if rows[id_].digest[:DIGEST_BYTES] in places:
            words = f"row {id_} is not where it was sealed in block {block.seq}"
            yield Finding("reordered", words, row=id_, block=block.seq)
        else:
            yield Finding(
                "altered", f"row {id_} was altered after it was sealed in block {block.seq}", row=id_, block=block.seq
            )
