"""The machine's clock, the one place where the program reads the time of day."""

from datetime import UTC, datetime


class SystemClock:
    """A `careplane.kernel.clock.Clock` that tells the machine's time."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        return datetime.now(UTC)
