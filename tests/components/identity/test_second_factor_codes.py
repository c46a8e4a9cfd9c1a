"""Codes of the second factor: those of the RFC, each good once even in a race, and not to be guessed."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.components.identity.holder import EMAIL, KEY, PASSWORD, STEP, Holder

from careplane.components.identity.api import (
    Login,
    SecondFactorRequired,
)
from careplane.components.identity.second_factor.vault import Vault
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.errors import (
    PlatformError,
    ResourceExhausted,
    Unauthenticated,
)


@pytest.fixture
def settings(settings: IdentitySettings) -> IdentitySettings:
    """Give settings with a key for secrets."""
    return msgspec.structs.replace(settings, secrets_key=KEY)


async def test_a_wrong_code_is_answered_like_a_wrong_password(holder: Holder) -> None:
    """Word for word; and a wrong password never comes as far as the code."""
    answers = set()
    for password, code in ((PASSWORD, holder.wrong()), ("wrong", None), ("wrong", holder.code()), (PASSWORD, "")):
        with pytest.raises(Unauthenticated) as caught:
            await holder.world.identity.login(Login(EMAIL, password, None, code))
        answers.add((type(caught.value), str(caught.value), str(caught.value.meta)))
    assert len(answers) == 1
    assert await holder.login(holder.code()), "the code that came with a wrong password is not used up"


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "\ud800", "9" * 99999]
)
async def test_nonsense_is_a_wrong_code(holder: Holder, code: str) -> None:
    """Whatever is sent as a code, the answer is the usual one."""
    with pytest.raises(Unauthenticated):
        await holder.login(code)


@pytest.mark.parametrize(("steps", "passes"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_clocks_may_differ_by_a_step(holder: Holder, steps: int, *, passes: bool) -> None:
    """The code of the step before or after is good too, no other."""
    if passes:
        assert await holder.login(holder.code(steps))
        return
    with pytest.raises(Unauthenticated):
        await holder.login(holder.code(steps))


async def test_codes_are_those_of_the_rfc(holder: Holder) -> None:
    """The test vectors of RFC 6238, appendix B, to six digits."""
    sealed = Vault(KEY).seal(holder.user.id, b"12345678901234567890")
    await holder.world.database.execute("UPDATE second_factors SET secret = $1, last_step = NULL", sealed)
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        holder.world.clock.at = datetime.fromtimestamp(seconds, UTC)
        await holder.world.database.execute("DELETE FROM guess_buckets")  # this clock goes backwards
        session = await holder.world.identity.login(Login(EMAIL, PASSWORD, None, code))
        assert session.token


async def test_a_code_is_good_once(holder: Holder) -> None:
    """Nor is an earlier one after a later one; the code of the confirmation counts as used."""
    later, now = holder.code(1), holder.code()
    assert await holder.login(later)
    for used in (later, now, holder.code(-1)):
        with pytest.raises(Unauthenticated):
            await holder.login(used)
    holder.world.clock.at += 2 * STEP
    assert await holder.login(holder.code())


async def test_the_code_of_the_confirmation_is_used_up(newcomer: Holder) -> None:
    """Whoever looked over the shoulder cannot sign in with it."""
    await newcomer.enrol()
    code = newcomer.code()
    await newcomer.confirm(code)
    with pytest.raises(Unauthenticated):
        await newcomer.login(code)


async def outcomes(calls: Sequence[Any]) -> list[bool]:
    """Return who got in, of those who try at the same time."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(a, str | Unauthenticated) for a in answers), answers
    return [isinstance(a, str) for a in answers]


def addresses() -> list[str]:
    """Return where from to try at the same time: those of one address wait for each other."""
    return [f"192.0.2.{n}" for n in range(5)]


