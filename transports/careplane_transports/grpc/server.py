"""The server for calls from other processes: the stream of calls, and whatever else is mounted beside it."""

import asyncio
import socket
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Protocol

from grpclib._typing import IServable
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream
from h2.exceptions import ProtocolError

from careplane.kernel.contract import Component
from careplane.kernel.invoke import Invoke
from careplane.kernel.supervisor import Report
from careplane_pb.calls.v1.calls_grpc import CallsBase
from careplane_pb.calls.v1.calls_pb2 import CallBatch, ReplyBatch
from careplane_transports.grpc.listener import Listener
from careplane_transports.grpc.served import Served
from careplane_transports.grpc.session import Session
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.grpc.tls import server_context
from careplane_transports.grpc.tokens import CallTokens

_HEARD_SECONDS: Final = 1.0
"""How long those who call are given to hear that this process ends, once everything is answered."""


class Mounted(Protocol):
    """What is answered beside the stream, on the same port."""

    @property
    def served(self) -> Collection[IServable]:
        """The handlers, as grpclib takes them."""
        ...

    async def drain(self) -> None:
        """Take no more, and return when everything that was taken is answered."""
        ...


class CallServer:
    """Answers calls for the components that run here: `start`, then `drain`, which is also the end."""

    def __init__(
        self,
        settings: GrpcSettings,
        components: Mapping[Component[Any], Invoke],
        tokens: CallTokens,
        report: Report,
        *,
        beside: Mounted | None = None,
    ) -> None:
        """Serve `components` on the stream, and next to it what else there is: unary methods, health, reflection."""
        self._settings = settings
        self._exchange = _Exchange(Served(components, tokens, report, settings.call_bytes), settings)
        self._beside = beside
        self._listener = Listener([self._exchange, *(beside.served if beside else ())], settings)
        self._address: tuple[str, int] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; there is one after `start`."""
        assert self._address is not None, "it has not been started"  # noqa: S101 - a mistake of the program's own
        return self._address

    @property
    def gauges(self) -> Mapping[str, Callable[[], float]]:
        """What goes up and down, by name."""
        return {
            "connections": lambda: len(self._listener.connections),
            "calls_under_way": lambda: sum(session.under_way for session in self._exchange.sessions),
        }

    async def start(self, listening: socket.socket | None = None) -> None:
        """Listen where the settings say, or on a socket that somebody has bound already."""
        tls = server_context(self._settings)
        bound = listening or _bound(self._settings)
        self._address = bound.getsockname()[:2]
        await self._listener.listen(bound, tls)

    async def drain(self, within: float) -> None:
        """Take nothing more, answer what was taken, as far as that goes in this time, and close everything."""
        self._listener.stop_listening()
        try:
            async with asyncio.timeout(within):
                drains = [self._exchange.drain()] + ([self._beside.drain()] if self._beside else [])
                await asyncio.gather(*drains)
        except TimeoutError:
            pass
        finally:
            await self._listener.end()


class _Exchange(CallsBase):
    def __init__(self, served: Served, settings: GrpcSettings) -> None:
        self.sessions: dict[Session, asyncio.Task[Any] | None] = {}
        self._draining = False
        self._served = served
        self._settings = settings

    async def Exchange(self, stream: Stream[CallBatch, ReplyBatch]) -> None:  # noqa: N802 - the proto's name
        """Answer one stream."""
        if self._draining:
            raise GRPCError(Status.UNAVAILABLE, "This process is about to end. Call another one.")
        session = Session(stream, self._served, self._settings)
        self.sessions[session] = asyncio.current_task()
        try:
            await session.run()
        except* ProtocolError:
            pass  # HTTP/2 has no stream any more to send this on: the other side has gone
        finally:
            del self.sessions[session]

    async def drain(self) -> None:
        """Return when all calls are answered and those who called have gone, or had time to."""
        self._draining = True
        sessions = dict(self.sessions)
        for session in sessions:
            session.drain()
        await asyncio.gather(*(session.answered() for session in sessions))
        if ending := [task for task in sessions.values() if task is not None]:
            await asyncio.wait(ending, timeout=_HEARD_SECONDS)


def _bound(settings: GrpcSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    return socket.create_server((settings.host, settings.port), family=family)
