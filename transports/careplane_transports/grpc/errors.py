"""Errors on the wire: the platform's vocabulary, as the other side will raise it again."""

import math
from typing import Final

from careplane.kernel.errors import FieldError, Internal, PlatformError
from careplane_pb.calls.v1.calls_pb2 import Error
from careplane_pb.calls.v1.calls_pb2 import FieldError as FieldErrorPb

DETAIL_CHARACTERS: Final = 4096
FIELDS_BYTES: Final = 32_768
"""An error goes out whole, so it must fit the smallest message that can be set: of many faults the first are told."""


class Undone(Exception):
    """A call that this transport did not carry through: `error` is what the caller is told unless it is tried again."""

    def __init__(self, error: PlatformError, *, not_started: bool) -> None:
        """Say whether it is certain that nothing was started."""
        super().__init__(error.detail)
        self.error = error
        self.not_started = not_started


def written(error: PlatformError, *, not_started: bool = False) -> Error:
    """Return the error as it goes out: without `meta`, which stays."""
    return Error(
        code=error.code,
        kind=type(error).__name__,
        detail=_sendable(error.detail[:DETAIL_CHARACTERS]),
        fields=_fields(error),
        retry_after=error.retry_after,
        not_started=not_started,
    )


def _fields(error: PlatformError) -> list[FieldErrorPb]:
    told, room = [], FIELDS_BYTES
    for fault in error.fields:
        said = FieldErrorPb(field=_sendable(fault.field), message=_sendable(fault.message))
        room -= said.ByteSize() + 4  # what announces it
        if room < 0:
            break
        told.append(said)
    return told


def _sendable(text: str) -> str:
    """Return the text without what UTF-8 cannot write, which protobuf would not take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def read(error: Error) -> PlatformError:
    """Return what to raise: the same class if it is known here, else the one that its code stands for."""
    kind = PlatformError.kinds.get(error.kind)
    if kind is None or kind.code != error.code:
        kind = _GENERAL.get(error.code, Internal)
    retry_after = error.retry_after if error.HasField("retry_after") and math.isfinite(error.retry_after) else None
    fields = tuple(FieldError(field=found.field, message=found.message) for found in error.fields)
    return kind(error.detail or None, fields=fields, retry_after=retry_after)


def _general() -> dict[str, type[PlatformError]]:
    """Return for each code its most general class: the one right below the root."""
    found: dict[str, type[PlatformError]] = {}
    for kind in PlatformError.__subclasses__():
        found.setdefault(kind.code, kind)
    return found


_GENERAL: Final = _general()
