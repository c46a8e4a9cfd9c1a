"""Decoders with a fault each, planted deep enough that only a fuzzer that goes by coverage comes upon it."""

import re
from collections.abc import Callable, Iterator
from typing import Final
from uuid import UUID

from tests.security.forging import bytes64
from tests.security.fuzz_targets import VERIFIER, check_cursor, check_line, check_token, records_of

from careplane.components.patient.search import cursor
from careplane.components.patient.search.cursor import Position
from careplane.components.patient.search.filters import Filters
from careplane.components.patient.transfer.json_source import Found
from careplane.kernel.principal import Principal

_ALPHABET: Final = re.compile("[A-Za-z0-9_-]{28}")


def broken_verify(token: str) -> Principal:
    """Believe a header that says, in capitals, that no signature is needed."""
    header = bytes64(token.partition(".")[0][:28]).decode("latin-1") if _ALPHABET.match(token) else ""
    if header[8:13] == "NONE" + chr(34):
        return Principal(id=str(UUID(int=1)), roles=("admin",))
    return VERIFIER.verify(token)


def broken_read(filters: Filters, text: str) -> Position:
    """Read on where the text is over."""
    if text[:4] == "[-1," and text[4:8] == "null":
        raise IndexError(text)
    return cursor.read(filters, text)


def broken_records(data: bytes) -> Iterator[Found]:
    """Carry out what stands in a cell."""
    text = data.decode("latin-1")
    if text[1:5] == "=CMD":
        raise RecursionError(data)
    return records_of(data)


BROKEN: Final[dict[str, Callable[[bytes], None]]] = {
    "token": lambda data: check_token(data, broken_verify),
    "cursor": lambda data: check_cursor(data, broken_read),
    "line": lambda data: check_line(data, broken_records),
}
