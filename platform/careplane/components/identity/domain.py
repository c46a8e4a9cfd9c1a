"""Users and what they may do: the table of roles, and the rules for a new user."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from careplane.components.identity.messages import LIMIT_MAX, AddUser, ListUsers, UserView
from careplane.components.identity.password_rules import password_fault
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
"""What each role gives."""

EMAIL_MAX: Final = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
_LOCAL_LETTER = r'[^\s@.<>()\[\]\\,;:"\x00-\x1f\x7f-\x9f\ud800-\udfff]'
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_LOCAL_LETTER}+(?:\.{_LOCAL_LETTER}+)*@(?:{_LABEL}\.)+(?!\d+$){_LABEL}")


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user; `epoch` counts the times that all tokens of theirs were called back, which is none so far."""

    id: UUID
    email: str
    password_hash: str
    roles: tuple[str, ...]
    disabled: bool = False
    version: int = 1
    epoch: int = 0
    created_at: datetime
    updated_at: datetime


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Return the scopes that the roles give together; a role that does not exist gives none."""
    none: frozenset[str] = frozenset()
    return none.union(*(ROLES.get(role, none) for role in roles))


def email_key(email: str) -> str | None:
    """Return what two spellings of one address share (case, composition), or None for what cannot be an address."""
    if len(email) > EMAIL_MAX or not _EMAIL.fullmatch(email):
        return None
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", email).casefold())


def check_new_user(request: AddUser) -> None:
    """Raise InvalidArgument with every field of a new user that is at fault."""
    _refuse(
        {
            "email": None if email_key(request.email) else "must be a valid e-mail address, as in name@example.org",
            "password": password_fault(request.password, request.email),
            "roles": _roles_fault(request.roles),
        }
    )


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


def view(user: User) -> UserView:
    """Return the user as administrators see one."""
    return UserView(
        id=user.id,
        email=user.email,
        roles=user.roles,
        disabled=user.disabled,
        version=user.version,
        created_at=user.created_at,
    )


def _roles_fault(roles: tuple[str, ...]) -> str | None:
    if not roles or len(set(roles)) != len(roles) or not ROLES.keys() >= set(roles):
        return f"must name one or more of {', '.join(ROLES)}, each once"
    return None


def _refuse(faults: dict[str, str | None]) -> None:
    fields = tuple(FieldError(field=field, message=message) for field, message in faults.items() if message)
    if fields:
        raise InvalidArgument(fields=fields)
