"""Hashing: so many at a time, so many that wait, one more refused; and no cheap parameters in production."""

import asyncio
import threading
from collections.abc import Iterator

import msgspec
import pytest
from tests.components.identity.conftest import CountingHasher

from careplane.components.identity.guessing.guesses import Guesses
from careplane.components.identity.passwords.hashing import Argon2, Passwords
from careplane.components.identity.passwords.store_costs import hashes_in_use
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.errors import FailedPrecondition, Overloaded
from careplane.storage.database import Database


class GatedHasher:
    """A hasher that waits to be let go, and counts how many are at work."""

    def __init__(self) -> None:
        """Start with the gate open."""
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.lock = threading.Lock()
        self.running = self.most = self.done = 0

    def hash(self, secret: bytes) -> str:
        """Wait at the gate."""
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        if not self.gate.is_set():
            self.begun.set()
        assert self.gate.wait(30)
        with self.lock:
            self.running -= 1
            self.done += 1
        return secret.decode("latin-1")

    def verify(self, hashed: str, secret: bytes) -> bool:
        """Wait at the gate, and compare."""
        return self.hash(secret) == hashed

    def outdated(self, hashed: str) -> bool:
        """Tell that all is well."""
        return False


@pytest.fixture
def gated() -> Iterator[GatedHasher]:
    """Give a hasher whose gate is open at the end, so that its threads can end."""
    hasher = GatedHasher()
    yield hasher
    hasher.gate.set()


