"""Dates as FHIR writes them: whole ones, partial ones ("1956", "1956-08"), and instants."""

import re
from datetime import date

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PARTIAL = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)", re.ASCII)


def whole(text: str) -> date | None:
    """Return the date written as YYYY-MM-DD, or None if it is not one that the calendar has."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def first_day(text: str) -> date | None:
    """Return the first day of what a FHIR date covers ("1956" gives 1956-01-01), or None if it is not one."""
    return whole(text + "-01-01"[len(text) - 4 :]) if _PARTIAL.fullmatch(text) else None


def instant_day(text: str) -> date | None:
    """Return the (first) day of a FHIR dateTime, or None if it is not one."""
    day, _, clock = text.partition("T")
    if not clock:
        return None if text.endswith("T") else first_day(day)
    return whole(day) if _CLOCK.fullmatch(clock) else None
