"""Users and what they may do: the default table of roles, and the rules for an account and its changes."""

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from careplane.components.identity.accounts.messages_accounts import CLIENT_NAME_MAX, AddClient, ChangeUser
from careplane.components.identity.messages import LIMIT_MAX, AddUser, ListUsers, UserView
from careplane.components.identity.passwords.password_rules import password_fault, prepared
from careplane.kernel.errors import FieldError, InvalidArgument

SCOPES: Final = frozenset(
    {
        "analytics:read",
        "analytics:rebuild",
        "audit:read",
        "billing:read",
        "billing:write",
        "patients:break-glass",
        "patients:export",
        "patients:import",
        "patients:read",
        "patients:restrict",
        "patients:restricted",
        "patients:write",
        "users:read",
        "users:write",
    }
)
"""Every scope that a role can give."""

ROLES: Final = MappingProxyType(
    {
        "admin": SCOPES,
        "clinician": frozenset(
            {
                "patients:read",
                "patients:write",
                "patients:restrict",
                "patients:break-glass",
                "billing:read",
                "analytics:read",
            }
        ),
        "registrar": frozenset({"patients:read", "patients:write", "patients:import", "billing:read"}),
        "billing": frozenset({"patients:read", "billing:read", "billing:write"}),
        "analyst": frozenset({"analytics:read"}),
        "auditor": frozenset({"audit:read", "users:read"}),
    }
)
"""What each role gives, unless it is configured otherwise."""

EMAIL_MAX: Final = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
_LOCAL_LETTER = r'[^\s@.<>()\[\]\\,;:"\x00-\x1f\x7f-\x9f\ud800-\udfff]'
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_LOCAL_LETTER}+(?:\.{_LOCAL_LETTER}+)*@(?:{_LABEL}\.)+(?!\d+$){_LABEL}")


class Kind(StrEnum):
    """Whose account it is."""

    PERSON = "person"
    SERVICE = "service"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user; `epoch` counts the times that all tokens of theirs were called back.

    A person has an e-mail address and a password, a program has a name and a secret; what one has not is empty.
    """

    id: UUID
    kind: Kind = Kind.PERSON
    email: str = ""
    password_hash: str = ""
    name: str = ""
    secret_digest: bytes | None = None
    roles: tuple[str, ...]
    disabled: bool = False
    version: int = 1
    epoch: int = 0
    created_at: datetime
    updated_at: datetime


def email_key(email: str) -> str | None:
    """Return what two spellings of one address share (case, composition), or None for what cannot be an address."""
    if len(email) > EMAIL_MAX or not _EMAIL.fullmatch(email):
        return None
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", email).casefold())


def check_new_user(request: AddUser, roles: Collection[str]) -> None:
    """Raise InvalidArgument with every field of a new user that is at fault; `roles` are those there are."""
    _refuse(
        {
            "email": _email_fault(request.email),
            "password": password_fault(request.password, request.email),
            "roles": _roles_fault(request.roles, roles),
        }
    )


def check_change(request: ChangeUser, roles: Collection[str]) -> None:
    """Raise InvalidArgument with every field of a change that is at fault."""
    _refuse(
        {
            "email": None if request.email is None else _email_fault(request.email),
            "roles": None if request.roles is None else _roles_fault(request.roles, roles),
        }
    )


def check_password(password: str, user: User, *, second_factor: bool) -> bytes:
    """Return the bytes of another password for the user; raise InvalidArgument for one that may not be."""
    fault, ready = password_fault(password, user.email, second_factor=second_factor), prepared(password)
    if fault or ready is None:
        raise InvalidArgument(fields=(FieldError(field="newPassword", message=fault or "cannot be a password"),))
    return ready


def check_new_client(request: AddClient, roles: Collection[str]) -> None:
    """Raise InvalidArgument with every field of a program's account that is at fault."""
    _refuse({"name": _name_fault(request.name), "roles": _roles_fault(request.roles, roles)})


def check_page(request: ListUsers) -> None:
    """Raise InvalidArgument when the page asked for is too small or too large."""
    _refuse({"limit": None if 1 <= request.limit <= LIMIT_MAX else f"must be from 1 to {LIMIT_MAX}"})


def new_user(request: AddUser, password_hash: str, now: datetime) -> User:
    """Return the user that the request asks for."""
    return User(
        id=request.user_id,
        email=unicodedata.normalize("NFC", request.email),
        password_hash=password_hash,
        roles=request.roles,
        created_at=now,
        updated_at=now,
    )


def new_client(request: AddClient, now: datetime) -> User:
    """Return the program's account that the request asks for."""
    name = unicodedata.normalize("NFC", request.name)
    return User(id=request.user_id, kind=Kind.SERVICE, name=name, roles=request.roles, created_at=now, updated_at=now)


def changed(user: User, request: ChangeUser, now: datetime) -> User:
    """Return the user with what the request names changed: the next version, or the same where nothing changes."""
    if request.email is not None and user.kind is not Kind.PERSON:
        _refuse({"email": "is what a program does not have: leave it out"})
    after = msgspec.structs.replace(
        user,
        email=user.email if request.email is None else unicodedata.normalize("NFC", request.email),
        roles=user.roles if request.roles is None else request.roles,
        disabled=user.disabled if request.disabled is None else request.disabled,
    )
    return user if after == user else next_version(after, now)


def next_version(user: User, now: datetime) -> User:
    """Return the user as the next version of itself."""
    return msgspec.structs.replace(user, version=user.version + 1, updated_at=now)


def view(user: User) -> UserView:
    """Return the user as administrators see one."""
    return UserView(
        id=user.id,
        email=user.email or None,
        roles=user.roles,
        disabled=user.disabled,
        version=user.version,
        created_at=user.created_at,
        kind=user.kind.value,
        name=user.name or None,
    )


def _email_fault(email: str) -> str | None:
    return None if email_key(email) else "must be a valid e-mail address, as in name@example.org"


def _name_fault(name: str) -> str | None:
    if not 1 <= len(name) <= CLIENT_NAME_MAX or name != name.strip() or not name.isprintable():
        return f"must be 1 to {CLIENT_NAME_MAX} printable characters, without spaces at either end"
    return None


def _roles_fault(roles: tuple[str, ...], known: Collection[str]) -> str | None:
    if not roles or len(set(roles)) != len(roles) or not set(known) >= set(roles):
        return f"must name one or more of {', '.join(known)}, each once"
    return None


def _refuse(faults: dict[str, str | None]) -> None:
    fields = tuple(FieldError(field=field, message=message) for field, message in faults.items() if message)
    if fields:
        raise InvalidArgument(fields=fields)