async def test_so_many_run_so_many_wait_and_one_more_is_refused(gated: GatedHasher) -> None:
    """With two threads and three places to wait, the sixth is Overloaded at once, and the five are answered."""
    passwords = await Passwords.open(gated, threads=2, waiting=3)
    gated.gate.clear()
    held = [asyncio.ensure_future(passwords.hash(bytes([65 + n]))) for n in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as caught:
        await passwords.matches("x", b"x")
    assert caught.value.retry_after
    gated.gate.set()
    assert await asyncio.gather(*held) == ["A", "B", "C", "D", "E"]
    assert gated.most <= 2
    assert await passwords.matches("x", b"x")
    passwords.close()


async def test_strangers_leave_places_for_others(gated: GatedHasher) -> None:
    """However many come at once, they take the threads and half of the places to wait; a refusal takes none."""
    passwords = await Passwords.open(gated, threads=2, waiting=4)
    gated.gate.clear()
    strangers = [asyncio.ensure_future(passwords.matches("x", b"x", stranger=True)) for _ in range(4)]
    await asyncio.sleep(0)
    for _ in range(10):
        with pytest.raises(Overloaded):
            await passwords.matches("x", b"x", stranger=True)
    others = [asyncio.ensure_future(passwords.matches("x", b"x")) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await passwords.matches("x", b"x")
    with pytest.raises(Overloaded):
        await passwords.matches("x", b"x", stranger=True)
    gated.gate.set()
    assert all(await asyncio.gather(*strangers, *others))
    for _ in range(20):
        assert await passwords.matches("x", b"x", stranger=True)
    passwords.close()


async def test_one_who_gives_up_keeps_the_place_only_while_the_thread_works(gated: GatedHasher) -> None:
    """A cancelled wait frees its place at once, a cancelled run when the thread is done: the bound holds."""
    passwords = await Passwords.open(gated, threads=1, waiting=1)
    gated.gate.clear()
    running = asyncio.ensure_future(passwords.hash(b"running"))
    async with asyncio.timeout(10):
        await asyncio.to_thread(gated.begun.wait, 10)
    waiting = asyncio.ensure_future(passwords.hash(b"waiting"))
    await asyncio.sleep(0)
    for given_up in (running, waiting):
        given_up.cancel()
    await asyncio.wait((running, waiting))
    next_one = asyncio.ensure_future(passwords.hash(b"next"))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await passwords.hash(b"one too many")
    gated.gate.set()
    assert await next_one == "next"
    assert gated.most == 1
    passwords.close()


async def test_the_loop_goes_on_while_a_password_is_checked(gated: GatedHasher) -> None:
    """Other work is done in the meantime."""
    passwords = await Passwords.open(gated, threads=1, waiting=1)
    gated.gate.clear()
    check = asyncio.ensure_future(passwords.matches("x", b"x"))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not check.done()
    gated.gate.set()
    assert await check
    passwords.close()


async def test_no_password_matches_nobodys_hash() -> None:
    """Without a user, or without a possible password, the answer is no, also for the empty one."""
    hasher = Argon2(IdentitySettings(argon2_time_cost=1, argon2_memory_kib=8, argon2_parallelism=1, production=False))
    passwords = await Passwords.open(hasher, threads=1, waiting=1)
    empty = await passwords.hash(b"")
    assert not await passwords.matches(None, b"password")
    assert not await passwords.matches(None, None)
    assert not await passwords.matches(empty, None)
    assert await passwords.matches(empty, b"")
    passwords.close()


def argon2_of(memory: int) -> Argon2:
    """Return a hasher of that cost."""
    settings = IdentitySettings(argon2_time_cost=1, argon2_memory_kib=memory, argon2_parallelism=1, production=False)
    return Argon2(settings)


async def test_unknown_users_cost_what_users_do(database: Database, guesses: Guesses) -> None:
    """After a change of settings three of four users have hashes of the old cost: so do unknown ones, always alike."""
    for n in range(40):
        made = argon2_of(8 if n % 4 else 16).hash(b"secret")
        await database.execute(
            """INSERT INTO users (id, email, email_key, password_hash, roles, created_at, updated_at)
            VALUES (gen_random_uuid(), $1, $1, $2, '{analyst}', now(), now())""",
            f"user{n}@example.org",
            made,
        )
    in_use = await hashes_in_use(database)
    assert sorted(users for _, users in in_use) == [10, 30]
    hasher = CountingHasher(argon2_of(16))
    passwords = await Passwords.open(hasher, threads=1, waiting=1, in_use=in_use)
    for n in [*range(400), *range(400)]:
        admission = await guesses.admit("password", f"unknown{n}@example.org", f"10.0.{n >> 8}.{n & 255}")
        assert not await passwords.matches(None, b"secret", draw=admission.account)
    first, again = hasher.verified[:400], hasher.verified[400:]
    assert first == again
    assert len(set(first)) == 2
    assert 240 <= sum("m=8,t=1,p=1" in hashed for hashed in first) <= 360, "300 are expected, give or take 9"
    passwords.close()


async def test_without_users_an_unknown_one_costs_what_the_first_will(database: Database) -> None:
    """Nothing is in use yet, so that the settings decide."""
    hasher = CountingHasher(argon2_of(16))
    passwords = await Passwords.open(hasher, threads=1, waiting=1, in_use=await hashes_in_use(database))
    assert not await passwords.matches(None, b"secret", draw=b"any")
    assert "m=16,t=1,p=1" in hasher.verified[0]
    passwords.close()


@pytest.mark.parametrize(("time_cost", "memory", "enough"), [
    (3, 65_536, True), (2, 19_456, True), (1, 47_104, True), (5, 7_168, True),
    (1, 19_456, False), (2, 19_455, False), (10, 7_167, False), (1, 8, False),
])  # fmt: skip
def test_production_refuses_cheap_parameters(time_cost: int, memory: int, enough: bool) -> None:
    """OWASP's least is the least; development may have it cheaper."""
    settings = IdentitySettings(argon2_time_cost=time_cost, argon2_memory_kib=memory, argon2_parallelism=1)
    Argon2(msgspec.structs.replace(settings, production=False))
    if enough:
        Argon2(settings)
    else:
        with pytest.raises(FailedPrecondition, match="too cheap"):
            Argon2(settings)


def test_the_defaults_are_rfc_9106s_second_choice() -> None:
    """argon2id with three passes over 64 MiB in four lanes, a salt of 16 bytes and a tag of 32."""
    made = Argon2(IdentitySettings())
    assert made.hash(b"x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert made.verify(made.hash(b"x"), b"x")
