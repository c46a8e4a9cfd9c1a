"""Who may pass the edge: the token is read here, requests are counted, and what is out of scope is refused early."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NoReturn

from careplane.components.identity.api import UnknownKey
from careplane.gateway.client_address import caller
from careplane.gateway.denials import Denial
from careplane.gateway.exchange import Exchange
from careplane.gateway.limits import RateLimits
from careplane.gateway.routes import LOST, REFUSED, Rate, Route
from careplane.kernel.errors import PermissionDenied, ResourceExhausted, Unauthenticated
from careplane.kernel.principal import ANONYMOUS, Principal

Verify = Callable[[str], Principal]
"""Tells whose token it is, or raises Unauthenticated; without I/O, and at once for a token seen before."""

CatchUp = Callable[[], Awaitable[None]]
"""Hears of the newest keys, where that is not too much to ask for."""

Remembers = Callable[[str], bool]
"""Tells, at next to no cost, whether a token has been verified before."""

_BEARER: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")


def nobody(_token: str) -> bool:
    """Remember no token."""
    return False


class Admission:
    """Tells who is asking and whether they may."""

    def __init__(
        self, verify: Verify, limits: RateLimits, rates: Mapping[str, Rate], remembers: Remembers = nobody
    ) -> None:
        """Ask `verify` about tokens; callers whose tokens are wrong fall under the rate `refused`.

        From an address that has used up that rate only tokens are looked into that `remembers` knows to be good.
        """
        self._verify = verify
        self._remembers = remembers
        self._limits = limits
        self._refused = rates[REFUSED]
        self._lost = rates.get(LOST, self._refused)

    def admit(self, exchange: Exchange, route: Route, *, caught_up: bool = False) -> Principal:
        """Return who is asking; raise Unauthenticated, ResourceExhausted or PermissionDenied.

        A token under a key that is not known is UnknownKey, which counts for nothing yet: the key may be new. Catch up,
        and ask again as one who has.
        """
        principal = self._principal(exchange, caught_up=caught_up) if route.bearer else ANONYMOUS
        self._count(exchange, route.rate, principal)
        for scope in route.scopes:
            if not principal.may(scope) and not _is_owner(exchange, route, principal):
                exchange.denial = Denial(principal, route, scope, exchange.scope["path"], exchange.context)
                detail = f"This needs the scope {scope!r}, which your roles do not give. Ask an administrator."
                raise PermissionDenied(detail)
        return principal

    def _principal(self, exchange: Exchange, *, caught_up: bool) -> Principal:
        sent = _BEARER.fullmatch(exchange.fields.get(b"authorization", b""))
        if sent is None:
            self._refuse(exchange, Unauthenticated())
        token = sent[1].decode()
        if self._limits.spent and self._is_flooding(exchange) and not self._remembers(token):
            self._count(exchange, self._refused, ANONYMOUS)
        try:
            return self._verify(token)
        except UnknownKey as error:
            if not caught_up:
                raise
            self._refuse(exchange, Unauthenticated(error.detail, meta=error.meta))
        except Unauthenticated as error:
            self._refuse(exchange, error)

    def count_lost(self, exchange: Exchange) -> None:
        """Count a request that leads nowhere; raise ResourceExhausted when its address has sent too many of them."""
        self._count(exchange, self._lost, ANONYMOUS)

    def _is_flooding(self, exchange: Exchange) -> bool:
        return self._limits.is_spent(self._refused, caller(exchange.address))

    def _refuse(self, exchange: Exchange, error: Unauthenticated) -> NoReturn:
        self._count(exchange, self._refused, ANONYMOUS)
        raise error

    def _count(self, exchange: Exchange, rate: Rate, principal: Principal) -> None:
        per_user = rate.per_user and principal is not ANONYMOUS
        verdict = self._limits.ask(rate, principal.id if per_user else caller(exchange.address))
        exchange.limits = verdict.headers
        if verdict.retry_after is not None:
            raise ResourceExhausted(retry_after=verdict.retry_after)


def _is_owner(exchange: Exchange, route: Route, principal: Principal) -> bool:
    return route.owner is not None and exchange.scope["path"].split("/")[route.owner] == principal.id
