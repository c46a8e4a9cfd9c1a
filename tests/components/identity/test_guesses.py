"""Slowing of guessing: who has how many tries where, and that no guesser locks the owner out."""

import base64
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.components.identity.conftest import NOW, Replica
from tests.components.identity.guessing import (
    ADA,
    HOME,
    addresses,
    attack,
    drain_account,
    known,
    let_in,
    tries,
    wait_of,
)

from careplane.components.identity.guessing.guesses import Guesses, place_of
from careplane.components.identity.guessing.store_guesses import GuessStore
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.clock import FixedClock
from careplane.kernel.errors import ResourceExhausted
from careplane.storage.database import Database


async def test_an_address_has_twenty_tries_over_all_accounts(guesses: Guesses, clock: FixedClock) -> None:
    """One more comes every thirty seconds; other addresses have their own."""
    assert sum([await let_in(guesses, f"user{n}@example.org") is not None for n in range(30)]) == 20
    assert await wait_of(guesses, "another@example.org") == 30.0
    assert await let_in(guesses, "another@example.org", "198.51.100.8")
    clock.at += timedelta(seconds=29)
    assert await wait_of(guesses, "another@example.org") == 1.0
    clock.at += timedelta(seconds=31)
    assert await tries(guesses, "another@example.org") == 2


async def test_a_success_takes_no_tries(guesses: Guesses) -> None:
    """What was taken before the check is given back."""
    for _ in range(60):
        await known(guesses)
    for n in range(60):
        await known(guesses, f"user{n}@example.org")
    assert await tries(guesses, "stranger@example.org") == 20


async def test_what_was_no_guess_is_given_back_and_makes_nobody_known(guesses: Guesses) -> None:
    """Asked for the second factor, or overloaded: nothing was guessed, nothing was shown."""
    for _ in range(60):
        admission = await let_in(guesses)
        assert admission
        await guesses.refunded(admission)
    assert await tries(guesses) == 20


async def test_a_known_device_has_tries_that_nobody_else_uses_up(guesses: Guesses, clock: FixedClock) -> None:
    """Ten at once, one more a minute, whatever others do at the account, and wherever the device is."""
    device = await known(guesses)
    await attack(guesses)
    assert await tries(guesses, device=device) == 10
    assert await wait_of(guesses, address="192.0.2.77", device=device) == 60.0
    clock.at += timedelta(minutes=3)
    assert await tries(guesses, address="192.0.2.78", device=device) == 3


async def test_a_known_device_does_not_suffer_from_others_at_the_same_address(guesses: Guesses) -> None:
    """Whoever shares the owner's address uses up the strangers' tries there, at that very account too, and no more."""
    device = await known(guesses)
    assert await tries(guesses) == 20
    assert await let_in(guesses, "carol@example.org") is None
    assert await tries(guesses, device=device) == 10


async def test_an_address_tells_nothing_of_who_signs_in_there(guesses: Guesses) -> None:
    """Once its tries are used up all are refused alike: who signed in from there, who did elsewhere, and nobody."""
    device = await known(guesses)
    await known(guesses, "bob@example.org", "192.0.2.1")
    assert await tries(guesses, "eve@example.org") == 20
    waits = {await wait_of(guesses, account) for account in (ADA, "bob@example.org", "nobody@example.org")}
    assert waits == {30.0}
    for account in ("bob@example.org", "nobody@example.org"):
        assert await wait_of(guesses, account, device=device) == 30.0


@pytest.mark.parametrize("device", ["", "cpd_", "cpd_" + "x" * 43, "x" * 100_000, "\ud800", "nul\x00"])
async def test_a_device_that_nobody_knows_is_as_none(guesses: Guesses, device: str) -> None:
    """Whatever is sent, the tries are the strangers', and a success gives a secret that was not sent."""
    await known(guesses)
    admission = await let_in(guesses, device=device)
    assert admission
    assert not admission.known
    assert await guesses.succeeded(admission) not in (None, device)
    assert await tries(guesses, device=device) == 20


