"""Identity as a gateway hears it, for tests: it says what it is told to say, or nothing."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from careplane.components.identity.api import Follow, Followed, Revocation, RoleTable, TokenVerifier
from careplane.components.identity.signing.keys import SigningKey, key_set, make_key, read_key
from careplane.components.identity.signing.tokens import TokenSigner
from careplane.gateway.following import Following
from careplane.kernel.clock import FixedClock
from careplane.kernel.context import current

NOW: Final = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
USER, SESSION = UUID(int=7), UUID(int=8)


@dataclass
class Feed:
    """Identity as a gateway sees it: it says what it is told to say, or nothing."""

    keys: list[SigningKey]
    revocations: list[Revocation] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    callers: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    fault: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    page: int = 1000

    async def follow(self, request: Follow, /) -> Followed:
        """Answer with what comes after the position, which is a number here."""
        self.asked.append(request.since)
        self.callers.add((current().principal.id, current().principal.scopes))
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        begin = int(request.since or "0")
        end = min(begin + self.page, len(self.revocations))
        more = end < len(self.revocations)
        return Followed(key_set(self.keys), tuple(self.revocations[begin:end]), str(end), more)


@dataclass
class Stage:
    """A gateway's following, its clocks, and the feed behind it."""

    feed: Feed
    following: Following
    verifier: TokenVerifier
    clock: FixedClock
    seconds: list[float]
    key: SigningKey

    def token(self, key: SigningKey | None = None, *, session: UUID = SESSION, epoch: int = 0, jti: int = 1) -> str:
        """Sign a token."""
        signer = TokenSigner(lambda _: key or self.key, issuer="us", audience="you", ttl_s=900)
        return signer.issue(USER, ("admin",), session=session, epoch=epoch, now=self.clock.at, jti=UUID(int=jti))


def new_key(folder: Path, name: str) -> SigningKey:
    """Make a key."""
    make_key(folder / name)
    return read_key((folder / name).read_text(), "It", production=False)


def made_stage(folder: Path) -> Stage:
    """Make a gateway that has heard nothing yet, five seconds of grace, and clocks that stand still."""
    key, clock, seconds = new_key(folder, "a.pem"), FixedClock(NOW), [1000.0]
    feed = Feed([key])
    feed.gate.set()
    verifier = TokenVerifier(
        key_set([]), issuer="us", audience="you", clock=clock, scopes=RoleTable.configured({}).scopes_of
    )
    following = Following(feed, verifier, grace_s=5.0, clock=clock, monotonic=lambda: seconds[0])  # type: ignore[arg-type]
    return Stage(feed, following, verifier, clock, seconds, key)
