"""The guard against guessing under pressure: nobody overdraws, nothing is forgotten, all goes as in a plain model."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from tests.components.identity.conftest import NOW, PASSWORD, Replica
from tests.components.identity.guessing import (
    ADA,
    HOME,
    addresses,
    attack,
    known,
    let_in,
    tries,
)

from careplane.components.identity.api import Login
from careplane.components.identity.guessing.guesses import Guesses
from careplane.components.identity.passwords.hashing import Passwords
from careplane.kernel.clock import FixedClock
from careplane.kernel.errors import Overloaded, ResourceExhausted, Unauthenticated


async def test_nobody_overdraws_by_hurrying(replica: Replica) -> None:
    """Two hundred at the same time, in two processes: exactly as many pass as there are tries."""
    one, other = await replica(), await replica()
    asked = [let_in(g, f"user{n}@example.org") for n in range(100) for g in (one, other)]
    assert sum([a is not None for a in await asyncio.gather(*asked)]) == 20
    for expected in (200, 50, 0):  # each has one more; but whom the account let in has the try of the address left
        asked = [
            let_in((one, other)[n % 2], "eve@example.org", a) for n, a in zip(range(200), addresses(), strict=False)
        ]
        assert sum([a is not None for a in await asyncio.gather(*asked)]) == expected


async def test_a_restart_changes_nothing(replica: Replica) -> None:
    """The tries and the devices that are known are in the database."""
    before = await replica()
    device = await known(before)
    await attack(before)
    assert await tries(before, "bob@example.org") == 20
    after = await replica()
    assert await let_in(after, "bob@example.org") is None
    assert await let_in(after, ADA, next(addresses(25))) is None
    assert await tries(after, device=device) == 10


async def test_many_at_once_never_wait_for_each_other(guesses: Guesses, clock: FixedClock) -> None:
    """Tries, refunds, successes and sweeping on the same few rows: no deadlock, and nothing is left over."""
    seed = random.randrange(1 << 32)
    print("seed", seed)  # noqa: T201 - shown where it fails
    dice = random.Random(seed)

    async def one() -> None:
        admission = await let_in(guesses, f"user{dice.randrange(3)}@example.org", f"192.0.2.{dice.randrange(3)}")
        if admission is not None:
            await dice.choice((guesses.succeeded, guesses.refunded))(admission)

    for _ in range(10):
        await asyncio.gather(*(one() for _ in range(40)), guesses.step())
    for n in range(3):
        assert await tries(guesses, f"nobody{n}@example.org", f"192.0.2.{n}") == 20


async def test_guessers_do_not_stand_in_the_owners_way(world: Any) -> None:
    """Dozens who try the account at the same time keep nobody waiting whose device is known."""
    await world.add(ADA)
    device = (await world.identity.login(Login(ADA, PASSWORD, HOME))).device
    attackers = [
        world.identity.login(Login(ADA, "wrong password", a)) for _, a in zip(range(60), addresses(), strict=False)
    ]
    guessers = asyncio.gather(*attackers, return_exceptions=True)
    await asyncio.sleep(0)
    session = await world.identity.login(Login(ADA, PASSWORD, HOME, device=device))
    assert world.verifier.verify(session.token)
    kinds = {type(answer) for answer in await guessers}
    assert kinds <= {Unauthenticated, Overloaded}, kinds


async def test_a_check_that_did_not_happen_was_no_guess(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was turned away because too many came at once has all tries left."""

    async def too_many(*_: Any, **__: Any) -> bool:
        raise Overloaded(retry_after=1.0)

    monkeypatch.setattr(Passwords, "matches", too_many)
    for _ in range(60):
        with pytest.raises(Overloaded):
            await world.identity.login(Login(ADA, PASSWORD, HOME))
    assert await tries(world.guesses) == 20


async def test_a_refused_try_checks_no_password(world: Any) -> None:
    """Once the tries are used up nothing is looked up, hashed or audited, whether or not there is such a user."""
    await world.add(ADA)
    for email in (ADA, "nobody@example.org"):
        address = f"192.0.2.{len(email)}"
        for _ in range(20):
            with pytest.raises(Unauthenticated):
                await world.identity.login(Login(email, "wrong password", address))
        checked, audited = len(world.hasher.verified), len(await world.audit())
        with pytest.raises(ResourceExhausted) as caught:
            await world.identity.login(Login(email, PASSWORD, address))
        assert caught.value.retry_after == 30.0
        assert (len(world.hasher.verified), len(await world.audit())) == (checked, audited)


class Model:
    """What the guard promises, written down plainly: for each bucket the instant at which it is full again."""

    def __init__(self) -> None:
        """Begin with every bucket full."""
        self.full: dict[object, float] = {}
        self.known: dict[str, str] = {}
        """Whose each device is."""

    def take(self, now: float, key: object, at_once: int, every: float) -> bool:
        """Take one if there is one."""
        full = max(self.full.get(key, now), now)
        if full > now + (at_once - 1) * every:
            return False
        self.full[key] = full + every
        return True

    def let_in(self, now: float, account: str, address: str, device: str | None) -> list[tuple[object, float]]:
        """Return what was taken."""
        if device is not None and self.known.get(device) == account:
            return [(device, 60.0)] if self.take(now, device, 10, 60.0) else []
        before, pair = dict(self.full), (account, address)
        if self.take(now, address, 20, 30.0):
            if self.take(now, account, 50, 20.0):
                return [(address, 30.0), (account, 20.0)]
            if self.take(now, pair, 1, 60.0):
                return [(address, 30.0), (pair, 60.0)]
        self.full = before
        return []


async def test_any_course_of_events_goes_as_promised(guesses: Guesses, clock: FixedClock) -> None:
    """A random run of tries, right and wrong, over time, goes as in a plain model of the rules."""
    seed = random.randrange(1 << 32)
    print("seed", seed)  # noqa: T201 - shown where it fails
    dice, model = random.Random(seed), Model()
    for _ in range(1500):
        clock.at += timedelta(seconds=dice.choice((0, 0, 0, 0, 0, 1, 5, 20)))
        now = (clock.at - NOW).total_seconds()
        account, address = (
            dice.choice("aab"),
            dice.choice((f"192.0.2.{dice.randrange(4)}", f"10.0.{dice.randrange(99)}.1")),
        )
        device = dice.choice((None, None, *list(model.known)[:4]))
        expected = model.let_in(now, account, address, device)
        admission = await let_in(guesses, account, address, device)
        assert (admission is not None) == bool(expected)
        if admission is not None and dice.random() < 0.03:
            given = await guesses.succeeded(admission)
            assert (given is None) == admission.known
            if given is not None:
                model.known[given] = account
            for key, every in expected:
                model.full[key] -= every
        if dice.random() < 0.02:
            await guesses.step()
