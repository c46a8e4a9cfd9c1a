"""Taking events into a component's tables: once each, whatever comes twice, is poison, or is no event at all."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from structlog.testing import capture_logs
from tests.storage.tally import Tally
from tests.storage.waiting import until
from tests.transports.kafka.conftest import Opened
from tests.transports.kafka.people import Notes, delivery, event_of, lives, records_of

from careplane.components.events import PATIENT_STREAM
from careplane.kernel.events import UNREADABLE
from careplane.storage.database import Database
from careplane.storage.dead_letters import Announcing, DeadLetters
from careplane_transports.kafka import consumer
from careplane_transports.kafka.events import KafkaEvents
from careplane_transports.kafka.settings import KafkaSettings

GROUP = "analytics"


async def counted(tally: Tally, events: int) -> None:
    """Return when so many events have had their effect."""

    async def enough() -> bool:
        return sum((await tally.counts()).values()) >= events

    await until(enough)


async def put(settings: KafkaSettings, *values: bytes | None) -> None:
    """Put records into the topic that nobody of ours would write."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    for value in values:
        await producer.send_and_wait(f"{settings.topic_prefix}{PATIENT_STREAM}", value, key=b"k", partition=0)
    await producer.stop()


async def reading(opened: Opened, taker: Any, **changes: object) -> KafkaEvents:
    """Begin to read for a component."""
    events = opened(**changes)
    events.subscribe(PATIENT_STREAM, GROUP, taker)
    await events.start()
    return events


async def test_what_comes_again_changes_nothing(database: Database, opened: Opened) -> None:
    """Delivered twice, and read from the beginning once more because the position was lost."""
    tally = Tally(database)
    events = await reading(opened, tally.inbox)
    told = delivery(lives(people=20, versions=5))
    await events.deliver(told)
    await events.deliver(told)
    await counted(tally, 100)
    await events.stop()
    await database.execute("DELETE FROM inbox_position")
    events = await reading(opened, tally.inbox)
    await events.deliver(delivery([last := event_of(told.events[0].subject, 6)]))
    await until(lambda: last.id in tally.seen)
    await counted(tally, 101)
    assert sum((await tally.counts()).values()) == 101


async def test_the_position_is_the_taker_s_and_kafka_s_is_never_read(opened: Opened, settings: KafkaSettings) -> None:
    """What Kafka has noted of the group may be anything: reading goes on where the tables say."""
    notes = Notes()
    events = await reading(opened, notes, partitions=1)
    await events.deliver(delivery(lives(people=1, versions=5)))
    await until(lambda: len(notes.events) == 5)
    await events.stop()
    assert notes.reached == {f"{PATIENT_STREAM}/0": "5"}
    await note_in_kafka(settings, 2)
    await events.deliver(delivery(lives(people=1, versions=2)))
    notes.deliveries.clear()
    await reading(opened, notes)
    await until(lambda: len(notes.events) == 7)
    assert sum(len(one.events) for one in notes.deliveries) == 2


async def note_in_kafka(settings: KafkaSettings, offset: int | None = None) -> int | None:
    """Note an offset for the group in Kafka, and return what is noted."""
    group = f"{settings.topic_prefix}careplane-{GROUP}"
    own = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers, group_id=group, enable_auto_commit=False)
    part = TopicPartition(f"{settings.topic_prefix}{PATIENT_STREAM}", 0)
    await own.start()
    own.assign([part])
    if offset is not None:
        await own.commit({part: offset})
    found: int | None = await own.committed(part)
    await own.stop()
    return found


async def test_nothing_is_committed_by_itself(opened: Opened, settings: KafkaSettings) -> None:
    """What a taker cannot take is not noted anywhere as taken, and comes to whoever reads next."""
    stuck = Notes()
    stuck.open.clear()
    events = await reading(opened, stuck, partitions=1, session_timeout_s=2)
    await events.deliver(delivery(told := lives(people=1, versions=3)))
    await until(lambda: stuck.deliveries)
    await events.stop()
    assert stuck.events == []
    assert await note_in_kafka(settings) is None
    notes = Notes()
    await reading(opened, notes)
    await until(lambda: notes.events == told)


