"""The identity actor: signs people in, adds users, shows keys."""

from contextlib import suppress
from dataclasses import dataclass

import msgspec

from careplane.components.identity import domain
from careplane.components.identity.api import IDENTITY
from careplane.components.identity.domain import User
from careplane.components.identity.hashing import Passwords
from careplane.components.identity.messages import AddUser, KeySet, ListUsers, Login, Session, UserPage, UserView
from careplane.components.identity.password_rules import prepared
from careplane.components.identity.store import Addition, SignIn, UserStore
from careplane.components.identity.tokens import TokenSigner
from careplane.kernel.clock import Clock
from careplane.kernel.context import current, using
from careplane.kernel.errors import InvalidArgument, Overloaded, Unauthenticated
from careplane.kernel.ids import NewId
from careplane.kernel.message import Empty
from careplane.kernel.principal import ANONYMOUS, Principal
from careplane.storage.journal import Entry, entry_for

_REFUSED = "The e-mail or the password is wrong. Check both and sign in again."
_LOGIN = IDENTITY.methods["login"]
_ADD_USER = IDENTITY.methods["add_user"]
_USERS = IDENTITY.methods["users"]


@dataclass(frozen=True, slots=True)
class IdentityActor:
    """Answers the interface `Identity`."""

    store: UserStore
    passwords: Passwords
    signer: TokenSigner
    public_keys: KeySet
    clock: Clock
    new_id: NewId

    async def login(self, request: Login, /) -> Session:
        """Sign in: whatever is wrong, one lookup, one password check and one audit row come before the one answer."""
        secret = prepared(request.password)
        user = await self.store.by_email(domain.email_key(request.email) or "")
        matches = await self.passwords.matches(user.password_hash if user else None, secret)
        if user is None or user.disabled or secret is None or not matches:
            await self.store.note_sign_in(SignIn(_note(request, user, {"outcome": "refused"}, ANONYMOUS)))
            raise Unauthenticated(_REFUSED)
        return await self._signed_in(request, user, secret)

    async def keys(self, _request: Empty, /) -> KeySet:
        """Return the public keys."""
        return self.public_keys

    async def add_user(self, request: AddUser, /) -> UserView:
        """Add a user."""
        domain.check_new_user(request)
        email_key, secret = domain.email_key(request.email), prepared(request.password)
        if email_key is None or secret is None:
            raise InvalidArgument  # the check has named the field already
        user = domain.new_user(request, await self.passwords.hash(secret), self.clock.now())
        view = domain.view(user)
        entry = entry_for(_ADD_USER, request, view, subject=user.id, detail={"roles": user.roles})
        applied = await self.store.add(Addition(user, email_key, entry))
        return view if applied.reply is None else msgspec.msgpack.decode(applied.reply, type=UserView)

    async def users(self, request: ListUsers, /) -> UserPage:
        """Return a page of the users."""
        domain.check_page(request)
        found = await self.store.page(_USERS, request.limit + 1, request.after)
        page = tuple(domain.view(user) for user in found[: request.limit])
        return UserPage(users=page, next_after=page[-1].id if len(found) > request.limit else None)

    async def _signed_in(self, request: Login, user: User, secret: bytes) -> Session:
        jti = self.new_id()
        token = self.signer.issue(user.id, user.roles, now=self.clock.now(), jti=jti)
        entry = _note(request, user, {"outcome": "signed in", "jti": str(jti)}, Principal(id=str(user.id)))
        anew = await self._rehashed(user, secret)
        await self.store.note_sign_in(SignIn(entry, user.id, user.password_hash, anew))
        return Session(token=token, expires_in=self.signer.ttl_s)

    async def _rehashed(self, user: User, secret: bytes) -> str | None:
        if self.passwords.outdated(user.password_hash):
            with suppress(Overloaded):  # there will be another sign-in
                return await self.passwords.hash(secret)
        return None


def _note(request: Login, user: User | None, detail: dict[str, str], caller: Principal) -> Entry:
    """Write a sign-in's journal entry. It keeps no idempotency record: a token must not be read out of a table."""
    with using(msgspec.structs.replace(current(), principal=caller, idempotency_key=None)):
        return entry_for(_LOGIN, request, Empty(), subject=user.id if user else None, detail=detail)
