"""Sessions: what a sign-in begins, what a refresh token keeps going, and how they and their access tokens end."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from careplane.components.identity.api import IDENTITY
from careplane.components.identity.domain import User
from careplane.components.identity.messages import Session
from careplane.components.identity.sessions.messages_sessions import Refresh
from careplane.components.identity.sessions.store_sessions import OVER, Beginning, Found, SessionStore, Turn
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.tokens import TokenSigner
from careplane.kernel.clock import Clock
from careplane.kernel.contract import Method
from careplane.kernel.errors import Unauthenticated
from careplane.kernel.ids import NewId
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal
from careplane.storage.journal import Entry, unremembered

_PREFIX: Final = "cpr_"
_REFRESH = IDENTITY.methods["refresh"]


class Rehash(msgspec.Struct, frozen=True):
    """A password's hash that was checked, and the one to be kept in its place."""

    checked: str
    anew: str


@dataclass(frozen=True, slots=True)
class Sessions:
    """Begins sessions and goes on with them."""

    store: SessionStore
    signer: TokenSigner
    clock: Clock
    new_id: NewId
    idle: timedelta
    longest: timedelta

    @classmethod
    def of(
        cls, settings: IdentitySettings, store: SessionStore, signer: TokenSigner, clock: Clock, new_id: NewId
    ) -> "Sessions":
        """Take how long sessions may last from the settings."""
        idle, longest = timedelta(seconds=settings.refresh_ttl_s), timedelta(seconds=settings.session_max_s)
        return cls(store, signer, clock, new_id, idle, longest)

    async def begin(self, method: Method, request: Message, user: User, rehash: Rehash | None = None) -> Session:
        """Begin the session of somebody who has signed in by `request`; Unauthenticated if called back meanwhile."""
        return await self._begin(method, request, user, _fresh(), rehash)

    async def grant(self, method: Method, request: Message, user: User) -> Session:
        """Give an access token alone, to a program, which has its own credentials to get the next: no refresh token."""
        return await self._begin(method, request, user, None, None)

    async def refresh(self, request: Refresh, /) -> Session:
        """Go on with a session: its refresh token is used up, and whoever shows it again ends the session."""
        found = await self.store.by_refresh_token(_digest(request.refresh_token))
        if found is None:
            raise Unauthenticated(OVER)  # and no audit row, or strangers could fill the audit with tokens made up
        return await self._turn(request, found)

    async def _begin(
        self, method: Method, request: Message, user: User, refresh_token: str | None, rehash: Rehash | None
    ) -> Session:
        now, session, jti = self.clock.now(), self.new_id(), self.new_id()
        token = self.signer.issue(user.id, user.roles, session=session, epoch=user.epoch, now=now, jti=jti)
        until, ends = now + timedelta(seconds=self.signer.ttl_s), now + self.longest
        detail = {"outcome": "signed in", "session": str(session), "jti": str(jti)}
        entry = _entry(method, request, user.id, Principal(str(user.id), session=str(session)), detail)
        beginning = Beginning(
            entry, session, user.id, user.epoch, None if refresh_token is None else _digest(refresh_token),
            at=now, idle_until=now + self.idle, expires_at=until if refresh_token is None else ends,
            tokens_until=until, checked=rehash.checked if rehash else None, anew=rehash.anew if rehash else None,
        )  # fmt: skip
        await self.store.begin(beginning)
        return self._answer(token, refresh_token or "", now, ends)

    async def _turn(self, request: Refresh, found: Found) -> Session:
        now, jti, successor = self.clock.now(), self.new_id(), _fresh()
        token = self.signer.issue(found.user_id, found.roles, session=found.id, epoch=found.epoch, now=now, jti=jti)
        detail = {"outcome": "refreshed", "session": str(found.id), "jti": str(jti)}
        caller = Principal(str(found.user_id), session=str(found.id))
        turn = Turn(
            _entry(_REFRESH, request, found.user_id, caller, detail), found.id, found.epoch,
            _digest(request.refresh_token), _digest(successor), at=now, idle_until=now + self.idle,
            tokens_until=now + timedelta(seconds=self.signer.ttl_s),
        )  # fmt: skip
        await self.store.turn(turn)
        return self._answer(token, successor, now, found.expires_at)

    def _answer(self, token: str, refresh_token: str, now: datetime, ends: datetime) -> Session:
        left = int(min(self.idle, ends - now).total_seconds()) if refresh_token else 0
        return Session(token=token, expires_in=self.signer.ttl_s, refresh_token=refresh_token, refresh_expires_in=left)


def _fresh() -> str:
    return _PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


def _digest(refresh_token: str) -> bytes:
    """Return what is kept of a refresh token: with 256 random bits in it, a fast digest cannot be guessed backwards."""
    return hashlib.sha256(refresh_token.encode("utf-8", "surrogatepass")).digest()


def _entry(method: Method, request: Message, subject: UUID, caller: Principal, detail: dict[str, str]) -> Entry:
    """Write the journal entry of a sign-in. It keeps no idempotency record: a token must not be read out of a table."""
    return unremembered(method, request, subject=subject, detail=detail, caller=caller)
