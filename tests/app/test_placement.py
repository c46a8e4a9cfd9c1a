"""Placement: any set of components and the gateway, unless something could not do its work or nobody could reach it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from careplane.app.catalog import CATALOG, NAMES, Entry
from careplane.app.host import Host
from careplane.app.links import callers_of
from careplane.app.placement import Placement
from careplane.app.settings import DatabaseSettings, HttpSettings, MetricsSettings, Settings
from careplane.app.setup_error import SetupError
from careplane.app.this_machine import beyond_this_machine, calls_in_the_open
from careplane.components.assembly import Parts
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.contract import Component
from careplane.storage.database import Database
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.kafka.settings import KafkaSettings

PEERS = {name: f"127.0.0.1:{4011 + number}" for number, name in enumerate(NAMES)}
KAFKA = KafkaSettings(bootstrap_servers="127.0.0.1:9092")


def settings(**grpc: Any) -> Settings:
    """Return settings with everybody's peers, Kafka, and a port, unless told otherwise."""
    return Settings(grpc=GrpcSettings(**{"port": 4010, "peers": PEERS, **grpc}), kafka=KAFKA)


def test_without_names_everything_is_here() -> None:
    """As one process it needs nothing else: no peers, no Kafka, no port."""
    placement = Placement.of(())
    assert placement.names == (*NAMES, "gateway")
    assert placement.elsewhere == ()
    placement.check(Settings())


@pytest.mark.parametrize("name", [*NAMES, "gateway"])
def test_each_can_be_alone(name: str) -> None:
    """With the way to those it calls."""
    Placement.of((name,)).check(settings())


def test_the_order_is_that_of_the_catalogue() -> None:
    """Whatever the order of the names, those that are called start before those that call them."""
    assert Placement.of(("gateway", "patient", "billing")).names == ("billing", "patient", "gateway")


def test_what_is_called_elsewhere() -> None:
    """The gateway calls all of them, patient billing, analytics patient."""
    assert Placement.of(("gateway", "patient")).elsewhere == ("identity", "billing", "analytics")
    assert Placement.of(("patient",)).elsewhere == ("billing",)
    assert Placement.of(("analytics",)).elsewhere == ("patient",)
    assert Placement.of(("billing", "identity")).elsewhere == ()


def test_the_streams_of_a_process() -> None:
    """Who neither tells events nor hears any has nothing to do with Kafka."""
    assert Placement.of(("gateway", "identity")).streams == frozenset()
    assert Placement.of(("analytics",)).streams == {"patient"}
    assert Placement.of(("patient", "billing")).streams == {"patient", "billing"}


