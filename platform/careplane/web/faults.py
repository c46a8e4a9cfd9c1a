"""What is wrong with a value that does not fit its type: which field, and what it must be, in plain words."""

import itertools
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from careplane.kernel.errors import FieldError

WHOLE: Final = "(body)"
FAULTS_MAX: Final = 100
"""How many faults one answer names at most: it must not be many times as long as what was sent."""

_PATH: Final = re.compile(r" - at `(?:key in )?\$?\.?(.*)`$")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_EXPECTED: Final = re.compile(r"Expected `([^`]+)`(?:, got `([^`]+)`)?")
_BOUND: Final = re.compile(r"( of length)? (>=|<=|>|<) (-?[0-9.]+)")
_LIMITS: Final = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_WORDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "uuid": "a UUID, such as 01890a5d-ac96-774b-bcce-b302099a8057",
    "date": "a date, written YYYY-MM-DD",
    "datetime": "an instant, such as 2024-05-31T08:30:00Z",
    "decimal": "a number",
}
_PLAIN: Final = {
    "Invalid UUID": f"must be {_WORDS['uuid']}",
    "Invalid RFC3339 encoded date": "must be a real date, written YYYY-MM-DD",
    "Number out of range": "is a number out of range",
    "Integer value out of range": "is a number out of range",
}


def fault(error: msgspec.ValidationError, at: str = "") -> FieldError:
    """Return what msgspec found wrong, below the field `at` if given; the value itself is not repeated."""
    text = str(error)
    found = _PATH.search(text)
    path = _joined(at, found[1] if found else "")
    what = text[: found.start()] if found else text
    if unknown := _UNKNOWN.match(what):
        return FieldError(field=_joined(path, shown(unknown[1])), message="is not a field of this request")
    if missing := _MISSING.match(what):
        return FieldError(field=_joined(path, missing[1]), message="is required")
    return FieldError(field=path or WHOLE, message=_in_words(what))


def shown(name: str) -> str:
    """Return a name that a caller made up, unless it might hold anything."""
    return name if _NAME.fullmatch(name) else "(unknown)"


def faults(
    kind: type[msgspec.Struct], values: dict[str, Any], first: msgspec.ValidationError
) -> tuple[FieldError, ...]:
    """Name every field of `values` that does not fit `kind`; msgspec itself stops at the `first`."""
    found = itertools.chain(_unfit(kind, values), _unknown(kind, values))
    return tuple(itertools.islice(found, FAULTS_MAX)) or (fault(first),)


def _unknown(kind: type[msgspec.Struct], values: dict[str, Any]) -> Iterable[FieldError]:
    read_only = getattr(kind, "read_only", frozenset[str]())
    for name in values:
        if name in read_only:
            yield FieldError(field=name, message="is set by the platform and cannot be sent")
        elif name not in kind.__struct_encode_fields__:
            yield FieldError(field=shown(name), message="is not a field of this request")


def _unfit(kind: type[msgspec.Struct], values: dict[str, Any]) -> Iterable[FieldError]:
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in values:
            if field.required:
                yield FieldError(field=field.encode_name, message="is required")
            continue
        try:
            msgspec.convert(values[field.encode_name], field.type)
        except msgspec.ValidationError as error:
            yield fault(error, field.encode_name)


def _joined(path: str, name: str) -> str:
    if not path or not name or name.startswith("["):
        return path + name
    return f"{path}.{name}"


def _in_words(what: str) -> str:
    if what in _PLAIN:
        return _PLAIN[what]
    expected = _EXPECTED.match(what)
    if not expected:
        return "is not a value that this field takes"  # msgspec's own words may repeat the value
    bound = _BOUND.fullmatch(what[expected.end(1) + 1 :])
    kinds = [k for k in expected[1].split(" | ") if k != "null"] or ["null"]
    wanted = " or ".join(_WORDS.get(k, k) for k in kinds)
    got = _WORDS.get(expected[2] or "", "")
    if bound:
        return f"must be {wanted}, {_LIMITS[bound[2]]} {bound[3]}{' long' if bound[1] else ''}"
    return f"must be {wanted}, not {got}" if got else f"must be {wanted}"
