"""Signing in: whatever is wrong takes the same way, through the same work, to the same answer."""

from contextlib import suppress
from dataclasses import dataclass

import msgspec

from careplane.components.identity import domain
from careplane.components.identity.api import IDENTITY
from careplane.components.identity.domain import User
from careplane.components.identity.guessing.guesses import PASSWORD, Admission, Guesses
from careplane.components.identity.messages import Login, Session
from careplane.components.identity.passwords.hashing import Passwords
from careplane.components.identity.passwords.password_rules import prepared
from careplane.components.identity.second_factor.messages_second_factor import SecondFactorRequired
from careplane.components.identity.second_factor.second_factor import SecondFactors
from careplane.components.identity.sessions.sessions import Rehash, Sessions
from careplane.components.identity.store import UserStore
from careplane.kernel.errors import Overloaded, Unauthenticated
from careplane.kernel.principal import ANONYMOUS, Principal
from careplane.storage.journal import Entry, unremembered

_REFUSED = "The e-mail, the password or the code is wrong. Check them and sign in again."
_LOGIN = IDENTITY.methods["login"]


@dataclass(frozen=True, slots=True)
class SigningIn:
    """Checks who somebody is, and begins their session."""

    store: UserStore
    passwords: Passwords
    guesses: Guesses
    second_factors: SecondFactors
    sessions: Sessions

    async def login(self, request: Login, /) -> Session:
        """Sign in: whatever is wrong, one lookup, one password check and one audit row come before the one answer."""
        email_key = domain.email_key(request.email) or ""
        admission = await self.guesses.admit(PASSWORD, email_key, request.address, request.device)
        secret = prepared(request.password)
        user = await self.store.by_email(email_key)
        matches = await self._matches(user, secret, admission)
        if user is None or user.disabled or secret is None or not matches:
            raise await self._refused(request, user)
        await self._check_second_factor(request, user, admission)
        device = await self.guesses.succeeded(admission)
        session = await self._begin_session(request, user, secret)
        return session if device is None else msgspec.structs.replace(session, device=device)

    async def _matches(self, user: User | None, secret: bytes | None, admission: Admission) -> bool:
        try:
            hashed = user.password_hash if user else None
            return await self.passwords.matches(hashed, secret, stranger=not admission.known, draw=admission.account)
        except Overloaded:
            await self.guesses.refunded(admission)  # nothing was checked, so it was no guess
            raise

    async def _check_second_factor(self, request: Login, user: User, admission: Admission) -> None:
        factor = await self.second_factors.active(user.id)
        if factor is None:
            return
        if request.code is None:
            await self.guesses.refunded(admission)
            await self._note(request, user, "asked for the second factor")
            raise SecondFactorRequired
        accepted = _entry(request, user, {"outcome": "second factor accepted"}, Principal(id=str(user.id)))
        if not await self.second_factors.accepts(factor, request.code, admission, accepted):
            raise await self._refused(request, user)

    async def _refused(self, request: Login, user: User | None) -> Unauthenticated:
        await self._note(request, user, "refused")
        return Unauthenticated(_REFUSED)

    async def _note(self, request: Login, user: User | None, outcome: str) -> None:
        await self.store.note_sign_in(_entry(request, user, {"outcome": outcome}, ANONYMOUS))

    async def _begin_session(self, request: Login, user: User, secret: bytes) -> Session:
        try:
            return await self.sessions.begin(_LOGIN, request, user, await self._rehashed(user, secret))
        except Unauthenticated:  # since it was looked up the user was disabled, or has another password
            raise await self._refused(request, user) from None

    async def _rehashed(self, user: User, secret: bytes) -> Rehash | None:
        if self.passwords.outdated(user.password_hash):
            with suppress(Overloaded):  # there will be another sign-in
                return Rehash(user.password_hash, await self.passwords.hash(secret))
        return None


def _entry(request: Login, user: User | None, detail: dict[str, str], caller: Principal) -> Entry:
    """Write a sign-in's journal entry. It keeps no idempotency record: a token must not be read out of a table."""
    return unremembered(_LOGIN, request, subject=user.id if user else None, detail=detail, caller=caller)
