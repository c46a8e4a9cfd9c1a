"""The transports that must pass the suite, each as what carries calls to components and is closed afterwards.

A transport of another distribution takes part by an entry point in the group `careplane.transports` that names its
`Carrier`. It knows components by their contracts alone; the suite calls the interface of billing.
"""

import functools
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import entry_points
from typing import Any

from tests.wirings.over_grpc import call_keys

from careplane.app.clock import SystemClock
from careplane.kernel.contract import Component
from careplane.kernel.invoke import Invoke
from careplane.kernel.supervisor import Report
from careplane_transports.grpc.peers import Peers
from careplane_transports.grpc.server import CallServer
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.grpc.tokens import CallTokens
from careplane_transports.inprocess.codec import encoded
from careplane_transports.inprocess.switchboard import Switchboard

Served = Mapping[Component[Any], Invoke]
Carrier = Callable[[Served, Report], AbstractAsyncContextManager[Invoke]]
"""Serves components and gives the way to them, as from another process; `Report` is told of faults."""


@asynccontextmanager
async def switchboard(served: Served, _report: Report) -> AsyncIterator[Invoke]:
    """Carry calls within the process."""
    board = Switchboard()
    for component, invoke in served.items():
        board.connect(component.name, invoke)
    yield board


@asynccontextmanager
async def codec(served: Served, report: Report) -> AsyncIterator[Invoke]:
    """Carry calls within the process, as copies."""
    async with switchboard({component: encoded(invoke) for component, invoke in served.items()}, report) as board:
        yield board


@asynccontextmanager
async def grpc(served: Served, report: Report) -> AsyncIterator[Invoke]:
    """Carry calls over a connection."""
    tokens = CallTokens(call_keys(), SystemClock())
    server = CallServer(GrpcSettings(), served, tokens, report)
    await server.start(socket.create_server(("127.0.0.1", 0)))
    host, port = server.address
    settings = GrpcSettings(peers={component.name: f"{host}:{port}" for component in served})
    peers = Peers(settings, served, tokens)
    await peers.start()
    try:
        yield peers
    finally:
        await server.drain(5)
        await peers.close()


@functools.cache
def carriers() -> Mapping[str, Carrier]:
    """Return our transports and those that are installed beside us, by name."""
    foreign = {found.name: found.load() for found in entry_points(group="careplane.transports")}
    return {"switchboard": switchboard, "codec": codec, "grpc": grpc, **foreign}
