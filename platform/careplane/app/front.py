"""The gateway of this process: its routes, its way to the components, its checks and its numbers."""

import sys
from collections.abc import Callable, Mapping

from uuid_utils.compat import uuid7

from careplane.app.catalog import CATALOG, NAMES
from careplane.app.clock import SystemClock
from careplane.app.host import Host, Hosted
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
from careplane.gateway.application import GatewayParts, make_application, nothing_newer
from careplane.gateway.denials import noting
from careplane.gateway.edge import Edge
from careplane.gateway.following import Following
from careplane.gateway.health import Check
from careplane.gateway.metrics import Metrics, Reading
from careplane.gateway.routes import GATEWAY, default_routes_file, read_routes
from careplane.gateway.settings import EdgeSettings
from careplane.gateway.yaml_reading import RouteFileError
from careplane.kernel.invoke import Invoke, proxy
from careplane.kernel.principal import ANONYMOUS
from careplane_transports.inprocess.switchboard import Switchboard

_SECRET_MIN = 32


async def follow_identity(settings: Settings, host: Host, metrics: Metrics) -> Following:
    """Return what verifies tokens, once identity has told it how; keep it up from then on."""
    wanted = settings.identity
    verifier = TokenVerifier(
        KeySet(()),
        issuer=wanted.issuer,
        audience=wanted.audience,
        clock=SystemClock(),
        scopes=RoleTable.configured(wanted.roles).scopes_of,
    )
    following = Following(proxy(IDENTITY, host.calls), verifier, grace_s=wanted.revocation_grace_s, clock=SystemClock())
    await following.ask()
    left = "For how long tokens are believed if identity is not heard again"
    metrics.gauge("careplane_following_seconds_left", left, lambda: {"": following.seconds_left})
    return following


def make_front(settings: Settings, host: Host, metrics: Metrics, following: Following, *, cursor_secret: bytes) -> Edge:
    """Return the gateway's ASGI application over the components that `host` reaches.

    Raises SetupError where the route table is wrong, with the line of every mistake.
    """
    checks = {name: hosted.database.check for name, hosted in host.hosted.items()}
    return _edge(settings, host.calls, following, cursor_secret, checks, metrics)


def check_routes(settings: Settings) -> None:
    """Raise SetupError where the route table is wrong, with the line of every mistake; nothing is started."""
    _edge(settings, Switchboard(), None, bytes(_SECRET_MIN), {}, Metrics())


def _edge(
    settings: Settings,
    calls: Invoke,
    following: Following | None,
    secret: bytes,
    checks: Mapping[str, Check],
    metrics: Metrics,
) -> Edge:
    try:
        table = read_routes(
            settings.http.routes_file or default_routes_file(), components=(*NAMES, GATEWAY), scopes=_scopes()
        )
        parts = GatewayParts(
            table=table,
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
            settings=EdgeSettings(cursor_secret=secret, trusted_proxies=settings.http.trusted_proxies),
            new_id=uuid7,
            clock=SystemClock(),
            checks=checks,
            metrics=metrics,
            access=_access_log(settings.logging),
        )
        return make_application(parts)
    except RouteFileError as error:
        sentence = f"The route table has {len(error.faults)} mistake(s), to be corrected first:\n{error}"
        raise SetupError(sentence) from error


def cursor_secret_of(settings: Settings) -> bytes:
    """Return the configured secret for cursors; raise SetupError where it is missing or short."""
    secret = settings.http.cursor_secret.encode()
    if len(secret) < _SECRET_MIN:
        sentence = f"http.cursor_secret must have {_SECRET_MIN} characters or more: set it, the same for all gateways."
        raise SetupError(sentence)
    return secret


def host_metrics(metrics: Metrics, host: Host) -> None:
    """Add the numbers of the components that run here."""
    metrics.gauge("careplane_mailbox_calls", "Calls held", _each(host, lambda h: h.mailbox.held), "component")
    metrics.gauge("careplane_pool_in_use", "Connections lent", _each(host, lambda h: h.database.in_use), "component")
    metrics.gauge("careplane_pool_size", "Connections open", _each(host, lambda h: h.database.size), "component")
    unsealed = _each(host, lambda h: h.sealer.waits)
    metrics.gauge("careplane_audit_unsealed_seconds", "Age of the oldest audit row not sealed", unsealed, "component")
    metrics.gauge("careplane_component", "What components tell of themselves", lambda: _gauges(host), "gauge")
    metrics.counter("careplane_batches", "Group commits", lambda: _commits(host, "flushes"), "commit")
    metrics.counter("careplane_batched", "Pieces of work in group commits", lambda: _commits(host, "flushed"), "commit")


def _access_log(logging: LoggingSettings) -> AccessLog | None:
    """Return the log of requests, whose lines are of level info; JSON is written without a detour, for it is hot."""
    if logging.level in {"warning", "error"}:
        return None
    return write_access if is_pretty(logging.format, sys.stderr) else JsonAccessLog(sys.stderr.write, SystemClock())


def _each(host: Host, read: Callable[[Hosted], float]) -> Reading:
    return lambda: {name: read(hosted) for name, hosted in host.hosted.items()}


def _gauges(host: Host) -> Mapping[str, float]:
    return {f"{name}_{gauge}": read() for name, h in host.hosted.items() for gauge, read in h.assembly.gauges.items()}


def _commits(host: Host, count: str) -> Mapping[str, float]:
    return {
        f"{name}_{commit}": getattr(group, count)
        for name, hosted in host.hosted.items()
        for commit, group in hosted.assembly.commits.items()
    }


def _scopes() -> frozenset[str]:
    return frozenset(method.scope for entry in CATALOG for method in entry.component.methods.values())
