"""HTTP/2 as both sides speak it: grpclib's, with a limit on messages, and connections that do not outlive their peer.

grpclib buffers a message of any size, ends with an exception on frames that it does not know, and waits for ever to
close a connection whose peer takes nothing. Here a message that is too large is refused before it is read, unknown
frames are passed over as RFC 9113 (section 5.5) wants, and a peer that says nothing is cut off.
"""

import asyncio
import socket
from collections.abc import Callable, Collection
from functools import partial
from typing import Final, cast

import structlog
from grpclib.config import Configuration
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.protocol import AbstractHandler, Buffer, Connection, EventsProcessor, H2Protocol, Stream
from h2.config import H2Configuration
from h2.events import Event

from careplane_transports.grpc.settings import GrpcSettings

CLOSE_SECONDS: Final = 2.0
SILENT_KEEPALIVES: Final = 3
_USER_TIMEOUT: Final = getattr(socket, "TCP_USER_TIMEOUT", None)
_log = structlog.get_logger(__name__)


def configuration(settings: GrpcSettings, target_name: str | None = None) -> Configuration:
    """Return grpclib's configuration: keepalive at all times, and no more on its way than a stream may hold."""
    return Configuration(
        _keepalive_time=settings.keepalive_s,
        _keepalive_timeout=2 * SILENT_KEEPALIVES * settings.keepalive_s,  # Http2 comes first, and aborts
        _keepalive_permit_without_calls=True,
        _http2_max_pings_without_data=0,
        _http2_min_sent_ping_interval_without_data=settings.keepalive_s / 2,
        http2_connection_window_size=4 * settings.message_bytes,
        http2_stream_window_size=settings.message_bytes,
        ssl_target_name_override=target_name,
    )


async def gone(connections: Collection["Http2"]) -> None:
    """Return when the sockets of these connections are closed; those that take their time are aborted."""
    waits = {asyncio.ensure_future(connection.lost.wait()): connection for connection in connections}
    for _ in range(2):
        if late := {wait for wait in waits if not wait.done()}:
            _, late = await asyncio.wait(late, timeout=CLOSE_SECONDS)
        for wait in late:
            waits[wait].abort()
    for wait in waits:
        wait.cancel()


class Inbound(Buffer):
    """What has arrived of a stream; a message beyond the limit is refused when its length has been read."""

    def __init__(self, acknowledge: Callable[[int], None], limit: int) -> None:
        """Hold at most `limit` bytes of one message."""
        super().__init__(acknowledge)
        self._limit = limit

    def add(self, data: bytes, ack_size: int) -> None:
        """Take a frame; one that holds nothing is no end, whatever the superclass makes of it."""
        if ack_size:
            super().add(data, ack_size)

    async def read(self, size: int) -> bytes:
        """Return that many bytes, or none at the end; raise GRPCError for more than is allowed, or less than is due."""
        if size > self._limit:
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"A message may have {self._limit} bytes, this one has {size}.")
        try:
            return await super().read(size)
        except AssertionError:
            raise GRPCError(Status.INVALID_ARGUMENT, "The stream ended within a message.") from None


class _Events(EventsProcessor):
    def __init__(self, handler: AbstractHandler, connection: Connection, limit: int) -> None:
        super().__init__(handler, connection)
        self._limit = limit

    def register(self, stream: Stream) -> Callable[[], None]:
        stream.buffer = Inbound(partial(self.connection.ack, cast("int", stream.id)), self._limit)
        return super().register(stream)

    def process(self, event: Event) -> None:
        if type(event) in getattr(self, "processors", ()):  # they are gone when the connection is closed
            super().process(event)


class Http2(H2Protocol):
    """One connection."""

    def __init__(
        self, handler: AbstractHandler, config: Configuration, h2_config: H2Configuration, settings: GrpcSettings
    ) -> None:
        """Give the streams of the connection to `handler`."""
        super().__init__(handler, config, h2_config)
        self.lost = asyncio.Event()
        self._settings = settings
        self._silence = SILENT_KEEPALIVES * settings.keepalive_s
        self._watch: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: with limits, and a watch on the other side's silence."""
        super().connection_made(transport)
        self.processor = _Events(self.handler, self.connection, self._settings.message_bytes)
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._watch_silence()
        connected = transport.get_extra_info("socket")
        if connected is not None and _USER_TIMEOUT is not None and connected.family != socket.AF_UNIX:
            connected.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, int(1000 * self._silence))

    def data_received(self, data: bytes) -> None:
        """Take bytes; whatever is wrong with them costs this connection, and nothing else."""
        self._heard = self._loop.time()
        try:
            super().data_received(data)
        except Exception as error:  # noqa: BLE001 - the parsers below raise more than they say, such as UnicodeError
            _log.warning("a connection that makes no sense is ended", error=type(error).__name__)
            self.processor.close("The connection makes no sense.")

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)
        self._transport = None
        self.lost.set()

    def say_goodbye(self) -> None:
        """End the connection in order: GOAWAY, then whatever is still to be sent, then the end."""
        if not self.connection.is_closing():
            self.connection._connection.close_connection()  # noqa: SLF001 - grpclib never says GOAWAY
            self.connection.flush()
        self.processor.close("This side has ended the connection.")

    def abort(self) -> None:
        """End the connection now, whatever is still to be sent."""
        if self._transport is not None:
            self._transport.abort()

    def _watch_silence(self) -> None:
        if self._loop.time() - self._heard >= self._silence:
            self.abort()
            return
        self._watch = self._loop.call_later(self._settings.keepalive_s / 2, self._watch_silence)
