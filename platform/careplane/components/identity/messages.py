"""What is said to and by the identity component; what is secret in a message is neither shown nor remembered."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from careplane.kernel.message import Message

LIMIT_MAX = 200
"""How many users one page holds at most."""


class Login(Message, frozen=True):
    """Somebody signs in, with a `code` if they have a second factor.

    `address` is where from, and `device` the secret that an earlier sign-in from this device was answered: they are for
    slowing guessers down, and never written anywhere but as keyed hashes.
    """

    secret: ClassVar[frozenset[str]] = frozenset({"password", "code", "address", "device"})

    email: str
    password: str
    address: str | None = None
    code: str | None = None
    device: str | None = None

    def __repr__(self) -> str:
        """Show that it is a sign-in, not whose."""
        return "Login(...)"


class Session(Message, frozen=True, kw_only=True):
    """What a sign-in gives: an access token and, for the next one, a refresh token; each good for so many seconds.

    `device` is there where the device was not known: a secret to send with the next sign-ins from it.
    """

    secret: ClassVar[frozenset[str]] = frozenset({"token", "refresh_token", "device"})

    token: str
    token_type: str = "Bearer"  # noqa: S105 - the kind of token, RFC 6750
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    device: str | UnsetType = UNSET

    def __repr__(self) -> str:
        """Show that it is a session, not its tokens."""
        return f"Session(expires_in={self.expires_in})"


class PublicKey(Message, frozen=True):
    """A public key as a JSON Web Key (RFC 7517); in JSON it is one."""

    kid: str
    kty: str
    crv: str
    x: str
    y: str
    alg: str
    use: str


class KeySet(Message, frozen=True):
    """The keys that tokens may be signed with, the one in use first; in JSON it is a JWK Set."""

    keys: tuple[PublicKey, ...]


class AddUser(Message, frozen=True):
    """Add a user under an id that the caller makes."""

    secret: ClassVar[frozenset[str]] = frozenset({"password"})

    user_id: UUID
    email: str
    password: str
    roles: tuple[str, ...]

    def __repr__(self) -> str:
        """Show which id, not who."""
        return f"AddUser(user_id={self.user_id})"


class UserView(Message, frozen=True):
    """A user, as administrators see one: a person has an e-mail address, a program (kind `service`) a name."""

    id: UUID
    email: str | None
    roles: tuple[str, ...]
    disabled: bool
    version: int
    created_at: datetime
    kind: str = "person"
    name: str | None = None


class ListUsers(Message, frozen=True):
    """Ask for a page of users in the order in which they were added: those after `after`, or who has the `email`."""

    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = 50
    after: UUID | None = None
    email: str | None = None

    def __repr__(self) -> str:
        """Show which page, not whom is looked for."""
        return f"ListUsers(limit={self.limit}, after={self.after})"


class UserPage(Message, frozen=True):
    """Users, and the id to ask on from, or None at the end."""

    users: tuple[UserView, ...]
    next_after: UUID | None = None
