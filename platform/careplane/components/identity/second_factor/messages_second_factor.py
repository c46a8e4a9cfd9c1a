"""What is said about a user's second factor; its secret, its codes and passwords are neither shown nor remembered."""

from typing import ClassVar
from uuid import UUID

from careplane.kernel.errors import Unauthenticated
from careplane.kernel.message import Message


class SecondFactorRequired(Unauthenticated):
    """The password is right, and the account has a second factor that was not shown."""

    default_detail = "This account has a second factor. Sign in again with its present code, or a recovery code, too."


class EnrolSecondFactor(Message, frozen=True):
    """A user begins to set up a second factor, and shows that they know their password."""

    secret: ClassVar[frozenset[str]] = frozenset({"password", "address"})

    user_id: UUID
    password: str
    address: str | None = None

    def __repr__(self) -> str:
        """Show for whom, not the password."""
        return f"EnrolSecondFactor(user_id={self.user_id})"


class SecondFactorSecret(Message, frozen=True):
    """What an authenticator application is given, as text (base32) and as a URI that a QR code can hold."""

    secret: ClassVar[frozenset[str]] = frozenset({"key", "uri"})

    key: str
    uri: str

    def __repr__(self) -> str:
        """Show that it is a secret, not which."""
        return "SecondFactorSecret(...)"


class ConfirmSecondFactor(Message, frozen=True):
    """A user shows that their authenticator application has the secret; from then on it is asked for."""

    secret: ClassVar[frozenset[str]] = frozenset({"code", "address"})

    user_id: UUID
    code: str
    address: str | None = None

    def __repr__(self) -> str:
        """Show for whom, not the code."""
        return f"ConfirmSecondFactor(user_id={self.user_id})"


class RecoveryCodes(Message, frozen=True):
    """Codes that stand in for the second factor, each once; they are shown now and never again."""

    secret: ClassVar[frozenset[str]] = frozenset({"codes"})

    codes: tuple[str, ...]

    def __repr__(self) -> str:
        """Show how many."""
        return f"RecoveryCodes({len(self.codes)})"


class RemoveSecondFactor(Message, frozen=True):
    """A user does away with their second factor, with password and code; or an administrator with another's."""

    secret: ClassVar[frozenset[str]] = frozenset({"password", "code", "address"})

    user_id: UUID
    password: str | None = None
    code: str | None = None
    address: str | None = None

    def __repr__(self) -> str:
        """Show whose."""
        return f"RemoveSecondFactor(user_id={self.user_id})"
