"""Intervals: every day falls into exactly one bucket, none is left out, and there are not too many."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.analytics.api import INTERVALS, MAX_BUCKETS, GetRegistrations
from careplane.components.analytics.intervals import registrations, span
from careplane.kernel.errors import InvalidArgument

TODAY = date(2026, 3, 4)  # a Wednesday


@given(
    interval=st.sampled_from(INTERVALS),
    last=st.dates(),
    back=st.integers(0, 1000),
    counts=st.lists(st.integers(1, 9), max_size=5),
)
def test_buckets_have_no_gaps_and_lose_nobody(interval: str, last: date, back: int, counts: list[int]) -> None:
    """Starts are in order and complete up to the ends of the calendar, and the counts add up."""
    first = date.fromordinal(max(1, last.toordinal() - back))
    days = {date.fromordinal(min(first.toordinal() + n * 7, last.toordinal())): c for n, c in enumerate(counts)}
    told = registrations(interval, first, last, days)
    starts = [bucket.start for bucket in told.buckets]
    assert told.total == sum(bucket.count for bucket in told.buckets) == sum(days.values())
    assert starts == sorted(set(starts))
    assert starts[0] <= first
    assert starts[-1] <= last
    steps = {(b - a).days for a, b in pairwise(starts)}
    assert steps <= {"day": {1}, "week": {7}, "month": {28, 29, 30, 31}}[interval]


def test_weeks_begin_on_monday() -> None:
    """A Sunday belongs to the week before, and a week may begin before the first date."""
    told = registrations("week", TODAY, date(2026, 3, 9), {date(2026, 3, 8): 2, date(2026, 3, 9): 3})
    assert [(b.start, b.count) for b in told.buckets] == [(date(2026, 3, 2), 2), (date(2026, 3, 9), 3)]


def test_months_begin_on_the_first() -> None:
    """Months cross the turn of the year."""
    told = registrations("month", date(2025, 12, 31), date(2026, 2, 1), {date(2026, 1, 31): 4})
    assert [(b.start, b.count) for b in told.buckets] == [
        (date(2025, 12, 1), 0),
        (date(2026, 1, 1), 4),
        (date(2026, 2, 1), 0),
    ]


@pytest.mark.parametrize(
    ("interval", "first", "count"),
    [("day", date(2026, 2, 3), 30), ("week", date(2025, 12, 15), 12), ("month", date(2025, 4, 1), 12)],
)
def test_left_out_dates_have_a_sensible_default(interval: str, first: date, count: int) -> None:
    """Without dates it is the last 30 days, 12 weeks or 12 months up to today."""
    assert span(GetRegistrations(interval=interval), TODAY) == (first, TODAY)
    assert len(registrations(interval, first, TODAY, {}).buckets) == count
    assert span(GetRegistrations(interval=interval, date_to=date.min), TODAY) == (date.min, date.min)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (GetRegistrations(interval="hour"), "interval"),
        (GetRegistrations(date_from=TODAY, date_to=TODAY - timedelta(days=1)), "from"),
        (GetRegistrations(date_from=TODAY - timedelta(days=MAX_BUCKETS)), "from"),
        (GetRegistrations(date_from=date.min, date_to=date.max), "from"),
    ],
    ids=["interval", "order", "many", "all"],
)
def test_what_makes_no_sense_is_named(request_: GetRegistrations, field: str) -> None:
    """The field at fault is named."""
    with pytest.raises(InvalidArgument) as refused:
        span(request_, TODAY)
    assert [f.field for f in refused.value.fields] == [field]


def test_as_many_buckets_as_allowed_are_given() -> None:
    """The bound itself is within."""
    first = TODAY - timedelta(days=MAX_BUCKETS - 1)
    assert span(GetRegistrations(date_from=first), TODAY) == (first, TODAY)
