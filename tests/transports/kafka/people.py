"""Events about patients, the takers who note what they are given, and what stands in a topic."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from tests.components.patient_events import NOON, event_about

from careplane.components.events import PATIENT_CHANGED, PATIENT_STREAM, PatientEventBody
from careplane.kernel.events import Delivery, Event

BODIES: Mapping[str, type[msgspec.Struct]] = {PATIENT_CHANGED: PatientEventBody}
_numbers = itertools.count(1)


def body_of(patient: UUID, version: int, **facts: Any) -> PatientEventBody:
    """Make the body of an event about a patient."""
    usual: dict[str, Any] = {
        "change": "amended",
        "birth_year": 1980,
        "gender": None,
        "postal_area": "US-019",
        "registered_date": date(2025, 1, 15),
        "archived": False,
    }
    return PatientEventBody(patient_id=patient, version=version, at=NOON, **usual | facts)


def event_of(patient: UUID, version: int = 1, **facts: Any) -> Event:
    """Make an event about a patient."""
    return event_about(body_of(patient, version, **facts))


def lives(people: int, versions: int) -> list[Event]:
    """Make events of several patients, interleaved, each patient's in order."""
    ids = [uuid4() for _ in range(people)]
    return [event_of(one, version) for version in range(1, versions + 1) for one in ids]


def delivery(events: Iterable[Event]) -> Delivery:
    """Make a delivery of the registry's stream."""
    return Delivery(stream=PATIENT_STREAM, position=str(next(_numbers)), events=tuple(events))


class Notes:
    """A taker that notes what it takes, once each, and where; several that share `taken` are one component."""

    def __init__(self, shared: "Notes | None" = None) -> None:
        """Begin with nothing, or with what another process of the same component has."""
        self.events: list[Event] = shared.events if shared else []
        self.reached: dict[str, str] = shared.reached if shared else {}
        self.known: set[UUID] = shared.known if shared else set()
        self.unreadable: list[Event] = []
        self.deliveries: list[Delivery] = []
        self.before: Callable[[Delivery], object] = lambda _delivery: None
        self.open = asyncio.Event()
        self.open.set()

    async def take(self, *deliveries: Delivery) -> None:
        """Note the deliveries, all of them or, if `before` raises or we are given up meanwhile, nothing."""
        self.deliveries += deliveries
        await self.open.wait()
        for delivery in deliveries:
            self.before(delivery)
        for delivery in deliveries:
            self.events += [one for one in firsts(delivery.events) if one.id not in self.known]
            self.known |= {one.id for one in delivery.events}
            self.unreadable += delivery.unreadable
            self.reached[delivery.stream] = delivery.position

    async def positions(self) -> Mapping[str, str]:
        """Tell how far it has come."""
        return dict(self.reached)

    def versions(self) -> Mapping[UUID, list[int]]:
        """Tell in what order each patient's versions came."""
        return versions(self.events)


def versions(events: Iterable[Event]) -> Mapping[UUID, list[int]]:
    """List the versions of each patient in the order of their events."""
    found: dict[UUID, list[int]] = {}
    for one in events:
        found.setdefault(one.subject, []).append(one.version)
    return found


def firsts(events: Iterable[Event]) -> list[Event]:
    """Leave out what was there before."""
    return list({one.id: one for one in events}.values())


async def records_of(servers: str, topic: str, options: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """Return all records that are in a topic now, partition by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False, **options or {})
    await consumer.start()
    try:
        consumer.subscribe([topic])
        while not consumer.partitions_for_topic(topic):
            await consumer._client.force_metadata_update()
        consumer.unsubscribe()
        parts = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        found: dict[Any, list[Any]] = {part: [] for part in parts}
        async with asyncio.timeout(10):
            while any(len(found[part]) < ends[part] for part in parts):
                for part, records in (await consumer.getmany(timeout_ms=200)).items():
                    found[part] += records
        return [record for part in parts for record in found[part]]
    finally:
        await consumer.stop()
