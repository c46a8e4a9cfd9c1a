"""What is said about sessions: kept going, ended, and followed by those who verify tokens."""

from typing import ClassVar
from uuid import UUID

from careplane.components.identity.messages import KeySet
from careplane.kernel.message import Message


class Refresh(Message, frozen=True):
    """Go on with a session: its refresh token is good once, and the answer holds the next one."""

    secret: ClassVar[frozenset[str]] = frozenset({"refresh_token"})

    refresh_token: str

    def __repr__(self) -> str:
        """Show that it is a refresh, not whose."""
        return "Refresh(...)"


class Logout(Message, frozen=True):
    """End a session of a user; with None all of them, so that the user is signed out everywhere."""

    user_id: UUID
    session_id: UUID | None = None


class Revoke(Message, frozen=True):
    """Call tokens back, under an id that the caller makes: exactly one of the four says which.

    Those of a user, of all who have a role, of one session, or of the session that an access token belongs to.
    """

    revocation_id: UUID
    user_id: UUID | None = None
    role: str | None = None
    session_id: UUID | None = None
    token: str | None = None

    def __repr__(self) -> str:
        """Show which revocation, not the token."""
        return f"Revoke(revocation_id={self.revocation_id})"


class RevocationView(Message, frozen=True):
    """What has been called back: the tokens of a `user`, a `role` or a `session`, named by `subject`."""

    id: UUID
    kind: str
    subject: str


class Follow(Message, frozen=True):
    """Ask for what has been called back since a position; without one, for everything that still counts."""

    since: str = ""


class Revocation(Message, frozen=True):
    """Tokens not to be believed until the Unix time `until`: of a `session`, or of a `user` with an earlier epoch."""

    kind: str
    subject: str
    epoch: int
    until: int


class Followed(Message, frozen=True):
    """The keys of now, what has been called back, and the position to ask on from: at once where there is `more`."""

    keys: KeySet
    revocations: tuple[Revocation, ...]
    position: str
    more: bool = False
