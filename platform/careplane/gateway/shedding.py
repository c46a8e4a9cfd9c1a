"""Overload: how many requests are in work at a time, and the refusal of what is too much, as cheap as can be.

Whoever is let in slows down all who are in already, so their number bounds the time that an answer takes. A burst may
fill the whole room. Once it was full there is overload, in which a long queue gives nobody an answer sooner: only a
third is let in then, which keeps the process as busy, until next to nobody has to be refused any more.
"""

import re
import time
from collections.abc import Callable, Collection
from typing import Final

import msgspec
import structlog
from litestar.types import HTTPScope, Send
from uuid_utils import uuid7

from careplane.gateway.exchange import Exchange
from careplane.gateway.problems import MEDIA, STATUS, problem
from careplane.gateway.security_headers import secured
from careplane.kernel.errors import Overloaded, Unavailable

SHED: Final = "(shed)"
"""What stands for the route of a request that was refused before anybody looked where it leads."""

SHARE_IN_OVERLOAD: Final = 3
"""One part in so many of the room is let in while there is overload."""

EXTRA_FOR_ALWAYS: Final = 4
"""One part in so many of the room is added for those who are let in always: health, sign-in and what else is public."""

LOOK_EVERY_S: Final = 1.0
CALM_ONE_IN: Final = 20
"""Overload is over when within such a time nobody was refused, or less than one in so many."""

TRY_AGAIN_S: Final = 4.0
TRY_AGAIN_MOST_S: Final = 64.0
"""After so long the whole room is tried again, each time after twice as long: clients who come back at once would else
be refused for ever, though all of them fit in."""

SLOW_BODY_S: Final = 0.5
"""Whose body takes longer gives up the place until it is there, else slow senders could take all of them."""

_END: Final = b'"}'  # the request's id comes last
_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_log = structlog.get_logger(__name__)


class Room:
    """Counts the requests in work, `taken`; one that finds `bound` of them there asks whether it is turned away.

    `admitted` counts those that were let in, and `refused` those that were not. The edge counts in place who comes and
    goes, because each call has its price, and puts into `reading` whose body it waits for.
    """

    __slots__ = (
        "_always",
        "_began",
        "_clock",
        "_ended",
        "_looked",
        "_refusal",
        "_refused_at",
        "_seen",
        "_try_after",
        "admitted",
        "bound",
        "crowded",
        "most",
        "reading",
        "refused",
        "taken",
    )

    def __init__(
        self,
        most: int,
        always: Collection[str] = (),
        *,
        behind_proxies: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Let in `most` at a time, and a few more of those whose path is in `always`."""
        self.most = self.bound = most
        self.taken = self.admitted = self.refused = 0
        self.crowded = False
        self.reading: dict[Exchange, None] = {}
        self._always = frozenset(always)
        self._refusal = Refusal(behind_proxies=behind_proxies)
        self._clock = clock
        self._looked = self._refused_at = self._began = self._ended = 0.0
        self._try_after = TRY_AGAIN_S
        self._seen = (0, 0)

    def turns_away(self, path: str) -> bool:
        """Tell whether a request must go, which has found the room full; it is counted as refused then."""
        now = self._clock()
        self._pass_over_slow_bodies(now)
        if self.crowded and now - self._looked >= LOOK_EVERY_S:
            self._look_whether_calm(now)
        if self.taken < self.bound:
            return False
        if path in self._always and self.taken < self.most + max(1, self.most // EXTRA_FOR_ALWAYS):
            return False
        if not self.crowded:
            self._begin(now)
        self.refused += 1
        self._refused_at = now
        return True

    async def refuse(self, scope: HTTPScope, send: Send) -> None:
        """Answer a request that was turned away; nothing of it is looked into but how its answer must be framed."""
        await self._refusal(scope, send)

    def has_read(self, exchange: Exchange) -> None:
        """Count an exchange again that was passed over because its body was slow."""
        if exchange in self.reading:
            del self.reading[exchange]
        else:
            self.taken += 1

    def _pass_over_slow_bodies(self, now: float) -> None:
        while self.reading:
            longest = next(iter(self.reading))
            if now - longest.started < SLOW_BODY_S:
                return
            del self.reading[longest]
            self.taken -= 1

    def _begin(self, now: float) -> None:
        again = now - self._ended < LOOK_EVERY_S
        self._try_after = min(2 * self._try_after, TRY_AGAIN_MOST_S) if again else TRY_AGAIN_S
        self._began = now
        self.crowded = True
        self.bound = max(1, self.most // SHARE_IN_OVERLOAD)
        self._looked, self._seen = now, (self.admitted, self.refused)
        _log.warning("overload: requests are refused", in_flight=self.taken, refused_before=self.refused)

    def _look_whether_calm(self, now: float) -> None:
        admitted, refused = self.admitted - self._seen[0], self.refused - self._seen[1]
        self._looked, self._seen = now, (self.admitted, self.refused)
        calm = refused * CALM_ONE_IN < admitted or now - self._refused_at >= LOOK_EVERY_S
        if calm or now - self._began >= self._try_after:
            self.crowded = False
            self.bound = self.most
            self._ended = now
            _log.info("requests are let into the whole room again", calm=calm, refused=self.refused)


class Refusal:
    """The answer to who is turned away: made once, but for the request's id."""

    def __init__(self, *, behind_proxies: bool) -> None:
        """Believe what proxies say about TLS if requests come through them."""
        reply = problem(Overloaded(), "")
        self._before = msgspec.json.encode(reply.content).removesuffix(_END)
        self._headers = {tls: [*reply.fields, (b"content-type", MEDIA)] for tls in (False, True)}
        for tls, headers in self._headers.items():
            secured(headers, tls=tls)
        self._behind_proxies = behind_proxies

    async def __call__(self, scope: HTTPScope, send: Send) -> None:
        """Send it."""
        sent = list(scope["headers"])
        fields = dict(sent)
        own = fields.get(b"x-request-id", b"")
        request_id = own if _ID.fullmatch(own) else str(uuid7()).encode()
        body = self._before + request_id + _END
        tls = scope["scheme"] == "https" or (self._behind_proxies and fields.get(b"x-forwarded-proto") == b"https")
        headers = [*self._headers[tls], (b"content-length", b"%d" % len(body)), (b"x-request-id", request_id)]
        if b"transfer-encoding" in fields or len(fields) != len(sent):
            headers.append((b"connection", b"close"))  # nothing can hide behind what two readers may read in two ways
        await send({"type": "http.response.start", "status": STATUS[Unavailable], "headers": headers})
        body = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": body, "more_body": False})