REFUSED: dict[str, tuple[tuple[str, ...], Settings, str]] = {
    "no way to billing": (
        ("patient",),
        settings(peers={}),
        r'patient calls billing, which is not in this process: .* grpc\.peers where it runs, as in billing = "billing',
    ),
    "no way to a component of the gateway": (
        ("gateway",),
        settings(peers={name: PEERS[name] for name in ("identity", "billing", "patient")}),
        r"gateway calls analytics, which is not in this process",
    ),
    "nobody could call": (
        ("billing",),
        settings(port=0),
        r"Nobody could call billing here: set grpc\.port, or run the",
    ),
    "a peer that is no component": (
        ("billing",),
        settings(peers={"payroll": "127.0.0.1:4019"}),
        r"grpc\.peers names 'payroll', which is no component: choose from identity, billing",
    ),
    "events that nobody hears": (
        ("patient",),
        Settings(grpc=GrpcSettings(port=4010, peers=PEERS)),
        r"analytics hears the events of patient, and only patient is in this process: .* kafka\.bootstrap_servers",
    ),
    "no events to hear": (
        ("gateway", "analytics", "billing", "identity"),
        Settings(grpc=GrpcSettings(peers=PEERS)),
        r"analytics hears the events of patient, and only analytics is in this process",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_placement_that_could_not_work_is_refused(case: str) -> None:
    """In one sentence, which names the setting."""
    names, given, sentence = REFUSED[case]
    with pytest.raises(SetupError, match=f"^{sentence}"):
        Placement.of(names).check(given)


def test_a_name_that_is_none_is_refused() -> None:
    """And those that there are, are told."""
    with pytest.raises(SetupError, match=r"nothing called 'payroll' to serve: choose from identity, .*, gateway"):
        Placement.of(("billing", "payroll"))


def test_events_may_stay_in_a_process_that_has_all_who_hear_them() -> None:
    """Patient and analytics together need no Kafka, whatever else is elsewhere."""
    Placement.of(("patient", "analytics")).check(Settings(grpc=GrpcSettings(port=4010, peers=PEERS)))
    Placement.of(("identity",)).check(Settings(grpc=GrpcSettings(port=4010)))


def test_only_components_need_a_database_and_only_their_own() -> None:
    """The gateway has none."""
    database = DatabaseSettings(component_urls={"patient": "postgresql://p@db/x"})
    given = Settings(database=database)
    assert Placement.of(("gateway",)).urls(given) == {}
    assert Placement.of(("gateway", "patient")).urls(given) == {"patient": "postgresql://p@db/x"}
    with pytest.raises(SetupError, match=r"needs a PostgreSQL for billing: set database\.url .*_urls with bill"):
        Placement.of(("billing", "patient")).urls(given)


class Recording(Host):
    """A host that notes whom each of its components asks for."""

    def __init__(self, settings: Settings, urls: Mapping[str, str]) -> None:
        """Have heard nothing yet."""
        super().__init__(settings, urls)
        self.asked: dict[str, set[str]] = {name: set() for name in NAMES}

    def _parts(self, entry: Entry, database: Database) -> Parts:
        asked = self.asked[entry.name]

        class Noting(Parts):
            def to(self, component: Component[Any]) -> Any:
                asked.add(component.name)
                return super().to(component)

        parts = super()._parts(entry, database)
        return Noting(**{name: getattr(parts, name) for name in Parts.__slots__})


async def test_the_catalogue_says_whom_each_component_calls(database_url: str, tmp_path: Path) -> None:
    """What a component asks for when it is put together is what a placement knows of it."""
    identity = IdentitySettings(
        production=False, data_dir=tmp_path, argon2_time_cost=1, argon2_memory_kib=8, argon2_parallelism=1
    )
    host = Recording(Settings(identity=identity), dict.fromkeys(NAMES, database_url))
    await host.start(CATALOG)
    await host.stop()
    assert host.asked == {entry.name: set(entry.calls) for entry in CATALOG}


def test_what_a_component_is_believed_elsewhere_is_what_it_has_to_do_there() -> None:
    """Only the gateway speaks with all the rights of users; nothing that can be asked for is misspelt."""
    assert callers_of("identity") == {"gateway": None}
    assert callers_of("analytics") == {"gateway": None}
    assert callers_of("patient") == {"gateway": None, "analytics": {"events:read"}}
    assert callers_of("billing") == {"gateway": None, "patient": {"billing:open", "billing:read"}}
    components = {entry.name: entry.component for entry in CATALOG}
    for entry in CATALOG:
        for called, scopes in entry.calls.items():
            assert scopes <= {method.scope for method in components[called].methods.values()}


BEYOND: dict[str, Settings] = {
    "http.host": Settings(http=HttpSettings(host="0.0.0.0")),
    "metrics.host": Settings(metrics=MetricsSettings(host="10.0.0.1")),
    "grpc.host": settings(host="::"),
    "grpc.peers.billing": settings(peers={**PEERS, "billing": "127.0.0.1:1, billing.internal:1"}),
    "kafka.bootstrap_servers": Settings(
        grpc=GrpcSettings(peers=PEERS), kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1,kafka:9092")
    ),
}


def test_calls_that_cross_a_network_in_plaintext_are_found() -> None:
    """By the name of the setting; within this machine, and with TLS, all is well."""
    placement = Placement.of(("gateway", "patient"))
    assert calls_in_the_open(BEYOND["kafka.bootstrap_servers"], placement) is None
    for name in ("grpc.host", "grpc.peers.billing"):
        plain = BEYOND[name]
        assert calls_in_the_open(plain, placement) == name
        grpc = msgspec.structs.replace(plain.grpc, tls_ca_file=Path("ca.pem"))
        assert calls_in_the_open(msgspec.structs.replace(plain, grpc=grpc), placement) is None


@pytest.mark.parametrize("name", BEYOND)
def test_what_leads_beyond_this_machine_is_found(name: str) -> None:
    """By the name of the setting."""
    assert beyond_this_machine(BEYOND[name], Placement.of(("gateway", "patient")), {}) == name


def test_what_is_not_used_leads_nowhere() -> None:
    """An address that nobody listens on, and a peer that nobody calls."""
    unused = Settings(
        http=HttpSettings(host="0.0.0.0"),
        metrics=MetricsSettings(host="0.0.0.0", port=0),
        grpc=GrpcSettings(host="0.0.0.0", peers={"patient": "patient.internal:1"}),
    )
    assert beyond_this_machine(unused, Placement.of(("billing",)), {}) is None


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("postgresql://u@127.0.0.1:5432/x", True),
        ("postgresql://u:p@[::1]/x", True),
        ("postgresql://u@localhost,127.0.0.2/x", True),
        ("postgresql://u@/x?host=%2Fvar%2Frun&port=5432", True),
        ("postgresql://u@/x?host=/tmp/one,db.internal", False),
        ("postgresql://u@localhost,db.internal/x", False),
        ("postgresql://u@db.internal:5432/x", False),
        ("postgresql://u@localhost/x?host=db.internal", False),
        ("postgresql:///x", False),
    ],
)
def test_a_database_on_this_machine_says_so(url: str, here: bool) -> None:
    """Every one of its hosts; where none is named, the environment could name any."""
    found = beyond_this_machine(Settings(), Placement.of(("patient", "billing")), {"patient": url})
    assert found == (None if here else "database.component_urls.patient")
