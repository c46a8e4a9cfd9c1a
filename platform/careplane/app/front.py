"""The gateway of this process: its routes, its way to the components, its checks and its numbers."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from uuid_utils.compat import uuid7

from careplane.app.catalog import CATALOG, NAMES
from careplane.app.clock import SystemClock
from careplane.app.host import Host
from careplane.app.logs import is_pretty
from careplane.app.settings import LoggingSettings, Settings
from careplane.app.setup_error import SetupError
from careplane.components.analytics.api import ANALYTICS
from careplane.components.analytics.http import endpoints as analytics_endpoints
from careplane.components.identity.api import IDENTITY, KeySet, RoleTable, TokenVerifier
from careplane.components.identity.http import endpoints as identity_endpoints
from careplane.components.patient.api import PATIENT
from careplane.components.patient.http import endpoints as patient_endpoints
from careplane.gateway.access_log import AccessLog, JsonAccessLog, write_access
from careplane.gateway.admission import nobody
from careplane.gateway.application import GatewayParts, described, make_application, nothing_newer
from careplane.gateway.denials import noting
from careplane.gateway.edge import Edge
from careplane.gateway.following import Following
from careplane.gateway.health import Check
from careplane.gateway.metrics import Metrics
from careplane.gateway.openapi import Document
from careplane.gateway.routes import GATEWAY, RouteTable, default_routes_file, read_routes
from careplane.gateway.settings import EdgeSettings
from careplane.gateway.yaml_reading import RouteFileError
from careplane.kernel.invoke import Invoke, proxy
from careplane.kernel.principal import ANONYMOUS
from careplane_transports.inprocess.switchboard import Switchboard

_SECRET_MIN = 32


async def follow_identity(settings: Settings, host: Host, metrics: Metrics) -> Following:
    """Return what verifies tokens, once identity has told it how if it runs here; keep it up from then on."""
    wanted = settings.identity
    verifier = TokenVerifier(
        KeySet(()),
        issuer=wanted.issuer,
        audience=wanted.audience,
        clock=SystemClock(),
        scopes=RoleTable.configured(wanted.roles).scopes_of,
    )
    following = Following(proxy(IDENTITY, host.calls), verifier, grace_s=wanted.revocation_grace_s, clock=SystemClock())
    if IDENTITY.name in host.hosted:  # elsewhere it may not be up yet, and until it is heard no token is believed
        await following.ask()
    left = "For how long tokens are believed if identity is not heard again"
    metrics.gauge("careplane_following_seconds_left", left, lambda: {"": following.seconds_left})
    return following


def make_front(
    settings: Settings,
    host: Host,
    metrics: Metrics,
    following: Following,
    *,
    cursor_secret: bytes,
    elsewhere: Mapping[str, Check],
) -> Edge:
    """Return the gateway's ASGI application over the components that `host` reaches, ready when those `elsewhere` are.

    Raises SetupError where the route table is wrong, with the line of every mistake.
    """
    checks = {**elsewhere, **{name: hosted.database.check for name, hosted in host.hosted.items()}}
    checks[IDENTITY.name] = _also(checks[IDENTITY.name], following.check)
    in_order = {name: checks[name] for name in NAMES}
    with _mistakes_named():
        return make_application(_parts(settings, host.calls, following, cursor_secret, in_order, metrics))


def check_routes(settings: Settings) -> None:
    """Raise SetupError where the route table is wrong, with the line of every mistake; nothing is started."""
    _checked(settings)


def described_front(settings: Settings) -> tuple[RouteTable, dict[str, Document]]:
    """Return the route table and the documents that the gateway serves of it; nothing is started.

    Raises SetupError where the route table is wrong, with the line of every mistake.
    """
    parts = _checked(settings)
    return parts.table, described(parts)


def _checked(settings: Settings) -> GatewayParts:
    """Return the parts of a gateway that leads nowhere."""
    with _mistakes_named():
        parts = _parts(settings, Switchboard(), None, bytes(_SECRET_MIN), {}, Metrics())
        make_application(parts)
    return parts


@contextmanager
def _mistakes_named() -> Iterator[None]:
    try:
        yield
    except RouteFileError as error:
        sentence = f"The route table has {len(error.faults)} mistake(s), to be corrected first:\n{error}"
        raise SetupError(sentence) from error


def _parts(
    settings: Settings,
    calls: Invoke,
    following: Following | None,
    secret: bytes,
    checks: Mapping[str, Check],
    metrics: Metrics,
) -> GatewayParts:
    http = settings.http
    return GatewayParts(
        table=read_routes(http.routes_file or default_routes_file(), components=(*NAMES, GATEWAY), scopes=_scopes()),
        components={
            IDENTITY.name: (identity_endpoints, proxy(IDENTITY, calls)),
            PATIENT.name: (patient_endpoints, proxy(PATIENT, calls)),
            ANALYTICS.name: (analytics_endpoints, proxy(ANALYTICS, calls)),
        },
        trails={entry.name: proxy(entry.component, calls) for entry in CATALOG},
        verify=following.verify if following else lambda _: ANONYMOUS,
        remembers=following.remembers if following else nobody,
        catch_up=following.catch_up if following else nothing_newer,
        denied=noting(proxy(IDENTITY, calls).note_denial, uuid7),
        settings=EdgeSettings(
            cursor_secret=secret,
            trusted_proxies=http.trusted_proxies,
            address_header=http.address_header.encode(),
            in_flight=settings.limits.requests_in_flight,
        ),
        new_id=uuid7,
        clock=SystemClock(),
        checks=checks,
        metrics=metrics,
        access=_access_log(settings.logging),
    )


def cursor_secret_of(settings: Settings) -> bytes:
    """Return the configured secret for cursors; raise SetupError where it is missing or short."""
    secret = settings.http.cursor_secret.encode()
    if len(secret) < _SECRET_MIN:
        sentence = f"http.cursor_secret must have {_SECRET_MIN} characters or more: set it, the same for all gateways."
        raise SetupError(sentence)
    return secret


def _access_log(logging: LoggingSettings) -> AccessLog | None:
    """Return the log of requests, whose lines are of level info; JSON is written without a detour, for it is hot."""
    if logging.level in {"warning", "error"}:
        return None
    return write_access if is_pretty(logging.format, sys.stderr) else JsonAccessLog(sys.stderr.write, SystemClock())


def _also(check: Check, then: Check) -> Check:
    async def both() -> None:
        await check()
        await then()

    return both


def _scopes() -> frozenset[str]:
    return frozenset(method.scope for entry in CATALOG for method in entry.component.methods.values())
