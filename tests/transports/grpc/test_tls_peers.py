"""Mutual TLS as processes use it: calls go to whom they are meant for, and certificates may be replaced meanwhile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.transports.conformance.counter import asking, calling
from tests.transports.grpc.certificates import Files, Office
from tests.transports.grpc.stream_ends import TOKENS, calling_at, client, desk

from careplane.components.billing.api import Billing
from careplane.kernel.context import using
from careplane.kernel.errors import FailedPrecondition, Unavailable
from careplane_transports.grpc.server import CallServer
from careplane_transports.grpc.settings import GrpcSettings


@pytest.fixture
def ours(tmp_path: Path) -> Office:
    """The platform's authority."""
    return Office(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Office:
    """Another one."""
    return Office(tmp_path / "theirs")


def settings(files: Files) -> dict[str, Any]:
    """Return the settings that name the files, under which nobody waits for long."""
    return {**msgspec.structs.asdict(files), "patience_s": 0.4}


async def ask(billing: Billing, seconds: float = 10) -> None:
    """Make a call, and have it answered."""
    asked = asking()
    with using(calling(seconds)):
        assert (await billing.account(asked)).patient_id == asked.patient_id


WRONG: dict[str, Callable[[Office, Office], tuple[Files, Files]]] = {
    "a caller in plaintext": lambda ours, _: (ours.files("billing"), Files()),
    "a caller of another authority": lambda ours, theirs: (
        ours.files("billing"),
        msgspec.structs.replace(theirs.files("patient"), tls_ca_file=ours.ca),
    ),
    "a callee in plaintext": lambda ours, _: (Files(), ours.files("patient")),
    "a callee of another authority": lambda ours, theirs: (
        msgspec.structs.replace(theirs.files("billing"), tls_ca_file=ours.ca),
        ours.files("patient"),
    ),
    "a callee that is another component": lambda ours, _: (ours.files("identity"), ours.files("patient")),
    "a callee that is called by its place alone": lambda ours, _: (
        ours.files("localhost", "127.0.0.1"),
        ours.files("patient"),
    ),
}


@pytest.mark.parametrize("who", WRONG)
async def test_no_call_gets_through_to_the_wrong_one(ours: Office, theirs: Office, who: str) -> None:
    """It ends as if nobody were there, and nothing has arrived."""
    here, there = WRONG[who](ours, theirs)
    async with desk(**settings(here)) as made, calling_at(made.port, **settings(there)) as (_, billing):
        with pytest.raises(Unavailable):
            await ask(billing)
        assert made.counter.asked == []


async def test_a_call_gets_through_to_the_right_one(ours: Office) -> None:
    """Whose certificate says that it is the component, at whatever address."""
    here, there = ours.files("billing"), ours.files("patient")
    async with desk(**settings(here)) as made, calling_at(made.port, **settings(there)) as (_, billing):
        await ask(billing)


async def test_new_certificates_are_taken_without_a_restart(ours: Office, theirs: Office) -> None:
    """A caller that nobody believed any more is let in as soon as its files are replaced."""
    here = ours.files("billing")
    live = theirs.files("patient", place="live")
    files = msgspec.structs.replace(live, tls_ca_file=ours.ca)
    said = {**settings(files), "patience_s": 10.0}
    async with desk(**settings(here)) as made, calling_at(made.port, **said) as (_, billing):
        with pytest.raises(Unavailable):
            await ask(billing, 0.3)
        good = ours.files("patient")
        for fresh, old in ((good.tls_key_file, live.tls_key_file), (good.tls_cert_file, live.tls_cert_file)):
            assert fresh is not None
            assert old is not None
            fresh.replace(old)
        await ask(billing)


async def test_what_is_amiss_is_said_at_the_start(ours: Office) -> None:
    """By whoever answers and whoever calls, before the first connection."""
    half = Files(ours.ca, ours.files("billing").tls_cert_file)
    with pytest.raises(FailedPrecondition, match="tls_key_file not set"):
        client(1, **settings(half))
    with pytest.raises(FailedPrecondition, match="tls_key_file not set"):
        await CallServer(GrpcSettings(**settings(half)), {}, TOKENS, lambda *_: None).start()
