"""Ways to ask for tries, and an attack on an account, as tests of the guard against guessing need them."""

import random
from collections.abc import Iterator

import pytest

from careplane.components.identity.guessing.guesses import Admission, Guesses
from careplane.kernel.errors import ResourceExhausted

ADA, HOME = "ada@example.org", "198.51.100.7"


async def let_in(
    guesses: Guesses, account: str = ADA, address: str | None = HOME, device: str | None = None
) -> Admission | None:
    """Ask for a try, and return None where there is none."""
    try:
        return await guesses.admit("password", account, address, device)
    except ResourceExhausted:
        return None


async def wait_of(guesses: Guesses, account: str = ADA, address: str | None = HOME, device: str | None = None) -> float:
    """Ask for a try that is refused, and return for how long one is told to wait."""
    with pytest.raises(ResourceExhausted, match="Wait as long as Retry-After says") as caught:
        await guesses.admit("password", account, address, device)
    assert caught.value.retry_after is not None
    return caught.value.retry_after


async def tries(guesses: Guesses, account: str = ADA, address: str | None = HOME, device: str | None = None) -> int:
    """Return how many tries there are at once, of a hundred."""
    for count in range(100):
        if await let_in(guesses, account, address, device) is None:
            return count
    return 100


def addresses(first: int = 0) -> Iterator[str]:
    """Return addresses without end, each another one."""
    return (f"203.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(first, 1 << 20))


async def attack(guesses: Guesses, account: str = ADA) -> int:
    """Guess at an account, twice from each address, until the account has no tries of its own left."""
    for count, address in enumerate(addresses(), start=1):
        assert await let_in(guesses, account, address)
        if await let_in(guesses, account, address) is None:
            return count
    raise AssertionError


async def known(guesses: Guesses, account: str = ADA, address: str | None = HOME, device: str | None = None) -> str:
    """Sign in, and return the secret that the device has then."""
    admission = await let_in(guesses, account, address, device)
    assert admission
    secret = await guesses.succeeded(admission) or device
    assert secret
    return secret


async def drain_account(guesses: Guesses) -> None:
    """Take what has come back to the account meanwhile, each from another address."""
    for address in addresses(random.getrandbits(18)):
        assert await let_in(guesses, ADA, address)
        if await let_in(guesses, ADA, address) is None:
            return
