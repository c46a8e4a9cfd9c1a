"""Slowing of guessing: how many tries an account and an address have, such that guessers never lock the owner out.

A device that the account has signed in from was given a secret, and whoever shows that has tries of their own, which
nobody else can use up, whatever the address. Everybody else is a stranger, and a secret that is unknown, or was given
for another account, is none. Strangers share the tries of their address and those of the account; once the account's
are used up, each address still has a try now and then, so the owner gets in with a new device while others guess.
"""

import hashlib
import ipaddress
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from careplane.components.identity.guessing.store_guesses import Asking, Bucket, GuessStore
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.clock import Clock
from careplane.kernel.errors import ResourceExhausted

PASSWORD: Final = "password"  # noqa: S105 - a word, not a secret
"""The kind of guess that a sign-in with e-mail and password is."""

_NOWHERE: Final = "none"
_NETWORK_OF_ONE_CUSTOMER: Final = 6  # bytes: an IPv6 /48, which is what many are given
_DEVICE_BYTES: Final = 32
_DEVICE_PREFIX: Final = "cpd_"
_DEVICE: Final = re.compile(r"cpd_[A-Za-z0-9_-]{43}")
_DETAIL: Final = "Too many tries to sign in. Wait as long as Retry-After says, then try again."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tries:
    """How many tries there are at once, and after how long there is one more."""

    at_once: int
    every: timedelta

    def bucket(self, key: bytes, now: datetime) -> Bucket:
        """Return a bucket of so many tries as it is asked for one at `now`."""
        return Bucket(key, self.every, now + (self.at_once - 1) * self.every)


class Admission(msgspec.Struct, frozen=True):
    """A try that was let through: give it back with `refunded` or `succeeded` unless it turns out to be wrong.

    `account` is a keyed digest of whose it is, and so is `device` of that and of the device's secret.
    """

    account: bytes
    device: bytes
    known: bool
    taken: tuple[Bucket, ...]
    codes: bytes


class Guesses:
    """Counts tries in the database, under keyed hashes: it holds no address and no name of an account."""

    def __init__(self, store: GuessStore, settings: IdentitySettings, clock: Clock, key: bytes) -> None:
        """Take the numbers from `settings`; `key` is the database's own."""
        self._store = store
        self._clock = clock
        self._key = hashlib.blake2b(key, key=settings.secrets_key.encode()[:64]).digest()
        self._known = _tries(settings.guess_known_at_once, settings.guess_known_every_s)
        self._address = _tries(settings.guess_address_at_once, settings.guess_address_every_s)
        self._account = _tries(settings.guess_account_at_once, settings.guess_account_every_s)
        self._last = _tries(1, settings.guess_last_every_s)
        self._codes = _tries(settings.guess_code_at_once, settings.guess_code_every_s)
        self._remembered = timedelta(days=settings.guess_known_days)
        self.exhausted = 0.0

    @classmethod
    async def open(cls, store: GuessStore, settings: IdentitySettings, clock: Clock) -> "Guesses":
        """Read the database's key."""
        return cls(store, settings, clock, await store.key())

    async def admit(self, kind: str, account: str, address: str | None, device: str | None = None) -> Admission:
        """Take a try before anything is checked; raise ResourceExhausted where there is none.

        `account` is what somebody says who they are, whether or not there is such an account, among those of `kind`;
        `device` is the secret that they say their device was given.
        """
        now = self._clock.now()
        asking = self._asking(self._hash("account", kind, account), place_of(address), device or "", now)
        taken = await self._store.take(asking, now)
        if not taken.buckets:
            raise ResourceExhausted(_DETAIL, retry_after=taken.wait.total_seconds())
        if taken.emptied:
            words = "somebody guesses a password: all tries that strangers have at an account are used up"
            _log.warning(words, account=asking.account.key.hex())
        whose = asking.device if taken.known else asking.account.key
        return Admission(asking.account.key, asking.device, taken.known, taken.buckets, self._hash("codes", whose))

    async def admit_code(self, admission: Admission) -> None:
        """Take a try at a second factor's code, of which there are few in a row.

        Where there is none nothing is checked, so the admission is given back, and ResourceExhausted is raised.
        """
        now = self._clock.now()
        wait = await self._store.take_one(self._codes.bucket(admission.codes, now), "codes", now)
        if wait is not None:
            await self.refunded(admission)
            detail = f"{_DETAIL} A recovery code can be used at once."
            raise ResourceExhausted(detail, retry_after=wait.total_seconds())

    async def code_was_right(self, admission: Admission) -> None:
        """Begin to count wrong codes anew."""
        await self._store.refill(admission.codes)

    async def refunded(self, admission: Admission) -> None:
        """Give a try back that was no guess."""
        await self._store.give_back(admission.taken)

    async def succeeded(self, admission: Admission) -> str | None:
        """Give the try back, and return the secret for a device that is to be known, or None where it is already."""
        device, handed_out = admission.device, None
        if not admission.known:
            handed_out = _DEVICE_PREFIX + secrets.token_urlsafe(_DEVICE_BYTES)
            device = self._device(admission.account, handed_out)
        await self._store.give_back(admission.taken, device, self._clock.now())
        return handed_out

    async def step(self) -> bool:
        """Forget what need not be known any longer, and count the accounts that strangers have no tries left at."""
        now = self._clock.now()
        empty = self._account.bucket(b"", now).room
        swept = await self._store.sweep(now, now - self._remembered, empty)
        self.exhausted = float(swept.exhausted)
        return swept.more

    def _asking(self, account: bytes, place: str, secret: str, now: datetime) -> Asking:
        device = self._device(account, secret)
        return Asking(
            device=device,
            since=now - self._remembered,
            known=self._known.bucket(self._hash("known", device), now),
            address=self._address.bucket(self._hash("address", place), now),
            account=self._account.bucket(account, now),
            last=self._last.bucket(self._hash("last", account, place), now),
        )

    def _device(self, account: bytes, secret: str) -> bytes:
        return self._hash("device", account, secret if _DEVICE.fullmatch(secret) else "")

    def _hash(self, *parts: str | bytes) -> bytes:
        return hashlib.blake2b(msgspec.msgpack.encode(parts), digest_size=16, key=self._key).digest()


def place_of(address: str | None) -> str:
    """Return what tries count an address under: for IPv6 its /48, since one customer has all of that."""
    if not address:
        return _NOWHERE
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped) if ip.ipv4_mapped else ip.packed[:_NETWORK_OF_ONE_CUSTOMER].hex()
    return str(ip)


def _tries(at_once: int, every_s: float) -> Tries:
    return Tries(at_once, timedelta(seconds=every_s))
