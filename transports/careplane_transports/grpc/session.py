"""One stream of calls, as it is answered: each call runs by itself, and the replies that are ready go out together."""

import asyncio
from typing import Final

from google.protobuf.message import DecodeError
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from careplane.kernel.context import Context
from careplane.kernel.errors import InvalidArgument, Overloaded, PlatformError, Unavailable
from careplane_pb.calls.v1.calls_pb2 import Call, CallBatch, ReplyBatch
from careplane_transports.grpc.errors import written
from careplane_transports.grpc.outgoing import Outgoing
from careplane_transports.grpc.replies import Answer, Packing
from careplane_transports.grpc.served import Served
from careplane_transports.grpc.settings import GrpcSettings

Calls = Stream[CallBatch, ReplyBatch]

_PARTIAL_CALLS_MAX: Final = 16
_ANSWERS_FOR_A_CALL: Final = 2
"""How many answers may wait for each call that may be under way; more are only refusals."""

_LAST_SECONDS: Final = 2.0
"""How long calls may still run when what came after them on the stream made no sense."""

_STOPPING: Final = "This process is about to end. Send the request again; another one will take it."


class _Partial:
    """A call that is arriving in pieces."""

    __slots__ = ("bytes", "context", "path", "pieces")

    def __init__(self, path: str, context: Context) -> None:
        self.path = path
        self.context = context
        self.pieces: list[bytes] = []
        self.bytes = 0


class Session:
    """Answers the calls of one stream, at most `calls_in_flight` at a time."""

    def __init__(self, stream: Calls, served: Served, settings: GrpcSettings) -> None:
        """Be about to answer."""
        self._stream = stream
        self._served = served
        self._settings = settings
        self._packing = Packing(settings.message_bytes)
        self._outgoing: Outgoing[Answer] = Outgoing()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._partial: dict[int, _Partial] = {}
        self._group = asyncio.TaskGroup()
        self._pong: int | None = None
        self._draining = False
        self._drain_said = False
        self._ending = False
        self._answered = asyncio.Event()
        self._packed = asyncio.Event()

    @property
    def under_way(self) -> int:
        """How many calls are arriving, running, or wait for their answer to go out."""
        return len(self._running) + len(self._partial) + len(self._outgoing.items)

    def drain(self) -> None:
        """Take no more calls; say so, and answer those that were taken."""
        self._draining = True
        self._outgoing.wake()

    async def answered(self) -> None:
        """Return when everything that was taken before the drain is answered, or nobody listens any more."""
        await self._answered.wait()

    async def run(self) -> None:
        """Answer calls until the other side has no more; raise GRPCError for what cannot be understood."""
        await self._stream.send_initial_metadata()
        refusal = None
        try:
            async with asyncio.timeout(None) as limit, self._group:
                self._group.create_task(self._send(), name="grpc replies")
                refusal = await self._receive()
                self._partial.clear()
                self._ending = True
                self._outgoing.wake()
                if refusal is not None:
                    limit.reschedule(asyncio.get_running_loop().time() + _LAST_SECONDS)
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._answered.set()
        if refusal is not None:
            raise refusal

    async def _receive(self) -> GRPCError | None:
        """Take calls; what was taken before something senseless came is still answered."""
        try:
            async for batch in self._stream:
                self._take(batch)
                await self._unclogged()
        except GRPCError as refusal:
            return refusal
        except DecodeError:
            return GRPCError(Status.INVALID_ARGUMENT, "The message is no CallBatch.")
        return None

    async def _unclogged(self) -> None:
        """Return when few enough answers wait: whoever only calls and does not listen is not listened to, either."""
        while len(self._outgoing.items) > _ANSWERS_FOR_A_CALL * self._settings.calls_in_flight:
            self._packed.clear()
            await self._packed.wait()

    def _take(self, batch: CallBatch) -> None:
        for number in batch.cancelled:
            self._cancel(number)
        for call in batch.calls:
            if not call.path:
                self._gather(call)
            elif call.id in self._running or call.id in self._partial:
                raise GRPCError(Status.INVALID_ARGUMENT, "Two calls that are under way have the same id.")
            elif self._draining:
                self._refuse(call.id, Unavailable(_STOPPING, retry_after=1.0), not_started=True)
            elif self.under_way >= self._settings.calls_in_flight:
                self._refuse(call.id, Overloaded(retry_after=1.0))
            else:
                self._accept(batch, call)
        if batch.HasField("ping"):
            self._pong = batch.ping
            self._outgoing.wake()

    def _accept(self, batch: CallBatch, call: Call) -> None:
        try:
            context = self._served.context(batch, call)
        except PlatformError as error:
            self._refuse(call.id, error)
            return
        if not call.more:
            self._start(call.id, call.path, call.request, context)
        elif len(self._partial) < _PARTIAL_CALLS_MAX:
            self._partial[call.id] = _Partial(call.path, context)
            self._gather(call)
        else:
            self._refuse(call.id, Overloaded(retry_after=1.0))

    def _gather(self, call: Call) -> None:
        partial = self._partial.get(call.id)
        if partial is None:
            return  # it has been refused or cancelled, and the other side did not know yet
        partial.pieces.append(call.request)
        partial.bytes += len(call.request)
        if partial.bytes > self._settings.call_bytes:
            del self._partial[call.id]
            self._refuse(call.id, self._too_large())
        elif not call.more:
            del self._partial[call.id]
            self._start(call.id, partial.path, b"".join(partial.pieces), partial.context)

    def _too_large(self) -> InvalidArgument:
        return InvalidArgument(f"The request is larger than {self._settings.call_bytes} bytes. Ask for less at once.")

    def _start(self, number: int, path: str, request: bytes, context: Context) -> None:
        if len(request) > self._settings.call_bytes:
            self._refuse(number, self._too_large())
            return
        self._running[number] = self._group.create_task(self._answer(number, path, request, context))

    async def _answer(self, number: int, path: str, request: bytes, context: Context) -> None:
        try:
            answer = Answer(number, await self._served.answer(path, request, context))
        except PlatformError as error:
            answer = Answer(number, b"", written(error))
        self._running.pop(number, None)
        self._outgoing.add(answer)

    def _refuse(self, number: int, error: PlatformError, *, not_started: bool = False) -> None:
        self._outgoing.add(Answer(number, b"", written(error, not_started=not_started)))

    def _cancel(self, number: int) -> None:
        self._partial.pop(number, None)
        task = self._running.pop(number, None)
        if task is not None:
            task.cancel()
        self._outgoing.wake()

    async def _send(self) -> None:
        stream, outgoing = self._stream, self._outgoing
        while True:
            batch = ReplyBatch()
            self._packing.fill(batch, outgoing)
            self._packed.set()
            if self._pong is not None:
                batch.pong, self._pong = self._pong, None
            if self._draining and not self._drain_said:
                batch.draining = self._drain_said = True
            if batch.replies or batch.draining or batch.HasField("pong"):
                await stream.send_message(batch)
                continue
            if self._drain_said and not self.under_way:
                self._answered.set()
            if self._ending and not self.under_way:
                return
            await outgoing.woken()
