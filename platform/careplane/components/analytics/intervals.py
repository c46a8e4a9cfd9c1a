"""Days, weeks and months: which buckets lie between two dates, and what falls into each."""

from collections.abc import Mapping
from datetime import date

from careplane.components.analytics.api import INTERVALS, MAX_BUCKETS, Bucket, GetRegistrations, Registrations
from careplane.kernel.errors import FieldError, InvalidArgument

_DEFAULT_BUCKETS = {"day": 30, "week": 12, "month": 12}
_MONTHS = 12
_WEEK = 7


def span(request: GetRegistrations, today: date) -> tuple[date, date]:
    """Return the first and last date asked for; raise InvalidArgument where they make no sense or too many buckets."""
    if request.interval not in INTERVALS:
        raise _invalid("interval", f"must be one of {', '.join(INTERVALS)}")
    last = request.date_to or today
    first = request.date_from or _first_of_default(request.interval, last)
    if first > last:
        raise _invalid("from", "must not be after to")
    count = _number(request.interval, last) - _number(request.interval, first) + 1
    if count > MAX_BUCKETS:
        message = f"asks for {count} {request.interval}s: bring it closer to to, or choose a longer interval; at most "
        raise _invalid("from", f"{message}{MAX_BUCKETS} are given at a time")
    return first, last


def registrations(interval: str, first: date, last: date, days: Mapping[date, int]) -> Registrations:
    """Return the buckets from the first date to the last, the empty ones too, filled with what the days say."""
    numbers = range(_number(interval, first), _number(interval, last) + 1)
    counts = dict.fromkeys(numbers, 0)
    for day, count in days.items():
        counts[_number(interval, day)] += count
    return Registrations(
        interval="day" if interval == "day" else "week" if interval == "week" else "month",
        date_from=first,
        date_to=last,
        total=sum(counts.values()),
        buckets=tuple(Bucket(start=_start(interval, number), count=count) for number, count in counts.items()),
    )


def _first_of_default(interval: str, last: date) -> date:
    number = _number(interval, last) - _DEFAULT_BUCKETS[interval] + 1
    return _start(interval, max(number, _number(interval, date.min)))


def _number(interval: str, day: date) -> int:
    """Return the place of a day's bucket in the whole calendar."""
    if interval == "day":
        return day.toordinal()
    if interval == "week":
        return (day.toordinal() - 1) // _WEEK  # 0001-01-01 was a Monday
    return day.year * _MONTHS + day.month - 1


def _start(interval: str, number: int) -> date:
    if interval == "day":
        return date.fromordinal(number)
    if interval == "week":
        return date.fromordinal(number * _WEEK + 1)
    return date(number // _MONTHS, number % _MONTHS + 1, 1)


def _invalid(field: str, message: str) -> InvalidArgument:
    return InvalidArgument(fields=(FieldError(field=field, message=message),))
