"""The time, as something that is handed in: kernel and domain code never read a clock of their own."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the wall-clock time."""

    def now(self) -> datetime:
        """Return the current instant, timezone-aware, in UTC."""
        ...


class FixedClock:
    """A clock that stands still until it is moved, for tests and replays."""

    def __init__(self, at: datetime) -> None:
        """Start at the instant `at`, which must be timezone-aware."""
        self.at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant it was last set to."""
        return self.at
