"""One address of a peer: keeps a link to it, and makes another one when that ends."""

import asyncio
import random
import ssl
from collections.abc import Callable, Iterator
from typing import Final

import structlog
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

from careplane.kernel.errors import PlatformError
from careplane_pb.calls.v1.calls_grpc import CallsStub
from careplane_transports.grpc.breaker import Breaker
from careplane_transports.grpc.channel import PeerChannel
from careplane_transports.grpc.link import Link, Silent
from careplane_transports.grpc.settings import GrpcSettings

ClientTls = Callable[[], ssl.SSLContext | None]
"""Makes the context of one connection, or says that there is none."""

_FIRST_PAUSE: Final = 0.05
_EXPECTED: Final = (OSError, TimeoutError, GRPCError, StreamTerminatedError, ProtocolError, Silent, PlatformError)
_log = structlog.get_logger(__name__)
_random = random.SystemRandom()


class Address:
    """Where a peer, or one of several processes of it, can be reached."""

    def __init__(
        self, peer: str, host: str, port: int, settings: GrpcSettings, tls: ClientTls, came: Callable[[], None]
    ) -> None:
        """Be about to connect; `came` is called whenever there is a link."""
        self.link: Link | None = None
        self.used = 0
        self.breaker = Breaker(peer, failures=settings.breaker_failures, open_s=settings.breaker_open_s)
        self._peer, self._host, self._port = peer, host, port
        self._settings, self._tls, self._came = settings, tls, came
        self._failures = 0
        self._links: set[Link] = set()
        self._attempts: set[asyncio.Task[None]] = set()
        self._keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect from now on."""
        self._keeping = asyncio.create_task(self._keep(), name=f"grpc {self._peer} {self._host}:{self._port}")

    async def close(self) -> None:
        """End all connections; calls under way fail."""
        tasks = {*self._attempts} | ({self._keeping} if self._keeping else set())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @property
    def is_live(self) -> bool:
        """Whether calls can be sent there."""
        return self.link is not None and self.link.is_open

    @property
    def is_used(self) -> bool:
        """Whether calls can be sent there, or are still under way there."""
        return self.is_live or any(link.under_way for link in self._links)

    async def _keep(self) -> None:
        while True:
            opened: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
            attempt = asyncio.create_task(self._attempt(opened), name=f"grpc link {self._peer}")
            self._attempts.add(attempt)
            attempt.add_done_callback(self._over)
            await asyncio.wait((attempt, opened), return_when=asyncio.FIRST_COMPLETED)
            if opened.done():
                await self._live(opened.result(), attempt)
            opened.cancel()
            await asyncio.sleep(self._pause())

    async def _live(self, link: Link, attempt: asyncio.Task[None]) -> None:
        """Offer the link until it ends, or the other side wants no more calls: then it goes on by itself."""
        self.link = link
        began = asyncio.get_running_loop().time()
        _log.info("connected to a peer", peer=self._peer, at=f"{self._host}:{self._port}")
        self._came()
        drains = asyncio.create_task(link.draining.wait())
        try:
            await asyncio.wait((attempt, drains), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.link = None
            drains.cancel()
        if asyncio.get_running_loop().time() - began > self._settings.backoff_max_s:
            self._failures = 0

    async def _attempt(self, opened: asyncio.Future[Link]) -> None:
        channel = PeerChannel(self._host, self._port, self._settings, name=self._peer, tls=self._tls())
        try:
            async with CallsStub(channel).Exchange.open() as stream:
                link = Link(stream, self._settings, self.breaker)
                async with asyncio.timeout(self._settings.connect_timeout_s):
                    await stream.send_request()
                    await stream.recv_initial_metadata()
                self._links.add(link)
                opened.set_result(link)
                try:
                    await link.run()
                finally:
                    self._links.discard(link)
        except BaseException:
            channel.abort()
            raise
        finally:
            await channel.end()

    def _over(self, attempt: asyncio.Task[None]) -> None:
        self._attempts.discard(attempt)
        if not attempt.cancelled() and (error := attempt.exception()) is not None:
            self._note(error)

    def _note(self, error: BaseException) -> None:
        """Say once why there is no link, and loudly if it is nothing that a network does."""
        for cause in _causes(error):
            if not isinstance(cause, _EXPECTED):
                _log.error("a link to a peer failed in an unexpected way", peer=self._peer, exc_info=cause)
        if self._failures == 0:
            why = ", ".join(sorted({_said(cause) for cause in _causes(error)}))
            _log.warning("a peer is out of reach", peer=self._peer, at=f"{self._host}:{self._port}", error=why)

    def _pause(self) -> float:
        pause = min(self._settings.backoff_max_s, _FIRST_PAUSE * 2.0 ** min(self._failures, 20))
        self._failures += 1
        return _random.uniform(0.5, 1.0) * pause


def _said(error: BaseException) -> str:
    return error.detail if isinstance(error, PlatformError) else type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _causes(one)
    else:
        yield error
