"""Kafka as a transport of events: relays deliver into topics, and takers get what their group's partitions hold.

What to watch: `outbox_seconds` of a component that tells events (storage/backlog.py) grows while no broker takes them,
and is the alarm for it: 60 s is not a hiccup any more. Nothing is lost then and nobody waits. The outbox grows with a
broker as it does without one, for it is the event log and is kept for good: measured, 325 bytes an event with its index
(405 with names in it), so a million changes of patients take less than half a GB, sent or not. When the broker is back,
the log is sent in order from where it stopped.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from careplane.kernel.cancelling import is_cancelled
from careplane.kernel.errors import Unavailable
from careplane.kernel.events import UNREADABLE, Delivery, Event, Taker
from careplane_transports.kafka.calm import calm_library
from careplane_transports.kafka.consumer import Reader, Subscription
from careplane_transports.kafka.patience import Patience, Report
from careplane_transports.kafka.producer import Record, Sender
from careplane_transports.kafka.record import Records
from careplane_transports.kafka.settings import KafkaSettings
from careplane_transports.kafka.topics import Topics

LETTER_BYTES: Final = 800_000
"""A dead letter that is longer does not fit into a record with what is said of it; it stays in its table, whole."""


class KafkaEvents:
    """Events between processes; `bodies` are the structs of the event types, by `<stream>.<what happened>`."""

    def __init__(self, settings: KafkaSettings, bodies: Mapping[str, type[msgspec.Struct]], report: Report) -> None:
        """Raise FailedPrecondition where the settings contradict themselves; nothing is sent or read before `start`."""
        calm_library()
        self._settings = settings
        self._report = report
        self._streams = sorted({kind.partition(".")[0] for kind in bodies})
        self._records = Records(bodies)
        self._topics = Topics(settings)
        self._sender = Sender(settings)
        self._failures = 0
        self._readers: list[Reader] = []
        self._preparing: asyncio.Task[None] | None = None

    def subscribe(self, stream: str, group: str, taker: Taker) -> None:
        """Hand the events of `stream` to `taker`, one process of the component `group` at a time for each partition."""
        subscription = Subscription(stream, group, taker)
        self._readers.append(Reader(self._settings, subscription, self._topics, self._records, self._report))

    async def start(self) -> None:
        """Begin to read and to make the topics that are missing; it waits for no broker."""
        self._preparing = asyncio.get_running_loop().create_task(self._prepare(), name="kafka topics")
        for reader in self._readers:
            reader.start()

    async def stop(self) -> None:
        """Finish the batches in hand, leave the groups, close the connections."""
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.wait((self._preparing,))
        await asyncio.gather(*(reader.stop() for reader in self._readers))
        await self._sender.close()

    async def deliver(self, delivery: Delivery) -> None:
        """Return when all events are safe in their topic; raise Unavailable, in bounded time, if they may not be."""
        records = [self._records.record(event) for event in delivery.events]
        await self._send(delivery.stream, self._topics.topic(delivery.stream), records)

    async def announce(self, stream: str, letters: Sequence[tuple[Event, str]]) -> None:
        """Tell in the stream's topic of dead letters what could not be taken and why; raise as `deliver` does."""
        records = [self._letter(event, reason) for event, reason in letters]
        await self._send(stream, self._topics.dead_letters(stream), records)

    async def check(self) -> None:
        """Return if a broker answers; raise Unavailable if none does. Calls are answered without one, too."""
        await self._sender.check()

    @property
    def gauges(self) -> Mapping[str, Callable[[], float]]:
        """What was sent, what could not be, what waits in each partition that this process reads, what is missing."""
        lags = {f"kafka_lag_{r.stream}_{number}": lag for r in self._readers for number, lag in r.lag.items()}
        numbers = {
            "kafka_events_sent": self._sender.sent,
            "kafka_send_failures": self._failures,
            "kafka_records_unreadable": sum(reader.unreadable for reader in self._readers),
            "kafka_events_missed": sum(reader.missed for reader in self._readers),
            **lags,
        }
        return {name: _constant(number) for name, number in numbers.items()}

    async def _send(self, stream: str, topic: str, records: Sequence[Record]) -> None:
        try:
            await self._topics.ensure((stream,))
            await self._sender.send(topic, records)
        except Unavailable:
            self._failures += 1
            self._topics.forget()
            raise

    def _letter(self, event: Event, reason: str) -> Record:
        """Return what tells of a letter; of one that another has filled to the brim, only that it is there."""
        why = ("reason", reason.encode())
        record = Record(None, event.body, ()) if event.type == UNREADABLE else self._records.record(event)
        size = len(record.value) + sum(len(value) for _, value in record.headers)
        if size > LETTER_BYTES:
            return Record(record.key, b"", (("id", str(event.id).encode()), ("left-out", str(size).encode()), why))
        return record._replace(headers=(*record.headers, why))

    async def _prepare(self) -> None:
        patience = Patience("kafka topics", self._report)
        while True:
            try:
                await self._topics.ensure(self._streams)
            except asyncio.CancelledError as error:
                if is_cancelled():
                    raise
                await patience.failed(error)
            except Exception as error:  # noqa: BLE001 - told, and tried again for as long as it takes
                await patience.failed(error)
            else:
                return


def _constant(number: float) -> Callable[[], float]:
    return lambda: number
