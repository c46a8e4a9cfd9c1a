"""What can be set, section by section: the type, the bounds, the default and the meaning of every setting."""

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from msgspec import Meta, Struct, field

from careplane.app.database_url import url_fault
from careplane.components.analytics.settings import AnalyticsSettings
from careplane.components.billing.settings import BillingSettings
from careplane.components.identity.settings import IdentitySettings
from careplane.components.patient.settings import PatientSettings
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.kafka.settings import KafkaSettings

_HOST = r"([^@:/?#,\[\]]*|\[[^@/?#\[\]]*\])(:[0-9]{0,5})?"
_URL = rf"postgres(ql)?://([^/?#]*@)?{_HOST}(,{_HOST})*([/?#].*)?"
_URL_WANTED = "must be postgresql://user:password@host:port/database, with signs such as / and # in it percent-encoded"
PORT_MAX = 65535
Port = Annotated[int, Meta(ge=1, le=PORT_MAX)]
Seconds = Annotated[float, Meta(gt=0)]
SECRET = {"secret": True}  # a setting marked so is never shown, and may be given as <name>_file


class HttpSettings(Struct, frozen=True, kw_only=True):
    """Where the gateway listens and whom it believes."""

    host: Annotated[str, Meta(min_length=1, description="the address the gateway listens on")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="the port the gateway listens on")] = 4004
    trusted_proxies: Annotated[
        int, Meta(ge=0, le=10, description="how many proxies stand in front, whose X-Forwarded-For is believed")
    ] = 0
    routes_file: Annotated[
        Path | None, Meta(description="the route table; unset: the one that comes with Careplane")
    ] = None
    cursor_secret: Annotated[
        str,
        Meta(description="signs the cursors of lists: 32 characters or more, the same in all gateways", extra=SECRET),
    ] = ""


class MetricsSettings(Struct, frozen=True, kw_only=True):
    """Where Prometheus finds the numbers: an internal address, never the gateway's."""

    host: Annotated[str, Meta(min_length=1, description="the address of /metrics")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="the port of /metrics; 0 turns it off")] = 4005


class DatabaseSettings(Struct, frozen=True, kw_only=True):
    """Which PostgreSQL the components use, and how patiently."""

    url: Annotated[
        str,
        Meta(
            pattern=rf"^({_URL})?$",
            description="its URL; empty for the embedded one",
            extra={**SECRET, "wanted": _URL_WANTED, "fault": url_fault},
        ),
    ] = ""
    component_urls: Annotated[
        dict[str, Annotated[str, Meta(pattern=rf"^{_URL}$")]],
        Meta(
            description="another URL for single components, by name",
            extra={**SECRET, "wanted": _URL_WANTED, "fault": url_fault},
        ),
    ] = field(default_factory=dict)
    pool_size: Annotated[int, Meta(ge=2, le=200, description="connections per component at most")] = 8
    command_timeout_s: Annotated[Seconds, Meta(description="how long one statement may take")] = 10.0
    acquire_timeout_s: Annotated[Seconds, Meta(description="how long to wait for a free connection")] = 2.0

    def url_for(self, component: str) -> str:
        """Return the URL of the database that `component` keeps its tables in; empty for the embedded one."""
        return self.component_urls.get(component, self.url)


class LimitsSettings(Struct, frozen=True, kw_only=True):
    """How much may wait inside; how much a client may ask is in the gateway's route table."""

    mailbox_bound: Annotated[int, Meta(ge=1, le=1_000_000, description="calls that may wait in one mailbox")] = 1024


class AuditSettings(Struct, frozen=True, kw_only=True):
    """Where it is noted how far the audit has come."""

    anchor_file: Annotated[
        Path | None,
        Meta(
            description="the heads of the audit's chains are appended here; unset: in the data folder by careplane dev"
        ),
    ] = None
    anchor_every_s: Annotated[Seconds, Meta(description="how often, at most, a head that has moved is noted")] = 60.0


class LoggingSettings(Struct, frozen=True, kw_only=True):
    """What the logs look like."""

    format: Annotated[
        Literal["auto", "json", "pretty"],
        Meta(description="json for machines, pretty for people, auto for pretty at a terminal and json elsewhere"),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="the least important level that is written")
    ] = "info"


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be set."""

    data_dir: Annotated[Path, Meta(description="the folder of the embedded database and of keys we make")] = field(
        default_factory=lambda: platformdirs.user_data_path("careplane")
    )
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
