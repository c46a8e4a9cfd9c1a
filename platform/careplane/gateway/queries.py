"""Query strings at the edge: only parameters that the path knows, each once, and texts that can be stored."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote_to_bytes

from careplane.kernel.errors import FieldError, InvalidArgument
from careplane.web.faults import shown

LENGTH_MAX: Final = 8192
PARAMETERS_MAX: Final = 50
_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def check_query(query: bytes, known: Collection[str]) -> None:
    """Raise InvalidArgument that names every parameter at fault."""
    pairs = [pair.partition(b"=") for pair in query.split(b"&") if pair]
    if len(query) > LENGTH_MAX or len(pairs) > PARAMETERS_MAX:
        raise InvalidArgument("The query string is too long. Use fewer and shorter parameters.")
    seen: set[str] = set()
    faults: list[FieldError] = []
    for raw_name, _, raw_value in pairs:
        name = _text(raw_name)
        message = _fault(name, _text(raw_value), seen, known)
        if message:
            faults.append(FieldError(field=shown(name or ""), message=message))
        elif name is not None:
            seen.add(name)
    if faults:
        raise InvalidArgument("The query string is not valid.", fields=tuple(faults))


def _fault(name: str | None, value: str | None, seen: set[str], known: Collection[str]) -> str | None:
    if name not in known:
        return "is not a parameter of this path; " + (
            f"known are {', '.join(sorted(known))}" if known else "it has none"
        )
    if name in seen:
        return "is given more than once"
    if value is None:
        return "is not UTF-8 text in percent-encoding"
    return "must not contain NUL characters" if "\0" in value else None


def _text(raw: bytes) -> str | None:
    """Return the text that is meant, or None where there is none."""
    if _ESCAPE.search(raw):
        return None
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        return None
