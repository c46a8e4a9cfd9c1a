"""A topic that somebody deleted: it is made anew, and read from its beginning by those who had read the old one."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from tests.storage.waiting import until
from tests.transports.kafka.conftest import Opened
from tests.transports.kafka.people import Notes, delivery, lives
from tests.transports.kafka.test_taking import note_in_kafka, reading

from careplane.components.events import PATIENT_STREAM
from careplane.kernel.errors import Unavailable
from careplane_transports.kafka import consumer
from careplane_transports.kafka.events import KafkaEvents
from careplane_transports.kafka.settings import KafkaSettings


async def deleted(settings: KafkaSettings) -> None:
    """Delete the registry's topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    await admin.delete_topics([f"{settings.topic_prefix}{PATIENT_STREAM}"])
    await admin.close()


async def delivered(events: KafkaEvents) -> bool:
    """Try once to deliver something."""
    try:
        await events.deliver(delivery(lives(people=1, versions=7)))
    except Unavailable:
        return False
    return True


async def test_it_is_made_anew_by_whoever_sends(opened: Opened, settings: KafkaSettings) -> None:
    """A process that has found it before looks again when sending fails."""
    events = opened(partitions=1, send_timeout_s=1, request_timeout_s=1)
    assert await delivered(events)
    await deleted(settings)
    await until(lambda: delivered(events), within=30)


async def test_positions_in_the_old_one_skip_nothing_of_the_new(opened: Opened, settings: KafkaSettings) -> None:
    """Also when more is in the new one already than had been read of the old one."""
    notes = Notes()
    first = await reading(opened, notes, partitions=1)
    await first.deliver(delivery(lives(people=1, versions=5)))
    await until(lambda: len(notes.events) == 5)
    await first.stop()
    assert await note_in_kafka(settings, 5) == 5
    await deleted(settings)

    async def forgotten() -> bool:
        return await note_in_kafka(settings) is None

    await until(forgotten)
    anew = opened(partitions=1)
    await until(lambda: delivered(anew), within=30)
    notes.reached |= {f"{PATIENT_STREAM}/0": "5"}
    await reading(opened, notes)
    await until(lambda: len(notes.events) >= 12)
    assert notes.reached[f"{PATIENT_STREAM}/0"] == "7"


async def test_a_position_that_is_in_doubt_is_not_noted(
    opened: Opened, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be believed by whoever reads next, before anything of the new topic was taken."""
    monkeypatch.setattr(consumer, "_LOOK_SECONDS", 0.05)
    assert await delivered(opened(partitions=1))
    notes = Notes()
    notes.reached[f"{PATIENT_STREAM}/0"] = "5"
    notes.open.clear()
    reader = await reading(opened, notes, session_timeout_s=2)
    await until(lambda: notes.deliveries and "kafka_lag_patient_0" in reader.gauges)
    assert len(notes.deliveries[0].events) == 7
    assert await note_in_kafka(settings) is None
    notes.open.set()

    async def noted() -> bool:
        return await note_in_kafka(settings) == 7

    await until(noted)
