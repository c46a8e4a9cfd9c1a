"""A call on its way to another process, and how calls are packed into a batch."""

import asyncio
import math
from typing import Final

from careplane.kernel.context import Context, Trace
from careplane.kernel.errors import InvalidArgument
from careplane_pb.calls.v1.calls_pb2 import Call, CallBatch
from careplane_transports.grpc.outgoing import ENVELOPE_BYTES, Outgoing

PIECES: Final = 4
"""A piece is one such part of a message, so that what is big does not hold up what is small."""


class Outbound:
    """A call as the caller means it; it may be sent several times, each time as a `Sent`."""

    __slots__ = ("context", "path", "request", "token")

    def __init__(self, path: str, request: bytes, context: Context, token: str) -> None:
        """Take what travels."""
        self.path = path
        self.request = request
        self.context = context
        self.token = token


class Sent:
    """One try of a call: its id on the stream, how much of it has gone out, and where its answer goes."""

    __slots__ = ("answer", "call", "id", "offset", "pieces", "pieces_bytes")

    def __init__(self, number: int, call: Outbound, answer: asyncio.Future[bytes]) -> None:
        """Be about to set out."""
        self.id = number
        self.call = call
        self.answer = answer
        self.offset = 0
        self.pieces: list[bytes] | None = None
        self.pieces_bytes = 0


class Packing:
    """Packs the calls that wait into batches no larger than a message may be."""

    def __init__(self, message_bytes: int, call_bytes: int) -> None:
        """Keep to the limits on a message, and on a whole request."""
        self._message_bytes = message_bytes
        self._call_bytes = call_bytes
        self._piece = message_bytes // PIECES

    def check(self, request: bytes) -> None:
        """Raise InvalidArgument for a request that is too large however it is sent."""
        if len(request) > self._call_bytes:
            detail = f"The request is larger than {self._call_bytes} bytes. Ask for less at once."
            raise InvalidArgument(detail)

    def batch(self, waiting: Outgoing[Sent], now: float) -> CallBatch:
        """Take what fits off the queue, without those whose caller waits no more."""
        batch = CallBatch()
        tokens: dict[str, int] = {}
        items, room = waiting.items, self._message_bytes - ENVELOPE_BYTES  # that much the link may say besides calls
        while items:
            sent = items[0]
            if sent.answer.done():
                items.popleft()
                continue
            room -= self._size(sent, tokens)
            if room < 0:
                break
            items.popleft()
            self._add(batch, sent, tokens, now)
            if sent.offset < len(sent.call.request):
                items.append(sent)
        batch.tokens.extend(tokens)
        return batch

    def _size(self, sent: Sent, tokens: dict[str, int]) -> int:
        content = min(len(sent.call.request) - sent.offset, self._piece)
        token = sent.call.token
        return content + ENVELOPE_BYTES + (0 if token in tokens else len(token))

    def _add(self, batch: CallBatch, sent: Sent, tokens: dict[str, int], now: float) -> None:
        outbound, begin = sent.call, sent.offset
        request = outbound.request
        if begin == 0:
            call = batch.calls.add(id=sent.id, path=outbound.path)
            _describe(call, outbound.context, tokens.setdefault(outbound.token, len(tokens)), now)
        else:
            call = batch.calls.add(id=sent.id)
        if len(request) <= self._piece:
            call.request = request
            sent.offset = max(1, len(request))
            return
        sent.offset = end = min(begin + self._piece, len(request))
        call.request = request[begin:end]
        call.more = end < len(request)


def _describe(call: Call, context: Context, token: int, now: float) -> None:
    if context.deadline is not None:
        call.timeout_us = max(0, math.ceil((context.deadline - now) * 1_000_000))
    said = call.circumstances
    said.token = token
    said.request_id = context.request_id
    if context.trace is not _NO_TRACE and context.trace != _NO_TRACE:
        said.traceparent = context.trace.traceparent
    if context.idempotency_key is not None:
        said.idempotency_key = context.idempotency_key
    if context.chain:
        said.chain.extend(context.chain)


_NO_TRACE: Final = Trace()
