"""The gateway put together: Litestar with every component's handlers, and the edge before it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from careplane.gateway import health
from careplane.gateway.access_log import AccessLog, write_access
from careplane.gateway.admission import Admission, CatchUp, Remembers, Verify, nobody
from careplane.gateway.denials import Denied
from careplane.gateway.docs import endpoints as docs_endpoints
from careplane.gateway.edge import Edge, EdgeParts
from careplane.gateway.health import Check
from careplane.gateway.limits import RateLimits
from careplane.gateway.metrics import Metrics
from careplane.gateway.openapi import Document, documents
from careplane.gateway.problems import answer
from careplane.gateway.routes import GATEWAY, RouteTable
from careplane.gateway.rows import matcher
from careplane.gateway.settings import EdgeSettings
from careplane.gateway.shedding import Room
from careplane.gateway.trail import AuditTrail
from careplane.gateway.trail import endpoints as trail_endpoints
from careplane.kernel.clock import Clock
from careplane.kernel.ids import NewId
from careplane.web.bodies import StrictRequest
from careplane.web.cursors import SignedCursors
from careplane.web.parts import WebParts

Endpoints = Callable[[Any, WebParts], Sequence[HTTPRouteHandler]]
"""A component's `http.endpoints`: makes its handlers around its proxy."""


async def nothing_newer() -> None:
    """Know of no newer keys: those there are were given once and for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayParts:
    """What the gateway is made of: for each component's name its endpoints and its proxy; and what it needs itself.

    `trails` are all components, whether they have endpoints or not.
    """

    table: RouteTable
    components: Mapping[str, tuple[Endpoints, Any]]
    trails: Mapping[str, AuditTrail]
    verify: Verify
    remembers: Remembers = nobody
    catch_up: CatchUp = nothing_newer
    denied: Denied
    settings: EdgeSettings
    new_id: NewId
    clock: Clock
    checks: Mapping[str, Check] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    access: AccessLog | None = write_access


def make_application(parts: GatewayParts) -> Edge:
    """Return the ASGI application; raise RouteFileError where table and handlers do not agree."""
    handlers = _handlers(parts)
    everything = [handler for several in handlers.values() for handler in several]
    app = _litestar([*everything, *docs_endpoints(handlers, parts.table)])
    limits = RateLimits(parts.settings.limited_callers)
    room = _room(parts)
    _tell(limits, room, parts.metrics)
    return Edge(
        EdgeParts(
            app=app,
            rows=matcher(parts.table, app),
            room=room,
            catch_up=parts.catch_up,
            admission=Admission(parts.verify, limits, parts.table.rates, parts.remembers),
            denied=parts.denied,
            numbers=parts.metrics.requests,
            access=parts.access,
            new_id=parts.new_id,
            trusted_proxies=parts.settings.trusted_proxies,
            address_header=parts.settings.address_header,
        )
    )


def described(parts: GatewayParts) -> dict[str, Document]:
    """Return the documents that the application made of these parts serves: one for each component, under '' of all."""
    return documents(_handlers(parts), parts.table)


def _handlers(parts: GatewayParts) -> dict[str, list[HTTPRouteHandler]]:
    """Return what answers, by component; what tells about all that is not among it."""
    web = WebParts(parts.new_id, parts.clock, SignedCursors(parts.settings.cursor_secret))
    handlers = {name: list(endpoints(proxy, web)) for name, (endpoints, proxy) in parts.components.items()}
    return {**handlers, GATEWAY: [*health.endpoints(parts.checks), *trail_endpoints(parts.trails, web)]}


def _litestar(handlers: list[HTTPRouteHandler]) -> Litestar:
    return Litestar(
        handlers,
        exception_handlers={Exception: answer},
        request_class=StrictRequest,
        request_max_body_size=None,  # the edge has seen to that, route by route
        openapi_config=None,
        logging_config=None,
    )


def _room(parts: GatewayParts) -> Room:
    settings = parts.settings
    public = [route.path for route in parts.table.routes if not route.bearer]
    return Room(settings.in_flight, public, behind_proxies=settings.trusted_proxies > 0)


def _tell(limits: RateLimits, room: Room, metrics: Metrics) -> None:
    metrics.gauge("careplane_limiter_buckets", "Callers that the rate limits remember", lambda: {"": len(limits)})
    metrics.counter("careplane_limiter_refused", "Requests answered 429", lambda: {"": limits.refused})
    metrics.gauge("careplane_http_in_flight", "Requests in work", lambda: {"": room.taken})
    metrics.gauge(
        "careplane_http_overload", "1 while more requests come than can be answered", lambda: {"": room.crowded}
    )
    metrics.counter("careplane_http_shed", "Requests refused at once for overload", lambda: {"": room.refused})
