"""How single values cross the wire: what protobuf has no type for, and how an instant is kept to the microsecond."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from google.protobuf.descriptor import Descriptor, FieldDescriptor

TIMESTAMP: Final = "google.protobuf.Timestamp"
NO_ZONE: Final = "must say its time zone, as in 2025-01-15T09:30:00Z"
NO_INSTANT: Final = "must be between the years 1 and 9999 in UTC"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS: Final = 1_000_000_000
_FIRST: Final = -62_135_596_800
_LAST: Final = 253_402_300_799
"""The first and the last second that a datetime and a Timestamp can name, counted from 1970."""

Convert = Callable[[Any], Any]


class Unfit(ValueError):
    """A value that does not cross; its text says what it must be, and never repeats it."""


class Timestamp(Protocol):
    """What is read of a google.protobuf.Timestamp."""

    seconds: int
    nanos: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: its protobuf type, which message if it is one, how it goes out and in, and by what codec."""

    type: int
    message: str | None = None
    outward: Convert | None = None
    inward: Convert | None = None
    codec: Any = None

    def fits(self, field: FieldDescriptor) -> bool:
        """Tell whether the proto's field is of this kind."""
        inner: Descriptor | None = field.message_type
        return field.type == self.type and (None if inner is None else inner.full_name) == self.message


def timestamp(value: datetime) -> dict[str, int]:
    """Return an instant as the fields of a Timestamp; Unfit where it does not say its time zone."""
    if value.tzinfo is None:
        raise Unfit(NO_ZONE)
    since = value - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    if not _FIRST <= seconds <= _LAST:
        raise Unfit(NO_INSTANT)
    return {"seconds": seconds, "nanos": since.microseconds * 1000}


def instant(value: Timestamp) -> datetime | str:
    """Return a Timestamp as an instant in UTC; one that is none becomes a text, which no field for instants takes."""
    nanos = value.nanos
    if not 0 <= nanos < _NANOS:
        return ""
    try:
        return _EPOCH + timedelta(0, value.seconds, nanos // 1000)
    except OverflowError:
        return ""


KINDS: Final[dict[Any, Kind]] = {
    str: Kind(FieldDescriptor.TYPE_STRING),
    bytes: Kind(FieldDescriptor.TYPE_BYTES),
    bool: Kind(FieldDescriptor.TYPE_BOOL),
    int: Kind(FieldDescriptor.TYPE_INT64),
    float: Kind(FieldDescriptor.TYPE_DOUBLE),
    UUID: Kind(FieldDescriptor.TYPE_STRING, outward=UUID.__str__),
    date: Kind(FieldDescriptor.TYPE_STRING, outward=date.isoformat),
    datetime: Kind(FieldDescriptor.TYPE_MESSAGE, TIMESTAMP, timestamp, instant),
}