async def test_a_device_is_known_at_the_account_that_it_was_given_for(guesses: Guesses) -> None:
    """Another account's secret is as none; a known one is not given anew; each device has its own tries."""
    ada, bob = await known(guesses), await known(guesses, "bob@example.org")
    foreign = await let_in(guesses, device=bob)
    mine = await let_in(guesses, device=ada)
    assert foreign
    assert mine
    assert (foreign.known, mine.known) == (False, True)
    assert await guesses.succeeded(mine) is None
    other = await guesses.succeeded(foreign)
    assert other not in (None, ada, bob)
    assert [await tries(guesses, device=device) for device in (ada, other)] == [10, 10]
    assert (await guesses.admit("client", ADA, HOME, ada)).known is False


async def test_a_secret_is_long_random_and_recognisable(guesses: Guesses) -> None:
    """256 random bits after a prefix."""
    secrets = [await known(guesses) for _ in range(5)]
    assert len(set(secrets)) == 5
    for secret in secrets:
        assert secret.startswith("cpd_")
        assert len(base64.urlsafe_b64decode(secret.removeprefix("cpd_") + "=")) == 32


async def test_a_device_is_forgotten_after_ninety_days(guesses: Guesses, clock: FixedClock) -> None:
    """And known for ninety more by each sign-in."""
    device = await known(guesses)
    clock.at += timedelta(days=89)
    assert await known(guesses, device=device) == device
    clock.at += timedelta(days=89)
    assert await tries(guesses, device=device) == 10
    clock.at += timedelta(days=2)
    assert await tries(guesses, device=device) == 20


async def test_strangers_share_the_tries_of_an_account(guesses: Guesses, clock: FixedClock) -> None:
    """Fifty at once; then one a minute for each address, and one more for all of them every twenty seconds."""
    taken = [await let_in(guesses, ADA, address) for address, _ in zip(addresses(), range(50), strict=False)]
    assert all(taken)
    late = addresses(1000)
    for address, _ in zip(late, range(100), strict=False):
        assert await let_in(guesses, ADA, address), "the first try of an address is always let through"
        assert await wait_of(guesses, ADA, address) == 20.0
    clock.at += timedelta(seconds=20)
    address = next(late)
    assert [await let_in(guesses, ADA, address) is not None for _ in range(3)] == [True, True, False]


async def test_the_owner_gets_in_from_a_new_address_at_once_while_others_guess(guesses: Guesses) -> None:
    """However many addresses the attackers have, the owner's is another one."""
    assert await attack(guesses) == 26
    for address, _ in zip(addresses(5000), range(200), strict=False):
        await let_in(guesses, ADA, address)
    device = await known(guesses)
    assert await tries(guesses, device=device) == 10


async def test_an_address_gets_one_try_a_minute_at_an_account_without_tries(
    guesses: Guesses, clock: FixedClock
) -> None:
    """So that an attacker needs another address for every guess, and an owner who mistypes need not wait for long."""
    await attack(guesses)
    for _ in range(5):
        assert await let_in(guesses)
        clock.at += timedelta(seconds=1)
        await drain_account(guesses)
        assert await let_in(guesses) is None
        clock.at += timedelta(seconds=59)
        await drain_account(guesses)


async def test_a_refused_try_costs_the_address_nothing(guesses: Guesses) -> None:
    """Who keeps trying at an account without tries still has those of the address for others."""
    await attack(guesses)
    assert await let_in(guesses)
    for _ in range(50):
        assert await let_in(guesses) is None
    assert await tries(guesses, "another@example.org") == 19


async def test_kinds_of_accounts_do_not_mix(guesses: Guesses) -> None:
    """A program's id is another account than a person's of the same spelling, but an address is one address."""
    await attack(guesses)
    assert len((await guesses.admit("client", ADA, next(addresses()))).taken) == 2
    for n in range(20):
        await guesses.admit("client", f"client-{n}", HOME)
    assert await let_in(guesses, "bob@example.org") is None


