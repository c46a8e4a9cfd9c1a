"""The key ring: which key signs now, which are announced, and which are done, by the time each was made.

A new key is announced at once, and signs when everybody who verifies has had time to hear of it. The one before it
verifies until the last token made with it has ended, and is then retired: neither announced nor believed. A key whose
file does not say when it was made, or that stands in the settings, has been there since ever.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from careplane.components.identity.messages import KeySet
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.keys import SigningKey, key_set
from careplane.components.identity.signing.tokens import LEEWAY_MAX_SECONDS
from careplane.kernel.errors import FailedPrecondition


class Standing(StrEnum):
    """What a key is there for."""

    ANNOUNCED = "announced"
    SIGNING = "signing"
    VERIFYING = "verifying"
    RETIRED = "retired"


class Turn(msgspec.Struct, frozen=True):
    """A key, what it is there for now, since when it signs or will, and until when it verifies; None is for ever."""

    key: SigningKey
    standing: Standing
    signs_from: datetime | None
    verifies_until: datetime | None


class KeyRing:
    """The keys of the platform, each with its turn."""

    def __init__(self, keys: Sequence[SigningKey], *, lead: timedelta, after: timedelta) -> None:
        """Take the keys, newest first; how long each is announced before it signs, and verifies after it has."""
        self._keys = tuple(keys)
        self._lead = lead
        self._after = after

    @classmethod
    def of(cls, settings: IdentitySettings, keys: Sequence[SigningKey]) -> "KeyRing":
        """Take the times from the settings."""
        lead = timedelta(seconds=settings.key_lead_s)
        return cls(keys, lead=lead, after=timedelta(seconds=settings.token_ttl_s + LEEWAY_MAX_SECONDS) + lead)

    @property
    def keys(self) -> tuple[SigningKey, ...]:
        """The keys, newest first."""
        return self._keys

    def replace(self, keys: Sequence[SigningKey]) -> None:
        """Take these keys from now on; raise FailedPrecondition for none at all, and keep those there were."""
        if not keys:
            raise FailedPrecondition("The folder of the signing keys is empty: put the keys back.")
        self._keys = tuple(keys)

    def signing(self, now: datetime) -> SigningKey:
        """Return the key to sign with."""
        return next(turn.key for turn in self.turns(now) if turn.standing is Standing.SIGNING)

    def announced(self, now: datetime) -> KeySet:
        """Return the public halves of all keys but the retired ones, the one that signs first."""
        turns = [turn for turn in self.turns(now) if turn.standing is not Standing.RETIRED]
        return key_set([t.key for t in sorted(turns, key=lambda turn: turn.standing is not Standing.SIGNING)])

    def turns(self, now: datetime) -> list[Turn]:
        """Return every key with its turn, newest first."""
        starts = [self._signs_from(place) for place in range(len(self._keys))]
        begun = [start is None or start <= now for start in starts]
        signing = begun.index(True) if True in begun else len(self._keys) - 1
        turns: list[Turn] = []
        until: datetime | None = None
        for place, key in enumerate(self._keys):
            successor = starts[place - 1] if place else None
            until = until if successor is None else successor + self._after
            turns.append(Turn(key, _standing(place - signing, until, now), starts[place], until))
        return turns

    def _signs_from(self, place: int) -> datetime | None:
        made = self._keys[place].made
        return made if made is None or place == len(self._keys) - 1 else made + self._lead


def _standing(places_behind: int, until: datetime | None, now: datetime) -> Standing:
    if places_behind < 0:
        return Standing.ANNOUNCED
    if places_behind == 0:
        return Standing.SIGNING
    return Standing.VERIFYING if until is None or now < until else Standing.RETIRED