async def test_a_code_is_good_once_in_a_race(holder: Holder) -> None:
    """Of many who send one code at the same time exactly one gets in."""
    code = holder.code()
    assert sum(await outcomes([holder.login(code, address=a) for a in addresses()])) == 1
    recovery = holder.codes[0]
    assert sum(await outcomes([holder.login(recovery, address=a) for a in addresses()])) == 1


async def test_a_recovery_code_stands_in_once(holder: Holder) -> None:
    """There are ten, of 120 random bits; each signs in once, however it is typed."""
    assert len(set(holder.codes)) == 10
    assert all(re.fullmatch(r"([A-Z2-7]{4}-){5}[A-Z2-7]{4}", code) for code in holder.codes)
    plain, lower, spaced, *others = holder.codes
    for code in (plain, lower.lower(), spaced.replace("-", " "), *others):
        holder.world.clock.at += timedelta(minutes=1)
        assert await holder.login(code)
        with pytest.raises(Unauthenticated):
            await holder.login(code)
    assert await holder.login(holder.code())


async def test_somebody_elses_recovery_code_is_none(holder: Holder) -> None:
    """The codes of one user are nothing to another."""
    bob = Holder(holder.world, await holder.world.add("bob@example.org"))
    await bob.enrol()
    await bob.confirm()
    with pytest.raises(Unauthenticated):
        await bob.login(holder.codes[0], email="bob@example.org")
    assert await holder.login(holder.codes[0])


async def refused_codes(holder: Holder, address: str | None, most: int = 30) -> tuple[int, PlatformError]:
    """Send wrong codes until something else than the usual answer comes, and return how many that took, and it."""
    for count in range(most):
        try:
            await holder.login(holder.wrong(), address=address)
        except Unauthenticated:
            continue
        except PlatformError as error:
            return count, error
    raise AssertionError


async def test_codes_are_not_to_be_guessed(holder: Holder) -> None:
    """Five wrong ones in a row; a right one after four begins anew; a recovery code is good all the same."""
    for _ in range(4):
        with pytest.raises(Unauthenticated):
            await holder.login(holder.wrong())
    assert await holder.login(holder.code())
    holder.world.clock.at += 2 * STEP
    count, error = await refused_codes(holder, None)
    assert (count, type(error), error.retry_after) == (5, ResourceExhausted, 300.0)
    with pytest.raises(ResourceExhausted):
        await holder.login(holder.code())
    assert await holder.login(holder.codes[0])


async def test_strangers_who_have_the_password_do_not_lock_the_owner_out(holder: Holder) -> None:
    """With a known device there are codes of their own to try."""
    assert await holder.login(holder.code(), address="192.0.2.1")
    device = holder.device
    holder.world.clock.at += 2 * STEP
    assert (await refused_codes(holder, "198.51.100.1"))[0] == 5
    assert (await refused_codes(holder, "198.51.100.2"))[0] == 0
    assert await holder.login(holder.code(), address="198.51.100.1", device=device)


async def test_a_recovery_code_can_be_used_at_once(holder: Holder) -> None:
    """However often codes were refused unchecked: these cost no try at the password, as being asked costs none."""
    assert (await refused_codes(holder, "192.0.2.1"))[0] == 5
    for _ in range(60):
        with pytest.raises(ResourceExhausted, match="A recovery code can be used at once"):
            await holder.login(holder.code(), address="192.0.2.1")
    assert await holder.login(holder.codes[0], address="192.0.2.1")


async def test_a_wrong_code_is_a_failed_guess_and_being_asked_for_it_is_none(holder: Holder) -> None:
    """Being asked costs no try of the address; a wrong code does, though the password was right."""
    address = "192.0.2.1"
    for _ in range(60):
        with pytest.raises(SecondFactorRequired):
            await holder.login(address=address)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await holder.login(holder.wrong(), address=address)
    left = 0
    while await holder.world.guesses.admit("password", f"user{left}@example.org", address):
        left += 1
        if left == 15:
            break
    with pytest.raises(ResourceExhausted):
        await holder.world.guesses.admit("password", "another@example.org", address)
