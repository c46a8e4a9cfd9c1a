"""Reading a stream for one component: exactly one effect each, whatever happens to this process, broker or group.

Where reading goes on is the position that the taker keeps in the transaction of its effect: a reader seeks it whenever
it is assigned partitions. What Kafka knows as the group's offset is told to it now and then so that tools can show the
lag, and is never read; only where it knows none, in spite of our position, that may be one in a topic which is there no
more, and reading begins at the beginning of the new one. Who still takes events of a partition that another process has
been given meanwhile (a zombie) changes nothing: the taker knows events by their ids.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from careplane.kernel.cancelling import is_cancelled
from careplane.kernel.events import UNREADABLE, Delivery, Event, Taker
from careplane.kernel.resting import rest_after
from careplane_transports.kafka.client import client_options
from careplane_transports.kafka.closing import CLOSE_SECONDS, close_consumer, start_whole
from careplane_transports.kafka.patience import Patience, Report
from careplane_transports.kafka.record import Records, UnreadableRecord
from careplane_transports.kafka.settings import KafkaSettings
from careplane_transports.kafka.topics import Topics

MOST_EVENTS = 500
_POLL_MS = 1000
_LOOK_SECONDS = 5.0
_ANSWER_SECONDS = 5.0
# A reader that waits for its database keeps its partitions, for nobody else could do better: its heartbeats go on by
# themselves, and each try to take events has a deadline of its own. So time between two polls means nothing.
_NO_POLL_LIMIT_MS = 2**31 - 1

_log = structlog.get_logger(__name__)


class Subscription(NamedTuple):
    """Who reads what: a component's taker, in the group of that component, the events of a stream."""

    stream: str
    group: str
    taker: Taker