async def test_tools_can_see_the_lag(opened: Opened, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Now and then Kafka is told how far we are, and our own gauges say what waits."""
    monkeypatch.setattr(consumer, "_LOOK_SECONDS", 0.05)
    notes = Notes()
    events = await reading(opened, notes, partitions=1)
    await events.deliver(delivery(lives(people=1, versions=4)))
    await until(lambda: len(notes.events) == 4)
    await until(lambda: events.gauges.get("kafka_lag_patient_0", lambda: 9)() == 0)
    notes.open.clear()
    await events.deliver(delivery(lives(people=1, versions=3)))
    await until(lambda: events.gauges.get("kafka_lag_patient_0", lambda: 0)() == 3)
    notes.open.set()
    await until(lambda: events.gauges.get("kafka_lag_patient_0", lambda: 9)() == 0)
    await events.stop()
    assert await note_in_kafka(settings) in (4, 7)


async def test_poison_goes_to_the_dead_letters_and_the_partition_goes_on(
    database: Database, opened: Opened, settings: KafkaSettings
) -> None:
    """After three tries of its own; others are told of it in a topic, and it can be taken once it is mended."""
    told = lives(people=1, versions=6)
    poison = told[2]
    tally = Tally(database)
    tally.fails = lambda one: ValueError("personal data") if one.id == poison.id else None
    events = await reading(opened, tally.inbox)
    await events.deliver(delivery(told))
    await counted(tally, 5)
    letters = DeadLetters(database)
    await until(letters.count)
    announcing = Announcing(letters, events.announce)
    assert await announcing.step() is False
    assert await announcing.step() is False
    (record,) = await records_of(settings.bootstrap_servers, f"{settings.topic_prefix}patient.dead-letters")
    headers = dict(record.headers)
    assert (headers["id"], headers["reason"]) == (str(poison.id).encode(), b"ValueError")
    assert events._records.event(record.value, headers) == poison
    tally.fails = lambda _one: None
    (letter,) = await letters.oldest(10)
    await tally.inbox.replay(letter.id, letter.event)
    assert sum((await tally.counts()).values()) == 6
    assert await letters.count() == 0


async def test_what_is_no_event_goes_there_too(database: Database, opened: Opened, settings: KafkaSettings) -> None:
    """Rubbish, nothing, and an event of which half is missing: once each, however often they are read."""
    tally = Tally(database)
    events = await reading(opened, tally.inbox, partitions=1)
    await events.deliver(delivery(told := lives(people=1, versions=4)))
    rubbish = (b"\xff\xfe rubbish of Ann Example", None, b"")
    with capture_logs() as said:
        await put(settings, *rubbish)
        await events.deliver(delivery([event_of(told[0].subject, 5)]))
        await counted(tally, 5)
    assert "Ann" not in str(said)
    letters = DeadLetters(database)
    found = await letters.oldest(10)
    assert [(one.stream, one.type, one.reason) for one in found] == [(PATIENT_STREAM, UNREADABLE, UNREADABLE)] * 3
    assert sorted(one.event.body for one in found) == sorted(value or b"" for value in rubbish)
    await events.stop()
    await database.execute("DELETE FROM inbox_position")
    again = await reading(opened, tally.inbox)
    await until(lambda: again.gauges["kafka_records_unreadable"]() == 3)
    assert await letters.count() == 3
    await Announcing(letters, again.announce).step()
    records = await records_of(settings.bootstrap_servers, f"{settings.topic_prefix}patient.dead-letters")
    assert sorted(one.value for one in records) == sorted(value or b"" for value in rubbish)


async def test_events_that_kafka_has_dropped_unread_are_missed_aloud(opened: Opened, settings: KafkaSettings) -> None:
    """Its retention was over before anybody read them: how many is said, and what to do."""
    events = opened(partitions=1)
    await events.deliver(delivery(lives(people=1, versions=7)))
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    part = TopicPartition(f"{settings.topic_prefix}{PATIENT_STREAM}", 0)
    await admin.delete_records({part: RecordsToDelete(before_offset=5)})
    await admin.close()
    notes = Notes()
    with capture_logs() as said:
        reader = await reading(opened, notes)
        await until(lambda: len(notes.events) == 2)
    assert reader.gauges["kafka_events_missed"]() == 5
    (error,) = [one for one in said if one["log_level"] == "error"]
    assert error["events"] == 5
    assert "careplane analytics rebuild" in error["event"]


async def test_reading_begins_before_there_is_a_database(database: Database, opened: Opened) -> None:
    """Positions cannot be had yet: it waits, and says so once."""
    tally = Tally(database)
    told = delivery(lives(people=3, versions=2))

    class Away:
        """An inbox whose database comes late."""

        tries = 0

        async def take(self, *deliveries: Any) -> None:
            await tally.inbox.take(*deliveries)

        async def positions(self) -> Any:
            self.tries += 1
            if self.tries < 4:
                raise msgspec.MsgspecError if self.tries == 1 else OSError
            return await tally.inbox.positions()

    events = await reading(opened, Away())
    await events.deliver(told)
    await counted(tally, 6)
    await asyncio.sleep(0)
