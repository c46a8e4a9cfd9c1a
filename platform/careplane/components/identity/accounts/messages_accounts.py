"""What is said about accounts, of people and of programs; what is secret is neither shown nor remembered."""

from typing import ClassVar
from uuid import UUID

from msgspec import field

from careplane.kernel.message import Message

CLIENT_NAME_MAX = 100
"""How long the name of a program's account may be."""


class GetUser(Message, frozen=True):
    """Ask for one user."""

    user_id: UUID


class ChangeUser(Message, frozen=True):
    """Change what is not None, if the user is still at `expected_version` (None: whatever it is)."""

    user_id: UUID
    email: str | None = None
    roles: tuple[str, ...] | None = None
    disabled: bool | None = None
    expected_version: int | None = None

    def __repr__(self) -> str:
        """Show which user, not who."""
        return f"ChangeUser(user_id={self.user_id})"


class SetPassword(Message, frozen=True):
    """Give a user another password; whoever changes their own shows that they know the present one.

    `address` is where from, for slowing guessers down, and is never written anywhere.
    """

    secret: ClassVar[frozenset[str]] = frozenset({"new_password", "current_password", "address"})

    user_id: UUID
    new_password: str
    current_password: str | None = None
    address: str | None = None

    def __repr__(self) -> str:
        """Show whose, not which."""
        return f"SetPassword(user_id={self.user_id})"


class AddClient(Message, frozen=True):
    """Add the account of a program under an id that the caller makes."""

    user_id: UUID
    name: str
    roles: tuple[str, ...]


class RenewClientSecret(Message, frozen=True):
    """Give a program's account another secret; the one before is void at once."""

    user_id: UUID


class ClientCredentials(Message, frozen=True):
    """What a program signs in with: shown once, for only a digest of the secret is kept; a repeat has none."""

    secret: ClassVar[frozenset[str]] = frozenset({"client_secret"})

    client_id: UUID
    client_secret: str | None

    def __repr__(self) -> str:
        """Show which program, not its secret."""
        return f"ClientCredentials(client_id={self.client_id})"


class IssueToken(Message, frozen=True):
    """A program signs in (RFC 6749, section 4.4)."""

    secret: ClassVar[frozenset[str]] = frozenset({"client_secret"})

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        """Show that it is a sign-in, not with what."""
        return "IssueToken(...)"


class AccessToken(Message, frozen=True, kw_only=True):
    """A program's token; in JSON it is the answer of RFC 6749, section 5.1."""

    secret: ClassVar[frozenset[str]] = frozenset({"access_token"})

    access_token: str = field(name="access_token")
    token_type: str = field(name="token_type", default="Bearer")
    expires_in: int = field(name="expires_in")
    scope: str

    def __repr__(self) -> str:
        """Show that it is a token, not which."""
        return f"AccessToken(expires_in={self.expires_in})"
