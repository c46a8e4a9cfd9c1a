"""Who may pass the edge: the token is read here, requests are counted, and what is out of scope is refused early."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NoReturn

from careplane.gateway.client_address import caller
from careplane.gateway.exchange import Exchange
from careplane.gateway.limits import RateLimits
from careplane.gateway.routes import REFUSED, Rate, Route
from careplane.kernel.errors import PermissionDenied, ResourceExhausted, Unauthenticated
from careplane.kernel.principal import ANONYMOUS, Principal

Verify = Callable[[str], Principal]
"""Tells whose token it is, or raises Unauthenticated; without I/O, and at once for a token seen before."""

_BEARER: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")


class Admission:
    """Tells who is asking and whether they may."""

    def __init__(self, verify: Verify, limits: RateLimits, rates: Mapping[str, Rate]) -> None:
        """Ask `verify` about tokens; callers whose tokens are wrong fall under the rate `refused`."""
        self._verify = verify
        self._limits = limits
        self._refused = rates[REFUSED]

    def admit(self, exchange: Exchange, route: Route) -> Principal:
        """Return who is asking; raise Unauthenticated, ResourceExhausted or PermissionDenied."""
        principal = self._principal(exchange) if route.bearer else ANONYMOUS
        self._count(exchange, route.rate, principal)
        for scope in route.scopes:
            if not principal.may(scope) and not _is_owner(exchange, route, principal):
                detail = f"This needs the scope {scope!r}, which your roles do not give. Ask an administrator."
                raise PermissionDenied(detail)
        return principal

    def _principal(self, exchange: Exchange) -> Principal:
        sent = _BEARER.fullmatch(exchange.fields.get(b"authorization", b""))
        if sent is None:
            self._refuse(exchange, Unauthenticated())
        try:
            return self._verify(sent[1].decode())
        except Unauthenticated as error:
            self._refuse(exchange, error)

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
