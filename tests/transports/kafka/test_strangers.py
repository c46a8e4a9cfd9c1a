"""Records that others put into our topics: whatever is in them, neither reading nor telling of them stands still."""

from types import SimpleNamespace

import pytest
from tests.transports.kafka.conftest import Opened
from tests.transports.kafka.people import event_of, records_of
from tests.transports.kafka.test_record import PATIENT

from careplane.components.events import PATIENT_STREAM
from careplane.kernel.events import UNREADABLE
from careplane_transports.kafka import consumer
from careplane_transports.kafka.events import LETTER_BYTES
from careplane_transports.kafka.settings import KafkaSettings


@pytest.mark.parametrize("timestamp", [-1, 0, 1_792_000_000_000, 1_792_000_000_000_000, 2**63 - 1, -(2**63)])
def test_whatever_a_sender_takes_for_the_time(timestamp: int) -> None:
    """Microseconds where milliseconds are meant, say."""
    record = SimpleNamespace(topic="patient", partition=3, offset=4, timestamp=timestamp, value=b"rubbish")
    assert consumer._stand_in(PATIENT_STREAM, record).body == b"rubbish"


async def test_a_letter_too_large_for_a_record_keeps_no_other_back(opened: Opened, settings: KafkaSettings) -> None:
    """What is told of it is that it is there."""
    events = opened(partitions=1)
    small, large = (
        consumer._stand_in(
            PATIENT_STREAM,
            SimpleNamespace(topic="patient", partition=3, offset=offset, timestamp=0, value=b"x" * size),
        )
        for offset, size in ((1, 9), (2, LETTER_BYTES * 5 // 4))
    )
    whole = event_of(PATIENT)
    await events.announce(PATIENT_STREAM, [(large, UNREADABLE), (small, UNREADABLE), (whole, "KeyError")])
    found = await records_of(settings.bootstrap_servers, f"{settings.topic_prefix}patient.dead-letters")
    told = [dict(one.headers) for one in found]
    assert [(one.get("reason"), one.get("left-out")) for one in told] == [
        (b"unreadable", str(LETTER_BYTES * 5 // 4).encode()),
        (b"unreadable", None),
        (b"KeyError", None),
    ]
    assert told[0]["id"] == str(large.id).encode()
    assert found[1].value == b"x" * 9
