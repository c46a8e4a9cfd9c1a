"""Trying again for as long as it takes: longer and longer pauses, and a word when it begins to fail."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

from aiokafka.errors import KafkaError

from careplane.kernel.errors import PlatformError

FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 3.0
_OUTAGES = (PlatformError, KafkaError, OSError, TimeoutError)

Report = Callable[[str, Exception], None]
"""Is told of background work that failed and will be tried again."""


class Patience:
    """Counts how often something has failed in a row."""

    def __init__(self, name: str, report: Report) -> None:
        """Tell `report` of the first failure in a row under that name, and of each that is no outage."""
        self._name = name
        self._report = report
        self.failures = 0

    async def failed(self, error: BaseException) -> None:
        """Note a failure, and return when it is time to try again."""
        self.failures += 1
        if not isinstance(error, Exception):
            error = RuntimeError("what it waited for was cancelled")
        if self.failures == 1 or not isinstance(error, _OUTAGES):
            self._report(self._name, error)
        longest = min(FIRST_PAUSE_SECONDS * 2.0 ** min(self.failures, 16), LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - spreads tries, guards nothing

    def worked(self) -> None:
        """Note that it worked."""
        self.failures = 0
