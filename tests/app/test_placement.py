"""Placement: any set of components and the gateway, unless something could not do its work or nobody could reach it."""

import re
from typing import Any

import pytest

from careplane.app.catalog import CATALOG, NAMES
from careplane.app.placement import Placement
from careplane.app.settings import DatabaseSettings, Settings
from careplane.app.setup_error import SetupError
from careplane.app.this_machine import beyond_this_machine
from careplane.components.assembly import Parts
from careplane.kernel.contract import Component
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
    "nobody could call": (("billing",), settings(port=0), r"Nobody could call billing here: set grpc\.port, or run the"),
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
    with pytest.raises(SetupError, match="nothing called 'payroll' to serve: choose from identity, .*, gateway"):
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
    with pytest.raises(SetupError, match=r"needs a PostgreSQL for billing: set database\.url .*component_urls with bill"):
        Placement.of(("billing", "patient")).urls(given)


async def test_the_catalogue_says_whom_each_component_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a component asks for when it is put together is what a placement knows of it."""
    asked: set[str] = set()

    class Enough(Exception):
        """All that this test wants has happened."""

    def to(_parts: Parts, component: Component[Any]) -> object:
        asked.add(component.name)
        return object()

    def report(_name: str, error: Exception) -> None:
        raise error

    monkeypatch.setattr(Parts, "to", to)
    for entry in CATALOG:
        asked.clear()
        try:
            await entry.assemble(_parts(entry.section(Settings()), report))
        except Enough:
            pass
        assert asked == set(entry.calls), entry.name
