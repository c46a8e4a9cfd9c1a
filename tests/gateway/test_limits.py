"""Rate limits: that they hold, let go again, and stay within their memory."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from careplane.gateway.limits import RateLimits
from careplane.gateway.routes import Rate

SLOW = Rate("slow", per_second=0.001, burst=3, per_user=True)
SOON = Rate("soon", per_second=20, burst=2, per_user=True)
FAST = Rate("fast", per_second=1_000_000, burst=1, per_user=True)


async def test_as_many_pass_as_the_burst_allows() -> None:
    """The one after is refused, and told how long it takes."""
    limits = RateLimits(10)
    verdicts = [limits.ask(SLOW, "a") for _ in range(5)]
    assert [v.retry_after is None for v in verdicts] == [True, True, True, False, False]
    assert verdicts[2].headers == ((b"ratelimit-policy", b'"slow";q=3;w=3000'), (b"ratelimit", b'"slow";r=0;t=3000'))
    assert verdicts[3].retry_after == 1000
    assert limits.refused == 2


async def test_callers_and_classes_do_not_share() -> None:
    """Each caller has a bucket for each class."""
    limits = RateLimits(10)
    for _ in range(4):
        limits.ask(SLOW, "a")
    assert limits.ask(SLOW, "b").retry_after is None
    assert limits.ask(FAST, "a").retry_after is None


async def test_a_bucket_leaks() -> None:
    """After the time that was told there is room again."""
    limits = RateLimits(10)
    assert limits.ask(FAST, "a").retry_after is None
    await asyncio.wait_for(_until_passed(limits), 1)


async def _until_passed(limits: RateLimits) -> None:
    while limits.ask(FAST, "a").retry_after is not None:
        await _turn()


async def _turn() -> None:
    await asyncio.sleep(0)


async def test_idle_buckets_are_forgotten() -> None:
    """Who has been away long enough to be at zero again needs no memory."""
    limits = RateLimits(1000)
    for number in range(500):
        limits.ask(FAST, str(number))
        await asyncio.sleep(0)
    assert len(limits) < 10


@given(st.lists(st.integers(0, 30), max_size=200))
def test_memory_is_bounded(callers: list[int]) -> None:
    """However many come in whatever order, no more than the bound are remembered."""

    async def come() -> None:
        limits = RateLimits(5)
        for number in callers:
            limits.ask(SLOW, str(number))
            assert len(limits) <= 5

    asyncio.run(come())


async def test_the_one_longest_silent_is_forgotten_first() -> None:
    """Who keeps asking stays counted."""
    limits = RateLimits(2)
    for _ in range(3):
        limits.ask(SLOW, "busy")
    for number in range(10):
        limits.ask(SLOW, str(number))
        assert limits.ask(SLOW, "busy").retry_after is not None


async def test_who_has_none_left_is_known_without_being_counted() -> None:
    """Asking that changes nothing, and it is over when something has leaked out again."""
    limits = RateLimits(2)
    assert not limits.is_spent(FAST, "a")
    assert len(limits) == 0
    assert limits.ask(FAST, "a").retry_after is None
    assert not limits.is_spent(FAST, "a"), "nobody has been refused yet"
    while limits.ask(SLOW, "a").retry_after is None:
        pass
    assert limits.is_spent(SLOW, "a")
    assert not limits.is_spent(SLOW, "b")
    refused = limits.refused
    assert limits.is_spent(SLOW, "a")
    assert limits.refused == refused
    limits.ask(SLOW, "b")
    limits.ask(SLOW, "c")
    assert not limits.is_spent(SLOW, "a"), "it has been forgotten"
    assert not limits.spent


async def test_who_had_none_left_has_some_again() -> None:
    """After the time that was told."""
    limits = RateLimits(10)
    while limits.ask(SOON, "a").retry_after is None:
        pass
    assert limits.is_spent(SOON, "a")
    async with asyncio.timeout(5):
        while limits.is_spent(SOON, "a"):
            await _turn()
    assert not limits.spent
