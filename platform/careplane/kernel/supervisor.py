"""The supervisor of an actor: an unexpected fault costs one answer and a restart, and too many of them the process."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from careplane.kernel.cancelling import is_cancelled
from careplane.kernel.contract import Method
from careplane.kernel.errors import Internal, PlatformError
from careplane.kernel.message import Message

MAX_RESTARTS = 10
WITHIN_SECONDS = 10.0

Report = Callable[[Method, Exception], None]


class Supervisor:
    """Keeps one actor running: calls its methods, and makes it anew when one of them fails unexpectedly.

    After `max_restarts` restarts within `within` seconds `given_up` is set: the state outside the actor must be at
    fault, and whoever runs the process should end it, so that the orchestrator replaces it.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        report: Report,
        *,
        max_restarts: int = MAX_RESTARTS,
        within: float = WITHIN_SECONDS,
    ) -> None:
        """Start the actor that `make` returns, and tell `report` of every unexpected exception."""
        self._make = make
        self._report = report
        self._max_restarts = max_restarts
        self._within = within
        self._restarts: deque[float] = deque()
        self._actor = make()
        self.given_up = asyncio.Event()

    async def __call__(self, method: Method, request: Message, /) -> Message:
        """Call the actor's method; raise what it raises on purpose, and Internal for anything else."""
        actor = self._actor
        try:
            reply: Message = await getattr(actor, method.name)(request)
        except PlatformError:
            raise
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            raise self._fault(method, actor, RuntimeError("what the actor waited for was cancelled")) from error
        except Exception as error:
            raise self._fault(method, actor, error) from error
        return reply

    def _fault(self, method: Method, actor: object, error: Exception) -> Internal:
        self._report(method, error)
        try:
            self._restart(actor)
        except Exception as unmade:  # noqa: BLE001 - reported; without an actor there is nothing to go on with
            self._report(method, unmade)
            self.given_up.set()
        return Internal(meta={"fault": type(error).__name__})

    def _restart(self, failed: object) -> None:
        if failed is not self._actor:
            return  # a call that began before an earlier restart; that one has been made good already
        now = asyncio.get_running_loop().time()
        self._restarts.append(now)
        while self._restarts[0] < now - self._within:
            self._restarts.popleft()
        if len(self._restarts) >= self._max_restarts:
            self.given_up.set()
        self._actor = self._make()