async def test_without_an_address_there_is_one_bucket(guesses: Guesses) -> None:
    """Callers inside the platform have no address, and are slowed like one."""
    assert sum([await let_in(guesses, f"user{n}@example.org", None) is not None for n in range(30)]) == 20
    assert await let_in(guesses, "another@example.org", "") is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:ffff:ffff:ffff:ffff:ffff"),
        ("2001:db8:1:2::1", "2001:0DB8:0001:0000:0000:0000:0000:0009"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_addresses_of_one_customer_are_one(one: str, other: str) -> None:
    """Whoever has one address of an IPv6 /48 has all of them."""
    assert place_of(one) == place_of(other)


def test_other_addresses_are_others() -> None:
    """What is not an address is a place of its own too."""
    places = ["192.0.2.1", "192.0.2.2", "2001:db8:1:2::1", "2001:db8:2:2::1", "unknown", "", "somewhere"]
    assert len({place_of(place) for place in places}) == len(places)


async def test_nothing_personal_is_kept(guesses: Guesses, database: Database) -> None:
    """Neither account nor address nor a device's secret stand in any row, and another database has other hashes."""
    device = await known(guesses)
    await tries(guesses, device=device)
    await attack(guesses)
    rows = await database.fetch(
        "SELECT b::text AS row FROM guess_buckets b UNION ALL SELECT k::text FROM known_devices k"
    )
    text = " ".join(row["row"] for row in rows)
    assert len(rows) > 20
    for word in (ADA, "example", HOME, device, device.removeprefix("cpd_")):
        assert word not in text
        assert word.encode().hex() not in text
    keys = {row["key"] for row in await database.fetch("SELECT key FROM guess_buckets")}
    other = Guesses(GuessStore(database), IdentitySettings(), FixedClock(NOW), b"the key of another database")
    await tries(other)
    assert len({row["key"] for row in await database.fetch("SELECT key FROM guess_buckets")} - keys) == 2


async def test_a_secrets_key_makes_the_hashes_hold_without_the_database(replica: Replica, database: Database) -> None:
    """Who has a copy of the database alone cannot try addresses until one fits."""
    await let_in(await replica())
    keys = {row["key"] for row in await database.fetch("SELECT key FROM guess_buckets")}
    await let_in(await replica(secrets_key="A" * 43 + "="))
    assert len({row["key"] for row in await database.fetch("SELECT key FROM guess_buckets")} - keys) == 2


async def test_it_is_told_loudly_when_an_account_has_no_tries_left(guesses: Guesses, clock: FixedClock) -> None:
    """A log line without a name, and a number for the dashboards that goes back when it is over."""
    with capture_logs() as logs:
        await attack(guesses)
    (line,) = logs
    assert line["log_level"] == "warning"
    assert "guesses a password" in line["event"]
    assert "example" not in str(line)
    assert guesses.exhausted == 0.0
    await guesses.step()
    assert guesses.exhausted == 1.0
    clock.at += timedelta(seconds=20)
    await guesses.step()
    assert guesses.exhausted == 0.0


async def test_what_is_full_again_is_deleted(guesses: Guesses, database: Database, clock: FixedClock) -> None:
    """The tables hold what counts now, and no more."""
    await known(guesses)
    await attack(guesses)
    assert not await guesses.step()
    assert len(await database.fetch("SELECT FROM guess_buckets")) > 20
    clock.at += timedelta(minutes=20)
    await guesses.step()
    assert await database.fetch("SELECT FROM guess_buckets") == []
    assert len(await database.fetch("SELECT FROM known_devices")) == 1
    clock.at += timedelta(days=90)
    await guesses.step()
    assert await database.fetch("SELECT FROM known_devices") == []


async def test_wrong_codes_are_few_in_a_row(guesses: Guesses, clock: FixedClock) -> None:
    """Five, then one every five minutes; a right one begins anew, and a known device counts alone."""
    for device in (await known(guesses, ADA, "192.0.2.1"), None):
        admission = await let_in(guesses, ADA, HOME, device)
        assert admission
        for _ in range(5):
            await guesses.admit_code(admission)
        with pytest.raises(ResourceExhausted, match="recovery code") as caught:
            await guesses.admit_code(admission)
        assert caught.value.retry_after == 300.0
    elsewhere = await let_in(guesses, ADA, "198.51.100.99")
    assert elsewhere
    with pytest.raises(ResourceExhausted):
        await guesses.admit_code(elsewhere)
    clock.at += timedelta(minutes=5)
    await guesses.admit_code(elsewhere)
    await guesses.code_was_right(elsewhere)
    for _ in range(5):
        await guesses.admit_code(elsewhere)
