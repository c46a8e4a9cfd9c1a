"""Rate limits: a leaky bucket for each caller and rate class, in bounded memory, told in the RateLimit headers.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

import math
from collections import OrderedDict
from typing import Final

from aiolimiter import AsyncLimiter

from careplane.gateway.routes import Rate

Headers = tuple[tuple[bytes, bytes], ...]

_REMAINING: Final = b"ratelimit"
_POLICY: Final = b"ratelimit-policy"


class _Bucket(AsyncLimiter):
    """A limiter that is asked and never waited for."""

    def take(self) -> int | None:
        """Take one and return how many are left, or None if there was none."""
        if not self.has_capacity():
            return None
        self._level += 1
        return int(self.max_rate - self._level)

    def refill_seconds(self) -> int:
        """Return in how many seconds all of it will be there again."""
        return math.ceil(self._level / self.max_rate * self.time_period)

    def next_seconds(self) -> int:
        """Return in how many seconds one more will be there."""
        return max(1, math.ceil((self._level + 1 - self.max_rate) / self.max_rate * self.time_period))

    def idle_since(self) -> float:
        """Return when it was last asked, in the loop's time."""
        return self._last_check


class Verdict:
    """What became of one request: let through or not, and the headers that say how much is left."""

    __slots__ = ("headers", "retry_after")

    def __init__(self, headers: Headers, retry_after: int | None = None) -> None:
        """Take the headers, and in case of a refusal after how many seconds to come again."""
        self.headers = headers
        self.retry_after = retry_after


class RateLimits:
    """Counts the requests of every caller; it remembers `bound` buckets, and forgets the longest idle first."""

    def __init__(self, bound: int) -> None:
        """Begin with nobody known."""
        self._bound = bound
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()
        self._policies: dict[str, tuple[bytes, bytes]] = {}
        self.refused = 0
        self.spent: set[tuple[str, str]] = set()  # the buckets that were found empty, and have not been looked at since

    def __len__(self) -> int:
        """Return how many buckets are held."""
        return len(self._buckets)

    def ask(self, rate: Rate, who: str) -> Verdict:
        """Count a request of `who` in a rate class."""
        bucket = self._bucket(rate, who)
        left = bucket.take()
        policy = self._policies.get(rate.name) or self._policy(rate)
        if left is None:
            self.refused += 1
            self.spent.add((rate.name, who))
            wait = bucket.next_seconds()
            return Verdict((policy, (_REMAINING, b'"%s";r=0;t=%d' % (rate.name.encode(), wait))), wait)
        told = b'"%s";r=%d;t=%d' % (rate.name.encode(), left, bucket.refill_seconds())
        return Verdict((policy, (_REMAINING, told)))

    def is_spent(self, rate: Rate, who: str) -> bool:
        """Tell whether `who` has none left in a rate class, without counting anything."""
        key = (rate.name, who)
        if key not in self.spent:
            return False
        if self._buckets[key].has_capacity():
            self.spent.discard(key)
        return key in self.spent

    def _bucket(self, rate: Rate, who: str) -> _Bucket:
        key = (rate.name, who)
        bucket = self._buckets.get(key)
        if bucket is not None:
            self._buckets.move_to_end(key)
            return bucket
        bucket = self._buckets[key] = _Bucket(rate.burst, rate.burst / rate.per_second)
        self._forget(bucket)
        return bucket

    def _forget(self, newest: _Bucket) -> None:
        """Drop what is over the bound, and buckets that are full again anyway: two at most for each new one."""
        newest.has_capacity()
        now = newest.idle_since()
        for _ in range(2):
            key, oldest = next(iter(self._buckets.items()))
            if len(self._buckets) <= self._bound and now - oldest.idle_since() <= oldest.time_period:
                return
            del self._buckets[key]
            self.spent.discard(key)

    def _policy(self, rate: Rate) -> tuple[bytes, bytes]:
        window = math.ceil(rate.burst / rate.per_second)
        policy = (_POLICY, b'"%s";q=%d;w=%d' % (rate.name.encode(), rate.burst, window))
        self._policies[rate.name] = policy
        return policy
