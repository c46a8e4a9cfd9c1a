"""What can be set, section by section: the type, the bounds, the default and the meaning of every setting."""

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from msgspec import Meta, Struct, field

from careplane.app.database_url import url_fault, with_password
from careplane.components.analytics.settings import AnalyticsSettings
from careplane.components.billing.settings import BillingSettings
from careplane.components.identity.settings import IdentitySettings
from careplane.components.patient.settings import PatientSettings
from careplane.gateway.settings import HEAD_SECONDS, IN_FLIGHT
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.kafka.settings import KafkaSettings

_HOST = r"([^@:/?#,\[\]]*|\[[^@/?#\[\]]*\])(:[0-9]{0,5})?"
_URL = rf"postgres(ql)?://([^/?#]*@)?{_HOST}(,{_HOST})*([/?#].*)?"
_URL_WANTED = "must be postgresql://user:password@host:port/database, with signs such as / and # in it percent-encoded"
PORT_MAX = 65535
Port = Annotated[int, Meta(ge=1, le=PORT_MAX)]
Seconds = Annotated[float, Meta(gt=0)]
SECRET = {"secret": True}  # a setting marked so is never shown, and may be given as <name>_file
BY_COMPONENT = {"by_component": True}  # a table whose entries are called after components
_PLAIN = r"[^\x00-\x1f\x7f]"
_ASCII = r"[\x20-\x7e]"


class HttpSettings(Struct, frozen=True, kw_only=True):
    """Where the gateway listens and whom it believes, for processes that run it."""

    host: Annotated[
        str,
        Meta(
            min_length=1,
            description="the address the gateway listens on",
            extra={"when": "`0.0.0.0` in a container, or where a proxy on another machine stands in front."},
        ),
    ] = "127.0.0.1"
    port: Annotated[
        Port, Meta(description="the port the gateway listens on, in plain HTTP", extra={"when": "If 4004 is taken."})
    ] = 4004
    trusted_proxies: Annotated[
        int,
        Meta(
            ge=0,
            le=10,
            description="how many proxies stand in front, whose X-Forwarded-For is believed",
            extra={"when": "1 behind one balancer. Never more than there are: anybody could pass for somebody else."},
        ),
    ] = 0
    address_header: Annotated[
        str,
        Meta(
            pattern=r"^(?!x-careplane-|grpc-)[a-z][a-z0-9-]*\Z",
            description="the header in which those proxies append the address they see, if it is another one",
            extra={
                "wanted": "must be a header's name in small letters, and none that means something inside",
                "when": "`x-client-address` behind the HTTP API of `config/aws`.",
            },
        ),
    ] = "x-forwarded-for"
    idle_timeout_s: Annotated[
        float,
        Meta(
            ge=1,
            le=600,
            description="seconds that a connection may lie idle, and a request's head take, before it is ended",
            extra={
                "when": "More than the idle timeout of a balancer in front, which else sends a request to a connection "
                "that is just being ended: 75 where the balancer's is 60."
            },
        ),
    ] = HEAD_SECONDS
    routes_file: Annotated[
        Path | None,
        Meta(
            description="the route table; unset: the one that comes with Careplane",
            extra={"when": "A copy of `config/gateway.yaml`, to change rates, sizes or times."},
        ),
    ] = None
    cursor_secret: Annotated[
        str,
        Meta(
            description="signs the cursors of lists: 32 characters or more, the same in all gateways",
            extra={**SECRET, "when": "In every gateway of `careplane serve`. What `careplane dev` needs it makes."},
        ),
    ] = ""


class MetricsSettings(Struct, frozen=True, kw_only=True):
    """Where Prometheus finds the numbers of each process: an internal address, never the gateway's."""

    host: Annotated[
        str,
        Meta(
            min_length=1,
            description="the address of /metrics",
            extra={"when": "`0.0.0.0` in a container whose port only the scraper reaches: it asks for no password."},
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="the port of /metrics; 0 turns it off",
            extra={"when": "Another one for each process of a machine."},
        ),
    ] = 4005


