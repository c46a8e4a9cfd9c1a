"""Programs: their accounts, their secrets, and the tokens that they get for these."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from careplane.components.identity import domain
from careplane.components.identity.accounts.messages_accounts import (
    AccessToken,
    AddClient,
    ClientCredentials,
    IssueToken,
    RenewClientSecret,
)
from careplane.components.identity.accounts.roles import RoleTable
from careplane.components.identity.accounts.store_accounts import AccountChange, AccountStore, ClientAddition
from careplane.components.identity.api import IDENTITY
from careplane.components.identity.domain import Kind, User
from careplane.components.identity.sessions.sessions import Sessions
from careplane.kernel.clock import Clock
from careplane.kernel.errors import FailedPrecondition, NotFound, Unauthenticated
from careplane.kernel.principal import ANONYMOUS
from careplane.storage.journal import Applied, Entry, entry_for, unremembered

PREFIX: Final = "cps_"
"""How every secret begins, so that one that has slipped into a file is recognised for what it is."""

_BYTES: Final = 32
_NOBODYS: Final = secrets.token_bytes(_BYTES)
_REFUSED: Final = "The client id or the client secret is wrong. Check both, or ask an administrator for another secret."
_METHODS = IDENTITY.methods


@dataclass(frozen=True, slots=True)
class Clients:
    """Does what the interface `Identity` promises about programs."""

    store: AccountStore
    roles: RoleTable
    sessions: Sessions
    clock: Clock

    async def add(self, request: AddClient) -> ClientCredentials:
        """Add a program's account and make its secret, which is in this answer and nowhere else."""
        domain.check_new_client(request, self.roles.names)
        user, secret = domain.new_client(request, self.clock.now()), _new_secret()
        kept = ClientCredentials(client_id=user.id, client_secret=None)
        entry = entry_for(_METHODS["add_client"], request, kept, subject=user.id, detail={"roles": user.roles})
        applied = await self.store.add_client(ClientAddition(user, digest(secret), entry))
        return _answer(applied, user.id, secret)

    async def renew_secret(self, request: RenewClientSecret) -> ClientCredentials:
        """Put another secret in the place of the present one; tokens that were got with that one end."""
        before = await self.store.load(request.user_id)
        if before is None:
            raise NotFound
        if before.kind is not Kind.SERVICE:
            raise FailedPrecondition("This is a person, who has a password and no secret: set that instead.")
        after, secret = domain.next_version(before, self.clock.now()), _new_secret()
        kept = ClientCredentials(client_id=after.id, client_secret=None)
        detail = {"version": after.version, "changed": ["secret"]}
        entry = entry_for(_METHODS["renew_client_secret"], request, kept, subject=after.id, detail=detail)
        change = AccountChange(after, entry, ends=True, secret_digest=digest(secret))
        return _answer(await self.store.change(change), after.id, secret)

    async def token(self, request: IssueToken) -> AccessToken:
        """Sign a program in: whatever is wrong, one lookup and one audit row come before the one answer."""
        user = await self._client(request.client_id)
        expected = user.secret_digest if user and user.secret_digest else _NOBODYS
        matches = hmac.compare_digest(expected, digest(request.client_secret))
        if user is None or user.disabled or not matches:
            await self.store.note(_refusal(request, user))
            raise Unauthenticated(_REFUSED)
        granted = await self.sessions.grant(_METHODS["client_token"], request, user)
        scope = " ".join(sorted(self.roles.scopes_of(user.roles)))
        return AccessToken(access_token=granted.token, expires_in=granted.expires_in, scope=scope)

    async def _client(self, client_id: str) -> User | None:
        try:
            user_id = UUID(client_id)
        except ValueError:
            user_id = UUID(int=0)  # the lookup is made all the same
        user = await self.store.load(user_id)
        return user if user is not None and user.kind is Kind.SERVICE else None


def digest(secret: str) -> bytes:
    """Return what is kept of a secret: nobody guesses 256 random bits, so that a fast digest is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(_BYTES)


def _answer(applied: Applied, client_id: UUID, secret: str) -> ClientCredentials:
    """Show the secret; a repeat is answered without one, for it was not kept."""
    if applied.reply is None:
        return ClientCredentials(client_id=client_id, client_secret=secret)
    return msgspec.msgpack.decode(applied.reply, type=ClientCredentials)


def _refusal(request: IssueToken, user: User | None) -> Entry:
    subject, detail = user.id if user else None, {"outcome": "refused"}
    return unremembered(_METHODS["client_token"], request, subject=subject, detail=detail, caller=ANONYMOUS)
