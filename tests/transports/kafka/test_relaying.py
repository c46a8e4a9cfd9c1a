"""The relay before Kafka: whatever becomes of broker, link or a second relay, the log arrives, first in its order."""

import asyncio
import time

import msgspec
import pytest
from tests.faults.proxy import Link
from tests.storage.marks import Marks, work
from tests.storage.waiting import until
from tests.transports.kafka.conftest import COMPONENT, Opened
from tests.transports.kafka.own_broker import OwnBroker
from tests.transports.kafka.people import Notes, delivery, firsts, lives, records_of, versions

from careplane.kernel.errors import Unavailable
from careplane.kernel.events import Delivery, Event
from careplane.storage.database import Database
from careplane.storage.relay import Relay
from careplane_transports.kafka.events import KafkaEvents
from careplane_transports.kafka.record import Records
from careplane_transports.kafka.settings import KafkaSettings

BOUND_S = 1.0


async def told(database: Database, count: int, events: int = 3) -> list[Event]:
    """Commit marks, each with several events of its own."""
    works = [work(events=events) for _ in range(count)]
    await Marks(database).journal.flush(works)
    return [event for one in works for event in one.entry.events]


def relay(database: Database, events: KafkaEvents, limit: int = 64) -> Relay:
    """Make the relay of a process."""
    return Relay(database, COMPONENT, events.deliver, reader="events", limit=limit)


async def in_topic(settings: KafkaSettings, servers: str | None = None) -> list[Event]:
    """Read what stands in the component's topic."""
    servers = servers or settings.bootstrap_servers
    found = await records_of(servers, f"{settings.topic_prefix}{COMPONENT}")
    return [Records({}).event(one.value, dict(one.headers)) for one in found]


def in_order(events: list[Event]) -> bool:
    """Tell whether each subject's events, where they first stand, stand in order."""
    return all(found == sorted(found) for found in versions(firsts(events)).values())


async def test_the_log_arrives_in_order(database: Database, opened: Opened, settings: KafkaSettings) -> None:
    """Each event once, where nothing goes wrong."""
    said = await told(database, 100)
    one = relay(database, opened())
    while await one.step():
        pass
    found = await in_topic(settings)
    assert len(found) == 300
    assert {event.id for event in found} == {event.id for event in said}
    assert in_order(found)


async def test_two_relays_at_once(database: Database, opened: Opened, settings: KafkaSettings) -> None:
    """Each believes it leads: one has lost its lock while it was sending, and sends on beside its successor.

    Whatever is there twice, where an event stands first all those before it in its patient's life stand before it.
    """
    said = await told(database, 60, events=8)
    first, second = opened(), opened()
    zombie = asyncio.Event()
    late: list[Delivery] = []

    async def lost_its_lock(delivery: Delivery) -> None:
        late.append(delivery)
        await zombie.wait()  # meanwhile its database connection is gone, and with it its lock
        await first.deliver(delivery)

    doomed = Relay(database, COMPONENT, lost_its_lock, reader="events", limit=200)
    stepping = asyncio.create_task(doomed.step())
    await until(lambda: late)
    stepping.cancel()
    await asyncio.wait((stepping,))
    successor = relay(database, second, limit=50)
    assert await successor.step()
    sending = asyncio.create_task(first.deliver(late[0]))
    while await successor.step():
        pass
    await sending
    found = await in_topic(settings)
    assert len(found) > len(said)
    assert {event.id for event in found} == {event.id for event in said}
    assert in_order(found)


@pytest.mark.parametrize("how", ["cut", "black hole"])
async def test_while_the_broker_is_away_it_is_said_in_bounded_time(
    own_broker: OwnBroker, link: Link, opened: Opened, how: str
) -> None:
    """Whether it refuses or says nothing at all; and the very next delivery after it is back arrives."""
    events = opened(bootstrap_servers=own_broker.linked, send_timeout_s=BOUND_S, request_timeout_s=BOUND_S)
    await events.deliver(delivery(lives(2, 1)))
    if how == "cut":
        await link.cut()
    else:
        link.black_hole()
    started = time.monotonic()
    with pytest.raises(Unavailable, match="kept"):
        await events.deliver(delivery(lives(2, 1)))
    assert time.monotonic() - started < BOUND_S + 2
    with pytest.raises(Unavailable):
        await events.check()
    link.restore()
    await until(lambda: delivered(events), within=30)
    await events.check()
    assert events.gauges["kafka_send_failures"]() >= 1


async def delivered(events: KafkaEvents) -> bool:
    """Try once to deliver something."""
    try:
        await events.deliver(delivery(lives(2, 1)))
    except Unavailable:
        return False
    return True


async def test_after_an_outage_the_outbox_drains_in_order(
    database: Database, own_broker: OwnBroker, link: Link, opened: Opened, settings: KafkaSettings
) -> None:
    """Cut in the midst of it, again and again, while more is told all the time."""
    settings = msgspec.structs.replace(settings, bootstrap_servers=own_broker.linked)
    events = opened(bootstrap_servers=own_broker.linked, send_timeout_s=BOUND_S, request_timeout_s=BOUND_S)
    said = await told(database, 20, events=5)
    one = relay(database, events, limit=30)
    assert await one.step()
    for _ in range(3):
        said += await told(database, 20, events=5)
        stepping = asyncio.create_task(one.step())
        await asyncio.sleep(0)
        await link.cut()
        await asyncio.gather(stepping, return_exceptions=True)  # it may have come through
        link.restore()
    await until(lambda: stepped(one), within=30)
    while await one.step():
        pass
    found = await in_topic(settings, own_broker.plain)
    assert {event.id for event in found} == {event.id for event in said}
    assert in_order(found)


async def stepped(one: Relay) -> bool:
    """Try one step of a relay; tell whether it came through."""
    try:
        await one.step()
    except Unavailable:
        return False
    return True


async def test_a_broker_that_is_stopped_and_started_anew(own_broker: OwnBroker, opened: Opened) -> None:
    """Producer and reader live through it, and what was told before and after is taken once."""
    notes = Notes()
    events = opened(bootstrap_servers=own_broker.plain, send_timeout_s=BOUND_S, request_timeout_s=BOUND_S)
    events.subscribe("patient", "analytics", notes)
    await events.start()
    await until(lambda: delivered(events), within=30)
    await until(lambda: len(notes.events) == 2, within=30)
    await asyncio.to_thread(own_broker.broker.stop)
    with pytest.raises(Unavailable):
        await events.deliver(delivery(lives(2, 1)))
    await asyncio.to_thread(own_broker.broker.start)
    await until(lambda: delivered(events), within=30)
    await until(lambda: len(notes.events) == 4, within=30)
