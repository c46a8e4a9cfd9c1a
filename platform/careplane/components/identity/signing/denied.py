"""Which tokens are not to be believed, though signed and in time: kept in memory, and only as long as it matters."""

from collections.abc import Iterable
from typing import Final

from careplane.components.identity.sessions.messages_sessions import Revocation

SWEPT_SECONDS: Final = 10.0


class Denied:
    """The revocations that a verifier knows; asking costs two look-ups."""

    def __init__(self) -> None:
        """Begin with nothing called back."""
        self._sessions: dict[str, int] = {}
        self._users: dict[str, tuple[int, int]] = {}
        self._swept = float("-inf")

    def __len__(self) -> int:
        return len(self._sessions) + len(self._users)

    def covers(self, session: str, user: str, epoch: int) -> bool:
        """Tell whether the tokens of that session, or those of that user with that epoch, are called back."""
        if session in self._sessions:
            return True
        called_back = self._users.get(user)
        return called_back is not None and epoch < called_back[0]

    def add(self, revocations: Iterable[Revocation]) -> None:
        """Take revocations in; in whatever order they come, and however often, it comes to the same."""
        for revocation in revocations:
            if revocation.kind == "session":
                self._sessions[revocation.subject] = max(revocation.until, self._sessions.get(revocation.subject, 0))
            else:
                epoch, until = self._users.get(revocation.subject, (0, 0))
                self._users[revocation.subject] = max(revocation.epoch, epoch), max(revocation.until, until)

    def forget(self, now: float) -> None:
        """Drop what no token can be alive of, unless that was done a moment ago."""
        if now < self._swept + SWEPT_SECONDS:
            return
        self._swept = now
        self._sessions = {session: until for session, until in self._sessions.items() if until > now}
        self._users = {user: entry for user, entry in self._users.items() if entry[1] > now}
