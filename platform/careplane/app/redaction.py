"""The last guard before a log line is written: no personal data and no secrets, whatever was handed to the logger."""

import sys
import traceback
from datetime import date, datetime, time, timedelta
from types import TracebackType
from typing import Any
from uuid import UUID

from structlog.typing import EventDict, WrappedLogger

from careplane.app.setup_error import SetupError
from careplane.kernel.errors import PlatformError

_HIDDEN = "[redacted]"
_DEEPEST = 6
_LONGEST = 2_000
_SENSITIVE = frozenset({
    "address", "addresses", "birthdate", "body", "city", "comment", "communication", "contact",
    "componenturls", "contacts", "databaseurl", "dateofbirth", "dob", "dsn", "family", "firstname", "fullname", "given",
    "identifier", "identifiers", "lastname", "line", "logins", "mrn", "name", "names", "note", "params", "patientname",
    "phone", "photo", "postalcode", "q", "query", "request", "search", "ssn", "street", "telecom", "telephone",
    "url", "urls", "username", "value", "zip",
})  # fmt: skip
_SENSITIVE_PARTS = (
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "email",
    "passw",
    "privatekey",
    "secret",
    "token",
)
_PLAIN = (bool, int, float, UUID, date, datetime, time, timedelta, type(None))
_TELLABLE = (PlatformError, SetupError, AttributeError, ImportError, NameError, RecursionError)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide what sits under a key known for personal data or secrets, and every object that could hold some."""
    return {name: _clean(name, value, 0) for name, value in event.items()}


def _clean(name: str, value: Any, depth: int) -> Any:  # noqa: ANN401 - whatever was logged
    plain_name = name.lower().replace("_", "").replace("-", "").replace(".", "")
    if plain_name in _SENSITIVE or any(part in plain_name for part in _SENSITIVE_PARTS):
        return _HIDDEN
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[:_LONGEST] + "..."
    if isinstance(value, _PLAIN):
        return value
    if depth < _DEEPEST and isinstance(value, dict):
        return {str(key): _clean(str(key), inner, depth + 1) for key, inner in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_clean("", inner, depth + 1) for inner in value]
    return f"<{type(value).__qualname__}>"


def exception_without_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Write an exception as its types and places; its words only where they cannot quote what a person entered."""
    info = event.pop("exc_info", None)
    error = sys.exception() if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = _told(error)
    return event


def _told(error: BaseException | None) -> str:
    lines: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        words = f": {error}" if isinstance(error, _TELLABLE) else ""
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}{words}{_places(error.__traceback__)}")
        if isinstance(error, BaseExceptionGroup):
            lines += [_told(inner) for inner in error.exceptions]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nbecause of ".join(lines)


def _places(trace: TracebackType | None) -> str:
    frames = [frame for frame, _line in traceback.walk_tb(trace)]
    lines = [line for _frame, line in traceback.walk_tb(trace)]
    return "".join(
        f"\n  at {frame.f_globals.get('__name__', '?')}.{frame.f_code.co_name}:{line}"
        for frame, line in zip(frames, lines, strict=True)
    )