class DatabaseSettings(Struct, frozen=True, kw_only=True):
    """Which PostgreSQL the components use, and how patiently."""

    url: Annotated[
        str,
        Meta(
            pattern=rf"^({_URL})?$",
            description="its URL; empty for the embedded one",
            extra={
                **SECRET,
                "wanted": _URL_WANTED,
                "fault": url_fault,
                "when": "For all components of the process; `DATABASE_URL` is heard where this is not set. On another "
                "machine with `sslmode=verify-full`.",
            },
        ),
    ] = ""
    component_urls: Annotated[
        dict[str, Annotated[str, Meta(pattern=rf"^{_URL}$")]],
        Meta(
            description="another URL for single components, by name",
            extra={
                **SECRET,
                **BY_COMPONENT,
                "wanted": _URL_WANTED,
                "fault": url_fault,
                "when": "Where several components share a process: each comes in as its own role, `careplane_<name>`.",
            },
        ),
    ] = field(default_factory=dict)
    password: Annotated[
        str,
        Meta(
            pattern=rf"^{_PLAIN}*\Z",
            description="put into each URL above that names a user and no password",
            extra={
                **SECRET,
                "wanted": "must be one line, without control characters",
                "when": "Where the password comes from elsewhere than the URL, such as a vault.",
            },
        ),
    ] = ""
    logins: Annotated[
        dict[str, Annotated[str, Meta(pattern=rf"^{_ASCII}+\Z")]],
        Meta(
            description="passwords, by component, with which `careplane migrate` lets the components' roles log in",
            extra={
                **SECRET,
                **BY_COMPONENT,
                "wanted": "must be passwords of one printable ASCII character or more, by component",
                "when": "For `careplane migrate` as the owner only; no serving process needs it.",
            },
        ),
    ] = field(default_factory=dict)
    pool_size: Annotated[
        int,
        Meta(
            ge=2,
            le=200,
            description="connections per component and process at most",
            extra={"when": "So that all of them fit into PostgreSQL's `max_connections`: see Scaling."},
        ),
    ] = 8
    command_timeout_s: Annotated[
        Seconds,
        Meta(
            description="how long one statement may take",
            extra={"when": "Raise it only for a slow disk: who waits that long is answered Unavailable."},
        ),
    ] = 10.0
    acquire_timeout_s: Annotated[
        Seconds,
        Meta(
            description="how long to wait for a free connection",
            extra={"when": "Leave it: who waits longer is answered Unavailable, and may try again."},
        ),
    ] = 2.0

    def url_for(self, component: str) -> str:
        """Return the URL of the database that `component` keeps its tables in; empty for the embedded one."""
        return with_password(self.component_urls.get(component, self.url), self.password)


class LimitsSettings(Struct, frozen=True, kw_only=True):
    """How much may wait inside; how much a client may ask is in the gateway's route table."""

    mailbox_bound: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="calls that a component holds at most; one more is answered Overloaded",
            extra={"when": "Raise it for bursts that callers have the time to sit out."},
        ),
    ] = 1024
    requests_in_flight: Annotated[
        int,
        Meta(
            ge=8,
            le=100_000,
            description="requests that a gateway has in work at most; one more is refused at once, in the cheapest way",
            extra={"when": "Raise it where many clients call at the same time and would rather wait than come again."},
        ),
    ] = IN_FLIGHT


class AuditSettings(Struct, frozen=True, kw_only=True):
    """Where it is noted how far the audit has come, for processes with components."""

    anchor_file: Annotated[
        Path | None,
        Meta(
            description="the heads of the audit's chains are appended here; unset: in the data folder by careplane dev",
            extra={
                "when": "In production, where nobody who can change the database can change it; else it is in the log "
                "only, which must be kept as safe."
            },
        ),
    ] = None
    anchor_every_s: Annotated[
        Seconds,
        Meta(
            description="how often, at most, a head that has moved is noted",
            extra={"when": "What is cut off the audit's end within that time is not noticed by it."},
        ),
    ] = 60.0


class LoggingSettings(Struct, frozen=True, kw_only=True):
    """What the logs look like."""

    format: Annotated[
        Literal["auto", "json", "pretty"],
        Meta(
            description="json for machines, pretty for people, auto for pretty at a terminal and json elsewhere",
            extra={"when": "`json` where a terminal is recorded for machines."},
        ),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(
            description="the least important level that is written",
            extra={"when": "`warning` leaves out each request's line, and the audit's heads."},
        ),
    ] = "info"


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be set."""

    data_dir: Annotated[
        Path,
        Meta(
            description="the folder of the embedded database and of keys we make",
            extra={
                "when": "For `careplane dev` and `split`; `serve` needs none.",
            },
        ),
    ] = field(default_factory=lambda: platformdirs.user_data_path("careplane"))
    http: HttpSettings = HttpSettings()
    metrics: MetricsSettings = MetricsSettings()
    database: DatabaseSettings = DatabaseSettings()
    limits: LimitsSettings = LimitsSettings()
    grpc: GrpcSettings = GrpcSettings()
    kafka: KafkaSettings = KafkaSettings()
    identity: IdentitySettings = IdentitySettings()
    patients: PatientSettings = PatientSettings()
    billing: BillingSettings = BillingSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    audit: AuditSettings = AuditSettings()
    logging: LoggingSettings = LoggingSettings()
