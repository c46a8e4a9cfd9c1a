"""One block of an audit chain against its rows: pure computing, so that it shares nothing with what sealed it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from careplane.storage.seal import DIGEST_BYTES


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


class Link(msgspec.Struct, frozen=True):
    """Where the chain has come to: the number of the last block, and the hashes by which the next may name it.

    A block whose own hash was altered has two, so that the next one is not accused as well; none are known where blocks
    are missing.
    """

    seq: int
    hashes: frozenset[bytes] = frozenset()


Rows = Mapping[int, tuple[str, bytes]]
"""For each id the transaction of the row, and the SHA-256 of its canonical text."""


def missing_blocks(link: Link, block: Block) -> Iterator[Finding]:
    """Tell of the blocks that should be between the last one and this."""
    if block.seq == link.seq + 2:
        yield Finding("missing block", f"block {link.seq + 1} is missing", block=link.seq + 1)
    elif block.seq > link.seq + 1:
        words = f"blocks {link.seq + 1} to {block.seq - 1} are missing"
        yield Finding("missing block", words, block=link.seq + 1)
    elif block.seq <= link.seq:
        yield Finding(
            "duplicate block", f"block {block.seq} is there more than once, or before the first", block=block.seq
        )


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
        last = rows[block.row_ids[-1]][0]
        if block.xid != last:
            words = f"block {block.seq} ends with transaction {block.xid}, but its last row bears {last}"
            findings.append(Finding("altered block", words, block=block.seq))
    return findings, Link(block.seq, computed | {block.hash})


def _hash(before: bytes, block: Block, rows: Rows) -> bytes:
    digests = b"".join(rows[id_][1] for id_ in block.row_ids)
    numbers = block.seq.to_bytes(8, signed=True) + block.at.to_bytes(8, signed=True)
    return hashlib.sha256(before + numbers + digests).digest()


def _rows(block: Block, rows: Rows) -> Iterator[Finding]:
    wrong: list[int] = []
    for place, id_ in enumerate(block.row_ids):
        if id_ not in rows:
            words = f"row {id_} was deleted; it was sealed in block {block.seq}"
            yield Finding("deleted", words, row=id_, block=block.seq)
        elif rows[id_][1][:DIGEST_BYTES] != block.digest(place):
            wrong.append(id_)
    if len(block.digests) != DIGEST_BYTES * len(block.row_ids):
        words = f"block {block.seq} has not one short digest for each of its rows"
        yield Finding("altered block", words, block=block.seq)
    places = {block.digest(place) for place in range(len(block.row_ids))}
    for id_ in wrong:
        if rows[id_][1][:DIGEST_BYTES] in places:
            words = f"row {id_} is not where it was sealed in block {block.seq}"
            yield Finding("reordered", words, row=id_, block=block.seq)
        else:
            yield Finding(
                "altered", f"row {id_} was altered after it was sealed in block {block.seq}", row=id_, block=block.seq
            )
