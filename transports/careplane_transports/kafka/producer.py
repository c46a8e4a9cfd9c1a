"""Sending records: all of a delivery or an error, in order within each partition, and in bounded time.

Order rests on one rule: a record is written only when all those before it in its partition are. So at most one batch
per partition is on its way, a delivery that failed is sent again from its beginning, and nobody is told that it is
safe before all brokers in sync have acknowledged all of it (acks=all). What was on its way when we gave up may still
arrive, and so may what a second relay sends: then a record is there twice, but its first place is the right one.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from careplane.kernel.errors import PlatformError, Unavailable
from careplane_transports.kafka.client import client_options
from careplane_transports.kafka.closing import start_whole
from careplane_transports.kafka.settings import KafkaSettings

_BATCH_BYTES = 900_000  # below the broker's limit of 1 MiB for a batch, also when packing makes nothing smaller
_CLOSE_SECONDS = 5.0

_partition_of = DefaultPartitioner()


class Record(NamedTuple):
    """What goes into a topic."""

    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Sender:
    """Writes records into topics; connects when there is something to send, and anew after every failure."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Send by the settings; raise FailedPrecondition where they contradict themselves."""
        self._options = client_options(settings, "producer")
        self._compression = None if settings.compression == "none" else settings.compression
        self._timeout = settings.send_timeout_s
        self._producer: Any = None
        self._connecting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self.sent = 0

    async def send(self, topic: str, records: Sequence[Record]) -> None:
        """Return when all records are safe in the topic; raise Unavailable, within the time set, if they may not be."""
        producer: Any = None
        try:
            async with asyncio.timeout(self._timeout):
                producer = await self._connected()
                await _write(producer, topic, records)
        except (KafkaError, OSError, TimeoutError) as error:
            self._abandon(producer)
            raise Unavailable(
                "The event broker does not take events now. They are kept, and sent when it does.",
                meta={"kafka": type(error).__name__, "topic": topic},
                retry_after=1.0,
            ) from error
        except BaseException:
            self._abandon(producer)
            raise
        self.sent += len(records)

    async def check(self) -> None:
        """Return if a broker answers; raise Unavailable if none does."""
        producer: Any = None
        try:
            async with asyncio.timeout(self._timeout):
                producer = await self._connected()
                await producer.client.fetch_all_metadata()
        except (KafkaError, OSError, TimeoutError) as error:
            self._abandon(producer)
            raise Unavailable("No Kafka broker answers.", meta={"kafka": type(error).__name__}) from error

    async def close(self) -> None:
        """Close the connections; nothing may be sent any more."""
        self._abandon(self._producer)
        if self._closing:
            await asyncio.wait(self._closing, timeout=_CLOSE_SECONDS)

    async def _connected(self) -> Any:  # noqa: ANN401 - the library has no types
        async with self._connecting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._options,
                    enable_idempotence=True,
                    acks="all",
                    compression_type=self._compression,
                    max_batch_size=_BATCH_BYTES,
                )
                try:
                    await start_whole(producer)
                except BaseException:
                    self._close(producer)
                    raise
                self._producer = producer
            return self._producer

    def _abandon(self, producer: Any) -> None:  # noqa: ANN401 - the library has no types
        """Let go of a producer of which we do not know what it has still on its way, unless another has done so.

        By then that other may be sending by its successor, which nothing is the matter with.
        """
        if producer is not None and producer is self._producer:
            self._close(producer)
            self._producer = None

    def _close(self, producer: Any) -> None:  # noqa: ANN401 - the library has no types
        task = asyncio.get_running_loop().create_task(_close_at_once(producer), name="kafka producer closing")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _write(producer: Any, topic: str, records: Sequence[Record]) -> None:  # noqa: ANN401 - untyped library
    partitions = sorted(await producer.partitions_for(topic))
    waiting: dict[int, list[Any]] = {}
    for record in records:
        batches = waiting.setdefault(_partition_of(record.key, partitions, partitions), [])
        if not batches or not _append(batches[-1], record):
            batches.append(producer.create_batch())
            if not _append(batches[-1], record):
                raise PlatformError("An event is too large for the event broker.", meta={"topic": topic})
    while waiting:
        await _write_first_of_each(producer, topic, waiting)
        waiting = {number: of for number, of in waiting.items() if of}


async def _write_first_of_each(producer: Any, topic: str, waiting: dict[int, list[Any]]) -> None:  # noqa: ANN401 - same
    futures: list[asyncio.Future[Any]] = []
    for number, batches in waiting.items():
        future = await producer.send_batch(batches.pop(0), topic, partition=number)
        future.add_done_callback(_noticed)
        futures.append(future)
    done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_EXCEPTION)
    for future in done:
        future.result()


def _noticed(future: asyncio.Future[Any]) -> None:
    """Look at what became of a batch, so that nobody calls it forgotten who gave up before."""
    if not future.cancelled():
        future.exception()


def _append(batch: Any, record: Record) -> bool:  # noqa: ANN401 - the library has no types
    return batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers)) is not None


async def _close_at_once(producer: Any) -> None:  # noqa: ANN401 - the library has no types
    """Close a producer without waiting for what it would send: its own `stop` waits until all of it is sent.

    Its sender waits for each request that is on its way when it is cancelled, and stops doing so when cancelled again.
    """
    sender = producer._sender.sender_task  # noqa: SLF001 - there is no public way to give up
    while sender is not None and not sender.done():
        sender.cancel()
        await asyncio.wait((sender,), timeout=0.01)
    unsent = producer._message_accumulator  # noqa: SLF001 - likewise
    for batch in [one for batches in unsent._batches.values() for one in batches]:  # noqa: SLF001 - likewise
        batch._drain_waiter.add_done_callback(_noticed)  # noqa: SLF001 - likewise
    unsent.fail_all(KafkaError())
    await producer.stop()
