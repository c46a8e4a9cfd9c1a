"""What every transport of events does, in one process and over Kafka alike."""

import asyncio

import pytest
from tests.storage.waiting import until
from tests.transports.kafka.conftest import Opened
from tests.transports.kafka.people import Notes, delivery, event_of, lives, records_of

from careplane.components.events import PATIENT_STREAM
from careplane.kernel.errors import Unavailable
from careplane.kernel.events import Delivery, Events
from careplane_transports.inprocess.bus import Bus
from careplane_transports.kafka.settings import KafkaSettings


@pytest.fixture(params=["in one process", "over Kafka"])
def transport(request: pytest.FixtureRequest) -> Events:
    """Give a transport of events; it is started by the test."""
    if request.param == "in one process":
        return Bus()
    opened: Opened = request.getfixturevalue("opened")
    return opened()


async def test_all_that_is_delivered_is_taken(transport: Events) -> None:
    """Whole, as it was: body, time, version."""
    notes = Notes()
    transport.subscribe(PATIENT_STREAM, "analytics", notes)
    await transport.start()
    events = lives(people=40, versions=5)
    await transport.deliver(delivery(events[:120]))
    await transport.deliver(delivery(events[120:]))
    await until(lambda: len(notes.events) == 200)
    assert {one.id: one for one in notes.events} == {one.id: one for one in events}


async def test_the_events_of_a_patient_come_in_order(transport: Events) -> None:
    """Whoever else's come between."""
    notes = Notes()
    transport.subscribe(PATIENT_STREAM, "analytics", notes)
    await transport.start()
    events = lives(people=30, versions=20)
    for start in range(0, 600, 97):
        await transport.deliver(delivery(events[start : start + 97]))
    await until(lambda: len(notes.events) == 600)
    assert set(map(tuple, notes.versions().values())) == {tuple(range(1, 21))}


async def test_each_component_gets_all(transport: Events) -> None:
    """Two that hear the same stream do not share it."""
    one, other = Notes(), Notes()
    transport.subscribe(PATIENT_STREAM, "analytics", one)
    transport.subscribe(PATIENT_STREAM, "billing", other)
    await transport.start()
    await transport.deliver(delivery(lives(people=10, versions=2)))
    await until(lambda: len(one.events) == len(other.events) == 20)


async def test_what_comes_twice_is_taken_twice_under_one_id(transport: Events) -> None:
    """A relay that could not note that it had delivered delivers again; takers know the id."""
    notes = Notes()
    transport.subscribe(PATIENT_STREAM, "analytics", notes)
    await transport.start()
    same = delivery([event_of(one.subject) for one in lives(people=10, versions=1)])
    await transport.deliver(same)
    await transport.deliver(same)
    await until(lambda: sum(len(one.events) for one in notes.deliveries) == 20)
    assert len(notes.events) == 10


async def test_other_streams_are_none_of_its_business(transport: Events) -> None:
    """Who hears patients hears nothing of accounts."""
    notes = Notes()
    transport.subscribe(PATIENT_STREAM, "analytics", notes)
    await transport.start()
    stranger = event_of(lives(1, 1)[0].subject)
    await transport.deliver(Delivery(stream="billing", position="1", events=(stranger,)))
    await transport.deliver(delivery([last := event_of(stranger.subject)]))
    await until(lambda: notes.events)
    assert notes.events == [last]


async def test_what_a_taker_cannot_take_now_it_takes_later(opened: Opened) -> None:
    """Its database is away: the same batch comes again and again, nothing passes it, and nothing is lost."""
    events = opened()
    notes = Notes()
    tries = 0

    def away(_delivery: Delivery) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise Unavailable

    notes.before = away
    events.subscribe(PATIENT_STREAM, "analytics", notes)
    await events.start()
    await events.deliver(delivery(lives(people=1, versions=5)))
    await until(lambda: len(notes.events) == 5)
    assert len({one.position for one in notes.deliveries}) == 1


async def test_a_record_says_what_it_is(opened: Opened, settings: KafkaSettings) -> None:
    """Key and headers are for tools that do not know the value."""
    events = opened()
    one = event_of(lives(1, 1)[0].subject)
    await events.deliver(delivery([one]))
    (record,) = await records_of(settings.bootstrap_servers, f"{settings.topic_prefix}patient")
    assert record.key == str(one.subject).encode()
    assert dict(record.headers) == {
        "id": str(one.id).encode(),
        "type": b"patient.changed",
        "content-type": b"application/x-protobuf; messageType=careplane_pb.events.v1.EventRecord",
    }


async def test_more_than_a_batch_holds_goes_in_order(opened: Opened) -> None:
    """Batches of a partition follow each other, each after the one before is safe."""
    events = opened(partitions=1, compression="none")
    notes = Notes()
    events.subscribe(PATIENT_STREAM, "analytics", notes)
    await events.start()
    told = lives(people=5, versions=2000)
    await events.deliver(delivery(told))
    await until(lambda: len(notes.events) == 10_000)
    assert notes.events == told


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_every_way_to_pack_can_be_unpacked(opened: Opened, compression: str) -> None:
    """By the readers of the same platform, whatever they themselves use."""
    events = opened(compression=compression)
    notes = Notes()
    events.subscribe(PATIENT_STREAM, "analytics", notes)
    await events.start()
    await events.deliver(delivery(lives(people=20, versions=2)))
    await until(lambda: len(notes.events) == 40)


async def test_several_relays_send_at_once(opened: Opened) -> None:
    """Those of all components in a process share one connection."""
    events = opened()
    notes = Notes()
    events.subscribe(PATIENT_STREAM, "analytics", notes)
    await events.start()
    await asyncio.gather(*(events.deliver(delivery(lives(people=10, versions=3))) for _ in range(8)))
    await until(lambda: len(notes.events) == 240)
