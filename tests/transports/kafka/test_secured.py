"""Signing in and TLS, by setting: what it says reaches the broker, and what contradicts itself is refused in words."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.storage.waiting import until
from tests.transports.grpc.certificates import Office
from tests.transports.kafka.conftest import Opened
from tests.transports.kafka.own_broker import PASSWORD, USER, OwnBroker
from tests.transports.kafka.people import Notes, delivery, lives

from careplane.components.events import PATIENT_STREAM
from careplane.kernel.errors import FailedPrecondition, Unavailable
from careplane_transports.kafka.client import client_options
from careplane_transports.kafka.settings import KafkaSettings

SIGNED = {
    "security_protocol": "SASL_PLAINTEXT",
    "sasl_mechanism": "PLAIN",
    "sasl_username": USER,
    "sasl_password": PASSWORD,
}
SHORT = {"send_timeout_s": 2.0, "request_timeout_s": 1.0}


def safe(broker: OwnBroker) -> dict[str, Any]:
    """Return the settings of a client with the broker's authority and a certificate of its own."""
    return {"security_protocol": "SSL", **msgspec.structs.asdict(broker.client)}


async def comes_through(opened: Opened, **changes: Any) -> None:
    """Send and read events by these settings."""
    notes = Notes()
    events = opened(**changes)
    events.subscribe(PATIENT_STREAM, "analytics", notes)
    await events.start()
    await events.deliver(delivery(lives(people=3, versions=2)))
    await until(lambda: len(notes.events) == 6)


async def test_who_signs_in_is_let_in(own_broker: OwnBroker, opened: Opened) -> None:
    """With name and password, for topics, sending and reading."""
    await comes_through(opened, bootstrap_servers=own_broker.signed, **SIGNED)


async def test_a_wrong_password_is_not(own_broker: OwnBroker, opened: Opened) -> None:
    """It is no use to wait for ever: events are kept."""
    wrong = SIGNED | {"sasl_password": "wrong"}
    with pytest.raises(Unavailable):
        await opened(bootstrap_servers=own_broker.signed, **wrong, **SHORT).deliver(delivery(lives(1, 1)))


async def test_with_tls_both_sides_show_who_they_are(own_broker: OwnBroker, opened: Opened) -> None:
    """The broker has a certificate of the authority that we believe, and wants one of us."""
    await comes_through(opened, bootstrap_servers=own_broker.safe, **safe(own_broker))


@pytest.mark.parametrize("wrong", ["no TLS", "no certificate", "another authority"])
async def test_tls_is_in_effect(own_broker: OwnBroker, opened: Opened, tmp_path: Path, wrong: str) -> None:
    """Without it, without a certificate of ours, or believing somebody else, nothing is sent."""
    changes = {
        "no TLS": {},
        "no certificate": safe(own_broker) | {"tls_cert_file": None, "tls_key_file": None},
        "another authority": safe(own_broker) | {"tls_ca_file": Office(tmp_path).ca},
    }[wrong]
    with pytest.raises(Unavailable):
        await opened(bootstrap_servers=own_broker.safe, **changes, **SHORT).deliver(delivery(lives(1, 1)))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"security_protocol": "SASL_SSL"}, "sasl_username"),
        ({"security_protocol": "SASL_SSL", "sasl_username": "x"}, "sasl_password"),
        ({"tls_ca_file": Path("/ca.pem")}, "tls_ca_file"),
        ({"security_protocol": "SSL", "tls_cert_file": Path("/a.pem")}, "tls_key_file"),
        ({"security_protocol": "SSL", "tls_ca_file": Path("/not there.pem")}, "/not there.pem"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(changes: dict[str, Any], named: str) -> None:
    """When the process starts, and in words that name the setting."""
    with pytest.raises(FailedPrecondition, match=named):
        client_options(KafkaSettings(bootstrap_servers="x:1", **changes), "test")


def test_scram_reaches_the_client() -> None:
    """The other way to sign in, which is the one that we choose ourselves."""
    options = client_options(
        KafkaSettings(
            bootstrap_servers="a:1,b:2",
            security_protocol="SASL_SSL",
            sasl_username="u",
            sasl_password="p",
        ),
        "test",
    )
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert options["bootstrap_servers"] == ["a:1", "b:2"]
    assert options["ssl_context"].check_hostname
