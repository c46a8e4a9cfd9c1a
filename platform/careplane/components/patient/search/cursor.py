"""The inner cursor: where a page ended, as JSON text; ids only, since names must not travel in URLs."""

import zlib
from enum import StrEnum
from uuid import UUID

import msgspec

from careplane.components.patient.search.filters import Filters
from careplane.kernel.errors import FieldError, InvalidArgument


class Mode(StrEnum):
    """How a segment is read: few hits are gathered and sorted, many are met by walking an index."""

    FEW = "few"
    MANY = "many"


class Position(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The last patient of a page, the segment of the search it came from, and how that segment was being read."""

    segment: int
    mode: Mode
    last: UUID


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    search: int
    position: Position


def write(filters: Filters, position: Position) -> str:
    """Return the text from which the page after `position` can be asked for."""
    return msgspec.json.encode(_Cursor(_fingerprint(filters), position)).decode()


def read(filters: Filters, text: str) -> Position:
    """Return the position in `text`, refusing what is not a cursor of this very search."""
    try:
        cursor = msgspec.json.decode(text, type=_Cursor)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise unusable() from error
    if cursor.search != _fingerprint(filters) or cursor.position.segment < 0:
        raise unusable()
    return cursor.position


def unusable() -> InvalidArgument:
    """Return the error for a cursor that leads nowhere."""
    message = "is not a cursor of this search; ask again without a cursor and follow nextCursor"
    return InvalidArgument(fields=(FieldError("cursor", message),))


def _fingerprint(filters: Filters) -> int:
    """Return a number that differs between searches, so that a cursor is not taken along to another one."""
    return zlib.crc32(msgspec.json.encode(filters))
