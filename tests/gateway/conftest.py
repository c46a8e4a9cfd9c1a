"""A gateway to talk to: the real one, with its real route table, and stand-ins behind it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from tests.gateway.stand_ins import NOW, Counts, Registry, SignIn, counted_ids
from tests.wirings.over_grpc import Wire

from careplane.components.analytics import http as analytics_http
from careplane.components.analytics.api import ANALYTICS
from careplane.components.identity import http as identity_http
from careplane.components.identity.api import IDENTITY
from careplane.components.patient import http as patient_http
from careplane.components.patient.api import PATIENT
from careplane.gateway.access_log import AccessLog
from careplane.gateway.admission import CatchUp, Remembers, Verify, nobody
from careplane.gateway.application import GatewayParts, make_application, nothing_newer
from careplane.gateway.denials import Denial
from careplane.gateway.edge import Edge
from careplane.gateway.health import Check
from careplane.gateway.metrics import Metrics
from careplane.gateway.routes import RouteTable, default_routes_file, read_routes
from careplane.gateway.settings import EdgeSettings
from careplane.gateway.trail import AuditTrail
from careplane.kernel.clock import FixedClock
from careplane.kernel.context import Context
from careplane.kernel.contract import Component, Method
from careplane.kernel.errors import Unauthenticated
from careplane.kernel.invoke import proxy
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal

SCOPES = frozenset({m.scope for c in (PATIENT, IDENTITY, ANALYTICS) for m in c.methods.values()})
TOKENS = {
    "admin": Principal(id="user-1", roles=("admin",), scopes=SCOPES),
    "analyst": Principal(id="user-2", roles=("analyst",), scopes=frozenset({"analytics:read"})),
}


def verify(token: str) -> Principal:
    """Know two tokens."""
    if token not in TOKENS:
        raise Unauthenticated("The token is not valid.")
    return TOKENS[token]


def default_table() -> RouteTable:
    """Read the route table that comes with Careplane."""
    return read_routes(default_routes_file(), components=("patient", "identity", "analytics"), scopes=SCOPES)


@dataclass
class World:
    """A gateway and all that stands around it; call `client` when the parts are as a test wants them."""

    registry: Registry = field(default_factory=Registry)
    sign_in: SignIn = field(default_factory=SignIn)
    counts: Counts = field(default_factory=Counts)
    trails: dict[str, AuditTrail] = field(default_factory=dict)
    denials: list[Denial] = field(default_factory=list)
    verify: Verify = verify
    catch_up: CatchUp = nothing_newer
    remembers: Remembers = nobody
    table: RouteTable = field(default_factory=default_table)
    settings: EdgeSettings = field(default_factory=lambda: EdgeSettings(cursor_secret=b"s" * 32))
    checks: dict[str, Check] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    lines: list[tuple[Context, str, str, int, float]] = field(default_factory=list)
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    edge: Edge | None = None
    wire: Wire | None = None

    async def denied(self, denial: Denial) -> None:
        """Take note of a refusal."""
        self.denials.append(denial)

    def application(self) -> Edge:
        """Put the gateway together."""
        ids = counted_ids()
        access: AccessLog = lambda *line: self.lines.append(line)  # noqa: E731 - a callback in one line
        return make_application(
            GatewayParts(
                table=self.table,
                components={
                    "patient": (patient_http.endpoints, self._to(PATIENT, self.registry)),
                    "identity": (identity_http.endpoints, self._to(IDENTITY, self.sign_in)),
                    "analytics": (analytics_http.endpoints, self._to(ANALYTICS, self.counts)),
                },
                trails=self.trails,
                verify=self.verify,
                catch_up=self.catch_up,
                remembers=self.remembers,
                denied=self.denied,
                settings=self.settings,
                new_id=lambda: next(ids),
                clock=FixedClock(NOW),
                checks=self.checks,
                metrics=self.metrics,
                access=access,
            )
        )

    def _to(self, component: Component[Any], stand_in: object) -> object:
        """Return the way to a stand-in: itself, or over a connection."""
        if self.wire is None:
            return stand_in

        async def invoke(method: Method, request: Message, /) -> Message:
            reply: Message = await getattr(stand_in, method.name)(request)
            return reply

        return proxy(component, self.wire(invoke))

    def client(self, token: str | None = "admin", address: str = "203.0.113.7", **options: Any) -> httpx.AsyncClient:
        """Return a client of the gateway, signed in unless `token` is None."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.edge = self.edge or self.application()
        transport = httpx.ASGITransport(self.edge, client=(address, 1234))  # type: ignore[arg-type]
        client = httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers, **options)
        self.clients.append(client)
        return client


@pytest.fixture(params=["direct", "grpc"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Return the parts of a gateway, to be changed before its client is made; what is behind it may be elsewhere."""
    made = World(wire=Wire() if request.param == "grpc" else None)
    yield made
    for client in made.clients:
        await client.aclose()
    if made.wire:
        made.wire.faults = [fault for fault in made.wire.faults if fault is not made.registry.fault]
        await made.wire.close()


@pytest.fixture
def client(world: World) -> httpx.AsyncClient:
    """Return a client that is signed in as an administrator."""
    return world.client()
