"""The machine's clock."""

from datetime import UTC, datetime, timedelta

from careplane.app.clock import SystemClock
from careplane.kernel.clock import Clock


def test_it_tells_the_time_in_utc() -> None:
    """It is a Clock, it is right, and it says in which zone."""
    clock: Clock = SystemClock()
    now = clock.now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
