"""grpclib's server with what it lacks: a bound on connections, a way to take no more, an end that leaves nothing."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Collection
from typing import Any, Final

from grpclib._typing import IServable
from grpclib.const import Status
from grpclib.encoding.base import GRPC_CONTENT_TYPE
from grpclib.metadata import decode_metadata, encode_grpc_message
from grpclib.protocol import H2Protocol, Stream
from grpclib.server import Handler, Server

from careplane_transports.grpc.http2 import CLOSE_SECONDS, Http2, configuration, gone
from careplane_transports.grpc.settings import GrpcSettings

_PLAIN: Final = (None, "identity")


class Listener(Server):
    """Answers on connections, each of which is known until its socket is closed."""

    def __init__(self, handlers: Collection[IServable], settings: GrpcSettings) -> None:
        """Serve the methods of `handlers`."""
        super().__init__(handlers, config=configuration(settings))
        self.draining = False
        self.connections: set[Http2] = set()
        self._settings = settings

    async def listen(self, bound: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Take connections; those that do not get as far as that in time are ended."""
        patience = self._settings.connect_timeout_s if tls else None
        self._server = await self._loop.create_server(
            self._protocol_factory, sock=bound, ssl=tls, ssl_handshake_timeout=patience
        )

    def stop_listening(self) -> None:
        """Take no more connections."""
        self.draining = True
        if self._server is not None:
            self._server.close()

    async def end(self) -> None:
        """Cancel what is still running and close the connections; return when all of it is gone."""
        self.stop_listening()
        tasks = {task for connection in self.connections for task in _handler(connection).tasks}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
        connections = tuple(self.connections)
        for connection in connections:
            connection.say_goodbye()
        await gone(connections)

    def _protocol_factory(self) -> H2Protocol:
        handler = _Handler(self._mapping, self._codec, self._status_details_codec, self.__dispatch__)
        return _Accepted(self, handler, self._config, self._h2_config, self._settings)


class _Accepted(Http2):
    """A connection that was taken."""

    def __init__(self, listener: Listener, *parts: Any) -> None:  # noqa: ANN401 - those of Http2
        super().__init__(*parts)
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless there are too many already."""
        super().connection_made(transport)
        self._listener.connections.add(self)
        if len(self._listener.connections) > self._settings.connections or self._listener.draining:
            self.say_goodbye()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        self._listener.connections.discard(self)
        super().connection_lost(exc)


class _Handler(Handler):
    """Starts a task for each request, and forgets it when it is done."""

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 - those of grpclib's
        super().__init__(*parts)
        self.tasks: set[asyncio.Task[None]] = set()

    def accept(self, stream: Stream, headers: list[tuple[str, str]], release_stream: Callable[[], Any]) -> None:
        """Answer the request, or say why not."""
        said = dict(headers)
        if said.get("grpc-encoding") not in _PLAIN:
            why = "Messages are taken as they are: do not compress them."
            task = self.loop.create_task(_refuse(stream, Status.UNIMPLEMENTED, why, release_stream))
        elif _is_spoilt(headers):
            why = "What ends with -bin in the metadata is base64, and this is not."
            task = self.loop.create_task(_refuse(stream, Status.INVALID_ARGUMENT, why, release_stream))
        else:
            super().accept(stream, headers, release_stream)
            task = self._tasks[stream]
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        task.add_done_callback(lambda _: self._tasks.pop(stream, None))

    def cancel(self, stream: Stream) -> None:
        """Cancel the request of a stream that was reset, once."""
        task = self._tasks.pop(stream, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        """Cancel all requests of a connection that has ended, once."""
        if self.closing:
            return
        self.closing = True
        for task in self.tasks:
            task.cancel()


def _is_spoilt(headers: list[tuple[str, str]]) -> bool:
    """Tell whether grpclib could not read the metadata, and would leave the caller without an answer."""
    try:
        decode_metadata(headers)
    except ValueError:
        return True
    return False


def _handler(connection: Http2) -> _Handler:
    assert isinstance(connection.handler, _Handler)  # noqa: S101 - narrows the type
    return connection.handler


async def _refuse(stream: Stream, status: Status, message: str, release: Callable[[], Any]) -> None:
    said = [("grpc-status", str(status.value)), ("grpc-message", encode_grpc_message(message))]
    try:
        await stream.send_headers([(":status", "200"), ("content-type", GRPC_CONTENT_TYPE), *said], end_stream=True)
        if stream.closable:
            stream.reset_nowait()
    finally:
        release()
