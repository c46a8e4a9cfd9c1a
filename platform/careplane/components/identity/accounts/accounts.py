"""Accounts: users added, listed, read, changed, and given another password."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from careplane.components.identity import domain
from careplane.components.identity.accounts.messages_accounts import ChangeUser, GetUser, SetPassword
from careplane.components.identity.accounts.roles import REPAIRING, RoleTable
from careplane.components.identity.accounts.store_accounts import AccountChange, AccountStore
from careplane.components.identity.api import IDENTITY
from careplane.components.identity.domain import User
from careplane.components.identity.guessing.guesses import PASSWORD, Guesses
from careplane.components.identity.messages import AddUser, ListUsers, UserPage, UserView
from careplane.components.identity.passwords.hashing import Passwords
from careplane.components.identity.passwords.password_rules import is_short, prepared
from careplane.components.identity.second_factor.store_second_factor import SecondFactorStore
from careplane.components.identity.store import Addition, UserStore
from careplane.kernel.clock import Clock
from careplane.kernel.context import Context, current, using
from careplane.kernel.errors import (
    FailedPrecondition,
    FieldError,
    IdempotencyMismatch,
    InvalidArgument,
    NotFound,
    Overloaded,
    StaleVersion,
)
from careplane.kernel.message import Empty, Message
from careplane.storage.journal import Applied, Entry, entry_for, unremembered

_METHODS = IDENTITY.methods


@dataclass(frozen=True, slots=True)
class Accounts:
    """Does what the interface `Identity` promises about users."""

    users: UserStore
    store: AccountStore
    factors: SecondFactorStore
    passwords: Passwords
    guesses: Guesses
    roles: RoleTable
    clock: Clock

    async def add(self, request: AddUser) -> UserView:
        """Add a user."""
        domain.check_new_user(request, self.roles.names)
        email_key, secret = domain.email_key(request.email), prepared(request.password)
        if email_key is None or secret is None:
            raise InvalidArgument  # the check has named the field already
        user = domain.new_user(request, await self.passwords.hash(secret), self.clock.now())
        view = domain.view(user)
        with using(_own_key()):
            entry = entry_for(_METHODS["add_user"], request, view, subject=user.id, detail={"roles": user.roles})
        applied = await self.users.add(Addition(user, email_key, entry))
        if applied.reply is None:
            return view
        first = answer(applied, view)
        await self._check_repeat(first, secret)
        await self.store.note(_unremembered("add_user", request, first.id, {"outcome": "replayed"}))
        return first

    async def page(self, request: ListUsers) -> UserPage:
        """Return a page of the users."""
        domain.check_page(request)
        email_key = None if request.email is None else domain.email_key(request.email) or ""
        found = await self.users.page(_METHODS["users"], request.limit + 1, request.after, email_key)
        page = tuple(domain.view(user) for user in found[: request.limit])
        return UserPage(users=page, next_after=page[-1].id if len(found) > request.limit else None)

    async def get(self, request: GetUser) -> UserView:
        """Return a user."""
        user = await self.store.read(request.user_id, _METHODS["get_user"])
        if user is None:
            raise NotFound
        return domain.view(user)

    async def change(self, request: ChangeUser) -> UserView:
        """Change a user; where that changes their rights, the tokens and sign-ins that they have end."""
        domain.check_change(request, self.roles.names)
        before = await self.load(request.user_id)
        if request.expected_version not in {None, before.version}:
            raise StaleVersion
        after = domain.changed(before, request, self.clock.now())
        fields = [name for name in ("email", "roles", "disabled") if getattr(after, name) != getattr(before, name)]
        method, view = _METHODS["change_user"], domain.view(after)
        if not fields:
            entry = entry_for(method, request, view, subject=before.id, detail={"changed": []})
            return answer(await self.store.note(entry), view)
        detail: dict[str, Any] = {"version": after.version, "changed": fields}
        detail |= {"roles": after.roles} if "roles" in fields else {}
        detail |= {"disabled": after.disabled} if "disabled" in fields else {}
        change = AccountChange(
            after,
            entry_for(method, request, view, subject=after.id, detail=detail),
            ends=after.roles != before.roles or after.disabled != before.disabled,
            email_key=domain.email_key(after.email) if "email" in fields else None,
            repairing=self.roles.holding(REPAIRING) if self._repairs(before) and not self._repairs(after) else None,
            expected=request.expected_version is not None,
        )
        return answer(await self.store.change(change), view)

    async def set_password(self, request: SetPassword) -> Empty:
        """Give a user another password; the tokens and sign-ins that they have end.

        It keeps no idempotency record, which could not tell one password from another: a repeat is done again.
        """
        user = await self.load(request.user_id)
        if user.kind is not domain.Kind.PERSON:
            raise FailedPrecondition("A program has no password: give it another secret instead.")
        if current().principal.id == str(user.id):
            await self._prove(request, user)
        factor = await self.factors.of(user.id)
        secret = domain.check_password(request.new_password, user, second_factor=factor is not None and factor.active)
        hashed, after = await self.passwords.hash(secret), domain.next_version(user, self.clock.now())
        detail = {"version": after.version, "changed": ["password"]}
        entry = _unremembered("set_password", request, user.id, detail)
        short = is_short(secret)
        await self.store.change(AccountChange(after, entry, ends=True, password_hash=hashed, short_password=short))
        return Empty()

    async def load(self, user_id: UUID) -> User:
        """Return a user that is about to be changed."""
        user = await self.store.load(user_id)
        if user is None:
            raise NotFound
        return user

    async def _check_repeat(self, first: UserView, secret: bytes) -> None:
        """Refuse what repeats a call but for the password, or comes when the user has been changed since.

        So whoever knows the key finds out nothing of a password that the user has chosen.
        """
        user = await self.store.load(first.id)
        unchanged = user is not None and user.version == first.version
        if user is None or not unchanged or not await self.passwords.matches(user.password_hash, secret):
            raise IdempotencyMismatch

    async def _prove(self, request: SetPassword, user: User) -> None:
        """Whoever changes their own password must know the present one, whatever else they may do."""
        if request.current_password is None:
            message = "is required: show that this is you with your present password"
            raise InvalidArgument(fields=(FieldError(field="currentPassword", message=message),))
        admission = await self.guesses.admit(PASSWORD, domain.email_key(user.email) or "", request.address)
        try:
            matches = await self.passwords.matches(user.password_hash, prepared(request.current_password))
        except Overloaded:
            await self.guesses.refunded(admission)  # nothing was checked, so it was no guess
            raise
        if not matches:
            await self.store.note(_unremembered("set_password", request, user.id, {"outcome": "refused"}))
            raise InvalidArgument(fields=(FieldError(field="currentPassword", message="is not your present password"),))
        await self.guesses.refunded(admission)

    def _repairs(self, user: User) -> bool:
        """Tell whether this is one of those who can give roles to others; programs do not count."""
        may = REPAIRING in self.roles.scopes_of(user.roles)
        return may and not user.disabled and user.kind is domain.Kind.PERSON


def _own_key() -> Context:
    """Return the context with a key under which the call is remembered and never answered before it is looked at.

    A digest of the password must not be kept, so whether it is the same is asked of its hash. No key of a caller has a
    space in it.
    """
    context = current()
    key = context.idempotency_key
    return context if key is None else msgspec.structs.replace(context, idempotency_key=f"add_user {key}")


def _unremembered(method: str, request: Message, user_id: UUID, detail: dict[str, Any]) -> Entry:
    return unremembered(_METHODS[method], request, subject=user_id, detail=detail)


def answer(applied: Applied, view: UserView) -> UserView:
    """Return the view, or the one that was answered when the same was asked before."""
    return view if applied.reply is None else msgspec.msgpack.decode(applied.reply, type=UserView)
