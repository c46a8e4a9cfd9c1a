"""When a call is tried again: what may be, how often, and after which pause."""

import asyncio
import random
from typing import Final

from careplane.kernel.context import Context
from careplane.kernel.contract import Kind, Method

TRIES_MAX: Final = 4
AT_LEAST: Final = 10.0
_AT_MOST: Final = 100.0
_FIRST_PAUSE: Final = 0.02
_random = random.SystemRandom()


def is_repeatable(method: Method, context: Context) -> bool:
    """Tell whether asking again is safe when it is unknown what became of the call."""
    return method.kind is Kind.QUERY or context.idempotency_key is not None


def pause(tries: int) -> float:
    """Return how long to wait after so many tries: longer each time, and at random, so that callers spread."""
    return _random.uniform(0.5, 1.0) * _FIRST_PAUSE * 2.0**tries


class RetryBudget:
    """Tries beyond the first one, as a share of all calls and one a second, so that they cannot become a storm."""

    def __init__(self, share: float) -> None:
        """Let `share` of the calls be tried again, and a few at once when there was little to do."""
        self._share = share
        self._left = AT_LEAST
        self._refilled = 0.0
        self.spent = 0

    def called(self) -> None:
        """Note a call's first try."""
        self._left = min(_AT_MOST, self._left + self._share)

    def take(self) -> bool:
        """Take one try if there is one left."""
        now = asyncio.get_running_loop().time()
        if self._left < AT_LEAST:
            self._left = min(AT_LEAST, self._left + min(AT_LEAST, now - self._refilled))
        self._refilled = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        self.spent += 1
        return True
