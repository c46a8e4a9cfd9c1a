"""Reading files to import, whatever their format: NDJSON of FHIR Patients, Bundles, or CSV; streaming and forgiving.

Input is an iterable of pieces of bytes: each a line, or a piece of one where a line is long, as `pieces` makes them, so
that memory stays bounded however long a line is. A line that cannot be read is rejected, and the next one read.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import BinaryIO

from careplane.components.patient.transfer.csv_source import csv_records
from careplane.components.patient.transfer.json_source import line_records, span_records
from careplane.components.patient.transfer.json_spans import spans
from careplane.components.patient.transfer.sources import LINE_BYTES_MAX, Rejection, SourceRecord

_PIECE_BYTES = 1 << 16
_BOM = b"\xef\xbb\xbf"
_BUNDLE = re.compile(rb'"resourceType"\s*:\s*"Bundle"')


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file line by line, long lines in pieces of 64 KiB."""
    while piece := file.readline(_PIECE_BYTES):
        yield piece


def read_records(source: Iterable[bytes], *, today: date) -> Iterator[SourceRecord | Rejection]:
    """Yield what a file holds, its format told by how it begins; `today` is the latest date not in the future."""
    stream = iter(source)
    head = list(_head(stream))
    start = b"".join(head).lstrip()
    whole = itertools.chain(head, stream)
    if not start.startswith((b"{", b"[")):
        return csv_records(numbered_lines(whole), today=today)
    if _is_spread(start):
        return span_records(spans(whole))
    return line_records(numbered_lines(whole))


def numbered_lines(source: Iterable[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Yield each line with its number, None for one that is longer than 1 MiB."""
    number, size = 1, 0
    kept: list[bytes] = []
    for piece in source:
        size += len(piece)
        if size <= LINE_BYTES_MAX:
            kept.append(piece)
        if piece.endswith(b"\n"):
            yield number, b"".join(kept) if size <= LINE_BYTES_MAX else None
            number, size = number + 1, 0
            kept = []
    if size:
        yield number, b"".join(kept) if size <= LINE_BYTES_MAX else None


def _head(stream: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what is needed to tell the format: the first line that is not blank, or its first 1 MiB."""
    size, blank = 0, True
    for index, piece in enumerate(stream):
        kept = piece.removeprefix(_BOM) if index == 0 else piece
        yield kept
        size += len(kept)
        blank = blank and not kept.strip()
        if size > LINE_BYTES_MAX or (not blank and kept.endswith(b"\n")):
            return


def _is_spread(start: bytes) -> bool:
    """Tell whether one JSON value is spread over many lines, or over one that is too long to be read at once."""
    line = start.partition(b"\n")[0].rstrip()
    if len(line) > LINE_BYTES_MAX:
        return _BUNDLE.search(line) is not None or line.startswith(b"[")
    return (
        line.startswith(b"[")
        or line.endswith((b"{", b"[", b","))
        or (_BUNDLE.search(line) is not None and not line.endswith(b"}"))
    )
