"""Following identity: which keys sign, and which tokens have been called back, heard every second.

Nothing is believed on old word: when identity has not been heard for too long, every token is answered Unavailable.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog

from careplane.components.identity.api import Follow, Identity, TokenVerifier
from careplane.kernel.clock import Clock
from careplane.kernel.context import Context, using
from careplane.kernel.errors import PlatformError, Unavailable
from careplane.kernel.principal import Principal, component_principal

EVERY_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 2.0
_ME: Final = component_principal("gateway", "identity:follow")
_DEAF: Final = "It cannot be told now which tokens are still good. Nothing was done; send the request again."
_log = structlog.get_logger(__name__)


class Following:
    """Keeps a verifier up to date, and speaks for it only while it is."""

    def __init__(
        self,
        identity: Identity,
        verifier: TokenVerifier,
        *,
        grace_s: float,
        clock: Clock,
        every_s: float = EVERY_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask `identity` every `every_s` seconds; believe what was heard for `grace_s` after it was asked for."""
        self._identity = identity
        self._verifier = verifier
        self._grace_s = grace_s
        self._clock = clock
        self._every_s = every_s
        self._monotonic = monotonic
        self._position = ""
        self._good_until = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._sent_for = float("-inf")
        self.failures = 0

    def verify(self, token: str) -> Principal:
        """Return whose token it is; raise Unauthenticated, or Unavailable while nobody can say."""
        if self._monotonic() >= self._good_until:
            raise Unavailable(_DEAF, retry_after=1.0)
        return self._verifier.verify(token)

    async def check(self) -> None:
        """Return if tokens can be told good from bad; raise Unavailable if not."""
        if not self.seconds_left:
            raise Unavailable(_DEAF, retry_after=1.0)

    def remembers(self, token: str) -> bool:
        """Tell whether the token has been verified before."""
        return self._verifier.remembers(token)

    @property
    def seconds_left(self) -> float:
        """For how long what was heard last is still believed."""
        return max(0.0, self._good_until - self._monotonic())

    async def ask(self) -> None:
        """Hear what is new; raise the error that kept identity from answering. Two that ask at once share the answer.

        It goes on if whoever asked gives up: the others wait for it too.
        """
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask(), name="following identity")
            self._asking.add_done_callback(self._asked)
        await asyncio.shield(self._asking)

    async def catch_up(self) -> None:
        """Ask out of turn, for somebody has shown a token of a key that is not known; once a second at most."""
        now = self._monotonic()
        if self._asking is None and now < self._sent_for + EVERY_SECONDS:
            return
        self._sent_for = now
        await self._try()

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        """Keep asking while the body runs; a question that is open at its end is given up."""
        run = asyncio.get_running_loop().create_task(self._run(), name="following identity every second")
        try:
            yield
        finally:
            tasks = {run, self._asking or run}
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _run(self) -> None:
        while True:
            begun = self._monotonic()
            await self._try()
            await asyncio.sleep(max(0.0, begun + self._every_s - self._monotonic()))

    async def _try(self) -> None:
        """Ask, and take note of it if that fails: what was heard before holds until its time is over."""
        try:
            await self.ask()
        except PlatformError as error:
            self.failures += 1
            if self.failures == 1:
                _log.warning("identity does not say which tokens are called back", error=error.code, **error.meta)
        except Exception as error:  # noqa: BLE001 - logged, and no token is believed for long meanwhile
            self.failures += 1
            _log.error("following identity failed unexpectedly and is tried again", exc_info=error)
        else:
            if self.failures:
                _log.info("identity says again which tokens are called back", failures=self.failures)
            self.failures = 0

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # whoever waits for it has it, and there may be nobody left

    async def _ask(self) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        with using(Context(principal=_ME, deadline=deadline, request_id="following")):
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while await self._hear():
                        pass
            except TimeoutError as error:
                raise Unavailable(meta={"identity": "did not answer in time"}) from error

    async def _hear(self) -> bool:
        begun = self._monotonic()
        heard = await self._identity.follow(Follow(self._position))
        self._verifier.denied.add(heard.revocations)
        self._verifier.learn(heard.keys)
        self._position = heard.position
        if not heard.more:
            self._verifier.denied.forget(self._clock.now().timestamp())
            self._good_until = begun + self._grace_s
        return heard.more
