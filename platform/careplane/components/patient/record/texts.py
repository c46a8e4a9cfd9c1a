"""Texts that nothing can store: NUL, which the database refuses, and lone surrogates, which no UTF-8 can carry."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from careplane.kernel.errors import FieldError
from careplane.kernel.message import Message

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_MESSAGE = "must not contain NUL characters or unpaired surrogates: remove them"


def unstorable(message: Message) -> tuple[FieldError, ...]:
    """Name every field of a message, however deep, whose text cannot be stored."""
    try:
        # Writing it out costs a microsecond or two, and settles nearly every message at once.
        if b"\\u0000" not in msgspec.json.encode(message):
            return ()
    except UnicodeEncodeError:
        pass
    return tuple(FieldError(field=path, message=_MESSAGE) for path in _paths(msgspec.to_builtins(message), ""))


def holds_nul(written: str) -> bool:
    """Tell whether a text in a document, written as JSON, holds NUL, be it in a value or in a key."""
    # A backslash before it makes it text about an escape, not NUL itself: an odd count of backslashes escapes.
    return "\\u0000" in written and _NUL.search(written) is not None


def _paths(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _paths(inner, f"{path}[{index}]")