class Reader:
    """One member of a component's group; `start` it, and `stop` it for its partitions to go to others at once."""

    def __init__(
        self, settings: KafkaSettings, subscription: Subscription, topics: Topics, records: Records, report: Report
    ) -> None:
        """Read what is subscribed to, and tell `report` of what has to be tried again."""
        stream, group, taker = subscription
        self.stream = stream
        self._group = f"{settings.topic_prefix}careplane-{group}"
        self._taker = taker
        self._records = records
        self._topics = topics
        self._patience = Patience(f"events of {stream} for {group}", report)
        self._options = client_options(settings, group) | {
            "group_id": self._group,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "isolation_level": "read_committed",
            "session_timeout_ms": round(settings.session_timeout_s * 1000),
            "heartbeat_interval_ms": round(settings.session_timeout_s * 1000 / 4),
            "max_poll_interval_ms": _NO_POLL_LIMIT_MS,
        }
        self._revoke_seconds = settings.session_timeout_s / 2
        self._topic = self._topics.topic(stream)
        self._assignments = 0  # counts what was assigned and revoked; a batch belongs to one count
        self._sought = 0
        self._reached: dict[int, int] = {}
        self._doubted: set[int] = set()  # partitions of whose position Kafka knows nothing, until they are read
        self._ends: Mapping[TopicPartition, int] = {}
        self._hand: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None
        self.unreadable = 0
        self.missed = 0

    def start(self) -> None:
        """Begin to read, or to try to."""
        self._running = asyncio.get_running_loop().create_task(self._run(), name=f"kafka reader {self._group}")

    async def stop(self) -> None:
        """Finish the batch in hand, or leave it for whoever reads next, and leave the group."""
        if self._running is None:
            return
        await self._let_go()
        self._running.cancel()
        await asyncio.wait((self._running,))

    @property
    def lag(self) -> Mapping[int, int]:
        """How many events of each partition that we read wait for us, as of a few seconds ago."""
        return {tp.partition: max(0, end - self._reached.get(tp.partition, end)) for tp, end in self._ends.items()}

    async def _run(self) -> None:
        while True:
            try:
                await self._topics.ensure((self.stream,))
                await self._session()
            except asyncio.CancelledError as error:
                if is_cancelled():
                    raise
                await self._patience.failed(error)
            except Exception as error:  # noqa: BLE001 - told, and tried again for ever with a new connection
                await self._patience.failed(error)

    async def _session(self) -> None:
        consumer = AIOKafkaConsumer(**self._options)
        consumer.subscribe([self._topic], listener=_Listener(self._let_go))
        looking = asyncio.get_running_loop().create_task(self._look_now_and_then(consumer), name="kafka lag")
        try:
            await start_whole(consumer)
            await self._read(consumer)
        finally:
            self._assignments += 1
            self._ends = {}
            looking.cancel()
            await asyncio.wait((looking,))
            await close_consumer(consumer)

    async def _read(self, consumer: Any) -> None:  # noqa: ANN401 - the library has no types
        while True:
            if self._sought != self._assignments:
                await self._seek(consumer)
            batches = await consumer.getmany(timeout_ms=_POLL_MS, max_records=MOST_EVENTS)
            begun = asyncio.get_running_loop().time()
            # What was fetched for an earlier assignment, or before the seek of this one, will come again.
            if batches and self._sought == self._assignments:
                await self._take({one.partition: records for one, records in batches.items()})
            if sum(map(len, batches.values())) < MOST_EVENTS:  # else it has fallen behind
                await asyncio.sleep(rest_after(asyncio.get_running_loop().time() - begun))

    async def _seek(self, consumer: Any) -> None:  # noqa: ANN401 - the library has no types
        """Go to the positions that the taker has reached, not to what Kafka has noted of the group."""
        while self._sought != self._assignments:
            assignments = self._assignments
            try:
                positions = await self._taker.positions()
                noted = {one for one in consumer.assignment() if await consumer.committed(one) is not None}
            except Exception as error:  # noqa: BLE001 - told, and tried again for as long as it takes
                await self._patience.failed(error)
                continue
            self._patience.worked()
            if self._assignments == assignments:
                assigned = consumer.assignment()
                self._reached = {one.partition: int(positions.get(self._named(one.partition), 0)) for one in assigned}
                self._doubted = {one.partition for one in assigned - noted}
                for one in assigned:
                    consumer.seek(one, self._reached[one.partition] if one in noted else 0)
                self._sought = assignments

    async def _take(self, batches: Mapping[int, Sequence[Any]]) -> None:
        """Hand what was fetched to the taker until it has taken it, or the partitions are no longer ours."""
        assignments = self._assignments
        for partition, records in batches.items():
            self._tell_missed(partition, records[0].offset)
        deliveries = {partition: self._delivery(partition, records) for partition, records in batches.items()}
        while self._assignments == assignments:
            error = await self._try(deliveries.values())
            if error is None:
                self._patience.worked()
                for partition, delivery in deliveries.items():
                    self._reached[partition] = int(delivery.position)
                    self._doubted.discard(partition)
                    self.unreadable += len(delivery.unreadable)
                return
            if self._assignments == assignments:
                await self._patience.failed(error)

    async def _try(self, deliveries: Iterable[Delivery]) -> BaseException | None:
        """Hand deliveries to the taker once, in a task that can be given up alone; return what went wrong."""
        self._hand = hand = asyncio.get_running_loop().create_task(self._taker.take(*deliveries), name="kafka batch")
        try:
            await asyncio.wait((hand,))
        finally:
            self._hand = None
            hand.cancel()
        return asyncio.CancelledError() if hand.cancelled() else hand.exception()

    async def _let_go(self) -> None:
        """Begin no other batch of this assignment; finish the one in hand, or give it up: it changes all or nothing."""
        self._assignments += 1
        if self._hand is not None:
            hand = self._hand
            done, _ = await asyncio.wait((hand,), timeout=self._revoke_seconds)
            if not done:
                hand.cancel()
                await asyncio.wait((hand,), timeout=CLOSE_SECONDS)

    def _delivery(self, partition: int, records: Sequence[Any]) -> Delivery:
        events: list[Event] = []
        unreadable: list[Event] = []
        for record in records:
            try:
                events.append(self._records.event(record.value, dict(record.headers)))
            except UnreadableRecord as error:
                place = {"topic": self._topic, "partition": partition, "offset": record.offset}
                _log.warning("a record is no event and is set aside", why=str(error), **place)
                unreadable.append(_stand_in(self.stream, record))
        position = str(records[-1].offset + 1)
        return Delivery(
            stream=self._named(partition), position=position, events=tuple(events), unreadable=tuple(unreadable)
        )

    def _named(self, partition: int) -> str:
        """Name a partition as a stream of its own, for the taker to keep its position under."""
        return f"{self.stream}/{partition}"

    def _tell_missed(self, partition: int, offset: int) -> None:
        missed = offset - self._reached.get(partition, offset)
        if missed > 0:
            self.missed += missed
            _log.error(
                "events were gone from Kafka before they were read, for its retention is over: count them from the "
                "log, as `careplane analytics rebuild` does, or send them again: `careplane events replay --all-from`",
                topic=self._topic,
                partition=partition,
                events=missed,
            )

    async def _look_now_and_then(self, consumer: Any) -> None:  # noqa: ANN401 - the library has no types
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._look(consumer)

    async def _look(self, consumer: Any) -> None:  # noqa: ANN401 - the library has no types
        """See how much waits, and tell Kafka how far we are, for tools that ask it; both only if it answers now."""
        if self._sought != self._assignments:
            return
        assigned = consumer.assignment()
        sure = self._reached.keys() - self._doubted
        reached = {one: self._reached[one.partition] for one in assigned if one.partition in sure}
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                self._ends = ends = await consumer.end_offsets(assigned)
                offsets = {one: offset for one, offset in reached.items() if offset <= ends.get(one, 0)}
                if offsets:
                    await consumer.commit(offsets)
        except (KafkaError, TimeoutError):
            self._ends = {}  # no number rather than one of the past


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the reader that its partitions are others than before."""

    def __init__(self, let_go: Callable[[], Awaitable[None]]) -> None:
        self._let_go = let_go

    async def on_partitions_revoked(self, revoked: object) -> None:  # noqa: ARG002 - as the library calls it
        """Finish what is in hand: the group is about to share its partitions out anew."""
        await self._let_go()

    async def on_partitions_assigned(self, assigned: object) -> None:  # noqa: ARG002 - as the library calls it
        """Have the positions sought of what was given."""
        await self._let_go()


def _stand_in(stream: str, record: Any) -> Event:  # noqa: ANN401 - the library has no types
    """Return what stands for a record that is no event; the same record gets the same id."""
    return Event(
        id=uuid5(NAMESPACE_URL, f"kafka:{record.topic}/{record.partition}/{record.offset}"),
        type=UNREADABLE,
        source=stream,
        subject=UUID(int=0),
        version=0,
        time=_time(record.timestamp),
        body=record.value or b"",
    )


def _time(milliseconds: int) -> datetime:
    """Return what a sender took for the time, which may be any number; the epoch where it is none."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
