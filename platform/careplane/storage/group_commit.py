"""Group commit: while one flush is in flight, the work that arrives forms the next one, with an answer for each."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from careplane.kernel.cancelling import is_cancelled
from careplane.kernel.errors import Internal, Overloaded, PlatformError, Unavailable

W = TypeVar("W")
A = TypeVar("A")

Flush = Callable[[Sequence[W]], Awaitable[Sequence[A | PlatformError]]]
"""Commits all the work in one transaction and answers each piece, in order; an error as an answer fails that one."""


class GroupCommit(Generic[W, A]):
    """Gathers concurrent pieces of work into flushes, in the order in which they came.

    A flush that fails with a PlatformError fails everyone in it: the database is away, and what happened is unknown.
    Any other failure is blamed on one piece of the batch, which is found by halving and fails alone.
    """

    def __init__(self, flush: Flush[W, A], *, limit: int = 256, bound: int = 4096) -> None:
        """Flush at most `limit` pieces at a time, and refuse work with Overloaded while `bound` pieces wait."""
        self._flush = flush
        self._limit = limit
        self._bound = bound
        self._waiting: deque[tuple[W, asyncio.Future[A]]] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self.flushes = 0
        self.flushed = 0

    async def submit(self, work: W) -> A:
        """Return the answer to `work` once it is durable, or raise the error that was its answer."""
        return await self._put(work)

    async def submit_all(self, works: Sequence[W]) -> Sequence[A | PlatformError]:
        """Return the answer to each of `works` once all of it is settled; raise what is none of our own errors."""
        if len(self._waiting) + len(works) > self._bound:
            raise Overloaded(retry_after=1.0)
        answers = [self._put(work) for work in works]
        if answers:
            await asyncio.wait(answers)
        settled = [_answer(future) for future in answers]
        for answer in settled:
            if isinstance(answer, Exception) and not isinstance(answer, PlatformError):
                raise answer
        return settled

    def _put(self, work: W) -> "asyncio.Future[A]":
        if len(self._waiting) >= self._bound:
            raise Overloaded(retry_after=1.0)
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, answer))
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().create_task(self._run(), name="group commit")
        return answer

    async def _run(self) -> None:
        batch: list[tuple[W, asyncio.Future[A]]] = []
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._limit))]
                await self._settle(batch)
        finally:
            self._flusher = None
            _resolve_all((*batch, *self._waiting), Unavailable())  # some are left only if the event loop is ending
            self._waiting.clear()

    async def _settle(self, batch: list[tuple[W, asyncio.Future[A]]]) -> None:
        self.flushes += 1
        self.flushed += len(batch)
        try:
            answers = await self._flush([work for work, _ in batch])
        except PlatformError as error:
            _resolve_all(batch, error)
        except asyncio.CancelledError:
            _resolve_all(batch, Unavailable())
            if is_cancelled():
                raise
        except Exception as error:  # noqa: BLE001 - it is raised where the piece of work at fault is awaited
            await self._blame(batch, error)
        else:
            if len(answers) != len(batch):  # it is committed, and nobody can say what is whose
                _resolve_all(batch, Internal(meta={"answers": len(answers), "batch": len(batch)}))
            for (_, future), answer in zip(batch, answers, strict=False):
                _resolve(future, answer)

    async def _blame(self, batch: list[tuple[W, asyncio.Future[A]]], error: Exception) -> None:
        if len(batch) == 1:
            _resolve(batch[0][1], error)
            return
        middle = len(batch) // 2
        await self._settle(batch[:middle])
        await self._settle(batch[middle:])


def _answer(settled: asyncio.Future[A]) -> Any:  # noqa: ANN401 - an answer or an error
    return settled.exception() or settled.result()


def _resolve_all(batch: Iterable[tuple[W, asyncio.Future[A]]], error: PlatformError) -> None:
    for _, future in batch:
        _resolve(future, error)


def _resolve(future: asyncio.Future[A], answer: A | Exception) -> None:
    if future.done():
        return  # whoever asked has gone; the work is done all the same
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
