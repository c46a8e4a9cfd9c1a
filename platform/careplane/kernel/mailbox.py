"""A bounded mailbox: commands one at a time per key, different keys side by side, queries as they come."""

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Final

from careplane.kernel.cancelling import is_cancelled
from careplane.kernel.context import Context, current, using
from careplane.kernel.contract import PUBLIC, Kind, Method
from careplane.kernel.errors import DeadlineExceeded, Internal, Overloaded, StillRunning, Unavailable
from careplane.kernel.invoke import Answer, Invoke
from careplane.kernel.message import Message

SHARE_FOR_ANYBODY: Final = 4
"""One part in so many of a mailbox is for methods that anybody may call."""

Lane = deque["_Envelope"]
Once = tuple[str, str]
"""Who called, and the idempotency key of the call: at most one command at a time has the pair."""


class _Envelope:
    """A command on its way, and where its answer goes."""

    __slots__ = ("answer", "context", "method", "once", "request")

    def __init__(self, method: Method, request: Message, context: Context, answer: asyncio.Future[Message]) -> None:
        self.method = method
        self.request = request
        self.context = context
        self.answer = answer
        key = context.idempotency_key
        self.once: Once | None = None if key is None else (context.principal.id, key)

    def expired(self, now: float) -> bool:
        return self.context.deadline is not None and now >= self.context.deadline


class Mailbox:
    """Holds at most `bound` calls, waiting and running; one more is refused with Overloaded at once.

    Of the places at most a quarter are for methods that anybody may call, so that a flood of strangers leaves room for
    those who have signed in, and for the platform itself.

    A command that has started finishes even if its caller has gone; one whose caller has gone, or whose deadline has
    passed, before it started never starts. While a command with an idempotency key is held, the same caller's next one
    under that key is refused with StillRunning: what the first one will have done is not known yet.
    """

    def __init__(self, actor: Invoke, *, bound: int) -> None:
        """Take calls for `actor`."""
        self._actor = actor
        self._bound = bound
        self._bound_for_anybody = max(1, bound // SHARE_FOR_ANYBODY)
        self._held = 0
        self._held_for_anybody = 0
        self._lanes: dict[Hashable, Lane] = {}
        self._running: set[Once] = set()
        self._workers: dict[Hashable, asyncio.Task[None]] = {}
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closed = False

    @property
    def held(self) -> int:
        """How many calls are waiting or running."""
        return self._held

    def __call__(self, method: Method, request: Message, /) -> Answer:
        """Answer a call, or raise Overloaded, StillRunning, DeadlineExceeded, or what the actor raised."""
        return self._query(method, request) if method.kind is Kind.QUERY else self._command(method, request)

    async def close(self) -> None:
        """Take no more calls, and return when those already held are answered."""
        self._closed = True
        await self._quiet.wait()
        await asyncio.gather(*self._workers.values())

    def _admit(self, method: Method, once: Once | None = None) -> None:
        if self._closed:
            detail = "The platform is stopping. Send the request again; another instance will take it."
            raise Unavailable(detail, retry_after=1.0)
        if once in self._running:
            raise StillRunning(retry_after=1.0)
        anybody = method.scope == PUBLIC
        if self._held >= self._bound or (anybody and self._held_for_anybody >= self._bound_for_anybody):
            raise Overloaded(retry_after=1.0)
        if once is not None:
            self._running.add(once)
        self._held += 1
        self._held_for_anybody += anybody
        self._quiet.clear()

    def _release(self, method: Method, once: Once | None = None) -> None:
        if once is not None:
            self._running.remove(once)
        self._held -= 1
        self._held_for_anybody -= method.scope == PUBLIC
        if self._held == 0:
            self._quiet.set()

    async def _query(self, method: Method, request: Message) -> Message:
        self._admit(method)
        context = current()
        try:
            async with asyncio.timeout_at(context.deadline) as limit:
                with using(context.inside(method.component)):
                    return await self._actor(method, request)
        except TimeoutError:
            if limit.expired():
                raise DeadlineExceeded from None
            raise
        finally:
            self._release(method)

    async def _command(self, method: Method, request: Message) -> Message:
        loop = asyncio.get_running_loop()
        context = current()
        envelope = _Envelope(method, request, context, loop.create_future())
        self._enqueue(getattr(request, method.key or ""), envelope)
        timer = None if context.deadline is None else loop.call_at(context.deadline, _give_up, envelope.answer)
        try:
            return await envelope.answer
        finally:
            if timer is not None:
                timer.cancel()

    def _enqueue(self, key: Hashable, envelope: _Envelope) -> None:
        lane = self._lanes.get(key)
        self._admit(envelope.method, envelope.once)
        if lane is not None:
            lane.append(envelope)
            return
        lane = self._lanes[key] = deque((envelope,))
        worker = self._work(key, lane)
        self._workers[key] = asyncio.get_running_loop().create_task(worker, name=envelope.method.path)

    async def _work(self, key: Hashable, lane: Lane) -> None:
        try:
            while lane:
                await self._answer(lane[0])
                done = lane.popleft()
                self._release(done.method, done.once)
        finally:
            del self._lanes[key], self._workers[key]
            for envelope in lane:  # some are left only if the worker itself was cancelled: the event loop is ending
                _fail(envelope.answer, Unavailable(retry_after=1.0))
                self._release(envelope.method, envelope.once)

    async def _answer(self, envelope: _Envelope) -> None:
        answer = envelope.answer
        if answer.done():
            return
        if envelope.expired(asyncio.get_running_loop().time()):
            answer.set_exception(DeadlineExceeded())
            return
        with using(envelope.context.inside(envelope.method.component)):
            try:
                reply = await self._actor(envelope.method, envelope.request)
            except asyncio.CancelledError as error:
                if is_cancelled():
                    raise
                _fail(answer, Internal(meta={"fault": type(error).__name__}))
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller who waits for it
                _fail(answer, error)
            else:
                if not answer.done():
                    answer.set_result(reply)


def _fail(answer: asyncio.Future[Message], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)


def _give_up(answer: asyncio.Future[Message]) -> None:
    _fail(answer, DeadlineExceeded())
