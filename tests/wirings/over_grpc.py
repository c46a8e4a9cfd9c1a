"""The grpc wiring: every call crosses a real connection, from a client to a server within the test's process.

Differences that are meant, and no others: `meta` of an error stays where it was raised, instants come back in UTC, and
an error that is no PlatformError is `Internal`.
"""

import asyncio
import functools
import socket

from careplane.app.catalog import CATALOG
from careplane.app.clock import SystemClock
from careplane.kernel.contract import Method
from careplane.kernel.invoke import Invoke
from careplane.kernel.message import Message
from careplane_transports.grpc.call_keys import CallKeys, make_call_keys
from careplane_transports.grpc.peers import Peers
from careplane_transports.grpc.server import CallServer
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.grpc.tokens import GATEWAY, CallTokens

COMPONENTS = tuple(entry.component for entry in CATALOG)
_DRAIN_SECONDS = 5.0
_PATIENCE_SECONDS = 20.0  # no test here is about who cannot be reached, and the machine may be busy


@functools.cache
def call_keys() -> CallKeys:
    """Make the keys of all names once."""
    return make_call_keys((GATEWAY, *(component.name for component in COMPONENTS)))


class Wire:
    """A server and a client, started with the first call; wrap each component in it."""

    def __init__(self) -> None:
        """Have nothing running."""
        self.faults: list[Exception] = []
        self._inner: dict[str, Invoke] = {}
        self._starting = asyncio.Lock()
        self._server: CallServer | None = None
        self._peers: Peers | None = None

    def __call__(self, inner: Invoke) -> Invoke:
        """Return what reaches `inner` over the connection."""

        async def invoke(method: Method, request: Message, /) -> Message:
            self._inner[method.component] = inner
            peers = self._peers or await self._started()
            return await peers(method, request)

        return invoke

    async def close(self) -> None:
        """End the server and the client; raise what has failed in an unexpected way."""
        if self._peers is not None and self._server is not None:
            await self._server.drain(_DRAIN_SECONDS)
            await self._peers.close()
        if self.faults:
            raise ExceptionGroup("calls failed in the transport itself", self.faults)

    async def _started(self) -> Peers:
        async with self._starting:
            if self._peers is None:
                tokens = CallTokens(call_keys(), SystemClock())
                served = dict.fromkeys(COMPONENTS, self._arrived)
                self._server = CallServer(GrpcSettings(), served, tokens, self._report)
                await self._server.start(socket.create_server(("127.0.0.1", 0)))
                host, port = self._server.address
                places = {component.name: f"{host}:{port}" for component in COMPONENTS}
                settings = GrpcSettings(peers=places, patience_s=_PATIENCE_SECONDS)
                peers = Peers(settings, COMPONENTS, tokens)
                await peers.start()
                self._peers = peers
            return self._peers

    async def _arrived(self, method: Method, request: Message, /) -> Message:
        return await self._inner[method.component](method, request)

    def _report(self, _method: Method, error: Exception) -> None:
        self.faults.append(error)


def over_grpc(_inner: Invoke) -> Invoke:
    """Stand for the wiring in a list of wirings: who starts a platform puts a `Wire` in its place, and closes it."""
    raise AssertionError("put a Wire in the place of over_grpc")
