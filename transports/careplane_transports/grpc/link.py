"""A link: one live stream to one process, with many calls under way on it at once."""

import asyncio
from typing import Final

from grpclib.client import Stream

from careplane.kernel.errors import Code, DeadlineExceeded, Internal, Overloaded, Unavailable
from careplane_pb.calls.v1.calls_pb2 import CallBatch, Error, Reply, ReplyBatch
from careplane_transports.grpc.breaker import Breaker
from careplane_transports.grpc.call import Outbound, Packing, Sent
from careplane_transports.grpc.errors import Undone, read
from careplane_transports.grpc.outgoing import Outgoing
from careplane_transports.grpc.settings import GrpcSettings

_WATCHES_A_PING: Final = 4
_ABANDONED_AT_ONCE: Final = 100
"""So many ids of ten bytes, and a ping, are no longer than an envelope, for which a batch has room."""


class Silent(Exception):
    """The other side did not answer a ping in time."""


class Link:
    """Sends calls and hands out their answers, until the stream ends; then what is under way fails as `Undone`."""

    def __init__(self, stream: Stream[CallBatch, ReplyBatch], settings: GrpcSettings, breaker: Breaker) -> None:
        """Use a stream that the other side has accepted."""
        self._stream = stream
        self._settings = settings
        self._breaker = breaker
        self._packing = Packing(settings.message_bytes, settings.call_bytes)
        self._loop = asyncio.get_running_loop()
        self._outgoing: Outgoing[Sent] = Outgoing()
        self._pending: dict[int, Sent] = {}
        self._abandoned: list[int] = []
        self._last_id = 0
        self._heard = self._loop.time()
        self._pinged: float | None = None
        self._ping = 0
        self._ping_due = False
        self._ended = False
        self.draining = asyncio.Event()

    @property
    def under_way(self) -> int:
        """How many calls have no answer yet."""
        return len(self._pending)

    @property
    def is_open(self) -> bool:
        """Whether calls may be sent here."""
        return not self._ended and not self.draining.is_set()

    async def call(self, call: Outbound) -> bytes:
        """Return the reply, or raise the error that the other side answered; Undone if it did not come to that."""
        if not self.is_open:
            raise Undone(Unavailable(retry_after=1.0), not_started=True)
        if len(self._pending) >= self._settings.calls_in_flight:
            raise Overloaded(retry_after=1.0)
        self._packing.check(call.request)
        self._last_id += 1
        sent = self._pending[self._last_id] = Sent(self._last_id, call, self._loop.create_future())
        deadline = call.context.deadline
        timer = None if deadline is None else self._loop.call_at(deadline, self._expire, sent)
        self._outgoing.add(sent)
        try:
            return await sent.answer
        finally:
            if timer is not None:
                timer.cancel()
            if self._pending.pop(sent.id, None) is not None:
                self._abandon(sent)

    async def run(self) -> None:
        """Carry calls until the stream ends; raise what it ended with."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = (group.create_task(self._send()), group.create_task(self._watch()))
                await self._receive()
                for task in tasks:
                    task.cancel()
        finally:
            self._end()

    async def _send(self) -> None:
        stream, outgoing = self._stream, self._outgoing
        while True:
            await outgoing.woken()
            while True:
                batch = self._packing.batch(outgoing, self._loop.time())
                self._complete(batch)
                if not (batch.calls or batch.cancelled or batch.HasField("ping")):
                    break
                await stream.send_message(batch)
            if self.draining.is_set() and not self._pending:
                await stream.end()
                return

    def _complete(self, batch: CallBatch) -> None:
        if self._abandoned:
            batch.cancelled.extend(self._abandoned[:_ABANDONED_AT_ONCE])
            del self._abandoned[:_ABANDONED_AT_ONCE]
        if self._ping_due:
            batch.ping = self._ping
            self._ping_due = False

    async def _receive(self) -> None:
        async for batch in self._stream:
            self._heard = self._loop.time()
            self._pinged = None
            if batch.replies and any([self._take(reply) for reply in batch.replies]):  # noqa: C419 - takes all of them
                self._breaker.succeeded()
            if batch.draining and not self.draining.is_set():
                self._drain()
            elif self.draining.is_set() and not self._pending:
                self._outgoing.wake()

    def _take(self, reply: Reply) -> bool:
        """Hand out an answer; tell whether it came in time, which one that time ran out does not."""
        sent = self._pending.get(reply.id)
        if sent is None or sent.answer.done():
            return False  # its caller waits no more
        if reply.HasField("error"):
            return self._fail(sent, reply.error)
        if reply.more or sent.pieces is not None:
            self._gather(sent, reply)
        else:
            del self._pending[sent.id]
            sent.answer.set_result(reply.reply)
        return True

    def _gather(self, sent: Sent, reply: Reply) -> None:
        sent.pieces = sent.pieces or []
        sent.pieces.append(reply.reply)
        sent.pieces_bytes += len(reply.reply)
        if sent.pieces_bytes > self._settings.call_bytes:
            self._settle(sent, Internal(meta={"reply": "larger than call_bytes"}))
        elif not reply.more:
            del self._pending[sent.id]
            sent.answer.set_result(b"".join(sent.pieces))

    def _fail(self, sent: Sent, said: Error) -> bool:
        error = read(said)
        self._settle(sent, Undone(error, not_started=True) if said.not_started else error)
        if error.code is Code.DEADLINE_EXCEEDED:
            self._breaker.failed()
            return False
        return True

    def _settle(self, sent: Sent, error: Exception) -> None:
        del self._pending[sent.id]
        sent.answer.set_exception(error)

    def _drain(self) -> None:
        """Send nothing more: what has not set out goes elsewhere, what has is answered."""
        self.draining.set()
        for sent in self._outgoing.items:
            if sent.offset == 0 and not sent.answer.done():
                self._settle(sent, Undone(Unavailable(retry_after=1.0), not_started=True))
        self._outgoing.wake()

    async def _watch(self) -> None:
        """Ask the other side when it is quiet, and raise Silent when it does not answer."""
        interval = self._settings.ping_every_s / _WATCHES_A_PING
        last = self._loop.time()
        while True:
            await asyncio.sleep(interval)
            now = self._loop.time()
            if now - last > interval + self._settings.ping_timeout_s / 2 and self._pinged is not None:
                self._pinged = now  # it was us who stood still: the answer may have been there for long
            last = now
            if self._pinged is None:
                if now - self._heard >= self._settings.ping_every_s:
                    self._pinged, self._ping, self._ping_due = now, self._ping + 1, True
                    self._outgoing.wake()
            elif now - self._pinged >= self._settings.ping_timeout_s:
                raise Silent

    def _expire(self, sent: Sent) -> None:
        if not sent.answer.done():
            self._breaker.failed()
            sent.answer.set_exception(DeadlineExceeded())

    def _abandon(self, sent: Sent) -> None:
        """Tell the other side that nobody waits for the answer any more."""
        if sent.offset and not self._ended:
            self._abandoned.append(sent.id)
        self._outgoing.wake()

    def _end(self) -> None:
        self._ended = True
        if any(sent.offset for sent in self._pending.values()):
            self._breaker.failed()
        for sent in self._pending.values():
            if not sent.answer.done():
                error = Unavailable(meta={"call": sent.call.path}, retry_after=1.0)
                sent.answer.set_exception(Undone(error, not_started=sent.offset == 0))
        self._pending.clear()
