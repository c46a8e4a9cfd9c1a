"""The links of this process with others: calls that go out, calls that come in, and events."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from careplane.app.catalog import CATALOG
from careplane.app.clock import SystemClock
from careplane.app.host import Host
from careplane.app.placement import Placement
from careplane.app.settings import Settings
from careplane.gateway.health import Check
from careplane.gateway.routes import GATEWAY
from careplane.kernel.events import Events
from careplane.kernel.invoke import Invoke
from careplane_transports.inprocess.bus import Bus
from careplane_transports.inprocess.switchboard import unknown

if TYPE_CHECKING:
    from careplane_transports.grpc.peers import Peers
    from careplane_transports.grpc.tokens import CallTokens

Report = Callable[[str, Exception], None]
Gauges = Mapping[str, Callable[[], float]]


class Links:
    """What the settings say of how this process and others reach each other; nothing of it waits for the others."""

    def __init__(self, settings: Settings, placement: Placement, report: Report) -> None:
        """Make the links that `placement` needs; raise FailedPrecondition for keys or certificates that are amiss."""
        self._settings = settings
        self._told: Gauges = {}
        self._placement = placement
        linked = bool(placement.elsewhere or settings.grpc.port)
        self._tokens = _tokens(settings, placement) if linked else None
        self._peers = _peers(settings, placement, self._tokens) if self._tokens and placement.elsewhere else None
        self.calls: Invoke = self._peers or unknown
        self.events: Events = events_of(settings, placement.streams, report)

    @property
    def checks(self) -> Mapping[str, Check]:
        """For each component that is called elsewhere, whether it can be reached."""
        peers = self._peers
        return {name: _reaching(peers, name) for name in self._placement.elsewhere} if peers else {}

    @property
    def gauges(self) -> Gauges:
        """What the links tell of themselves."""
        calling = self._peers.gauges if self._peers else {}
        return {**{f"calling_{name}": read for name, read in calling.items()}, **self._told, **self.events.gauges}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Be ready to call others for the body, whether they are there yet or not."""
        if self._peers is None:
            yield
            return
        await self._peers.start()
        try:
            yield
        finally:
            await self._peers.close()

    @asynccontextmanager
    async def answering(self, host: Host) -> AsyncIterator[None]:
        """Answer calls of other processes for the body, if the settings say so; then finish those accepted."""
        if not self._settings.grpc.port or self._tokens is None:
            yield
            return
        from careplane.app.answering import Answering

        answering = Answering(self._settings, host, self._tokens)
        self._told = answering.gauges
        async with answering.open():
            yield


def _tokens(settings: Settings, placement: Placement) -> "CallTokens":
    from careplane_transports.grpc.call_keys import read_call_keys
    from careplane_transports.grpc.tokens import CallTokens

    keys = read_call_keys(settings.grpc.keys_dir, placement.names)
    return CallTokens(keys, SystemClock(), callers={name: callers_of(name) for name in placement.names})


def callers_of(called: str) -> "Mapping[str, frozenset[str] | None]":
    """Return who may call a component, and with which scopes: the gateway with all that users have."""
    return {GATEWAY: None, **{entry.name: entry.calls[called] for entry in CATALOG if called in entry.calls}}


def _peers(settings: Settings, placement: Placement, tokens: "CallTokens") -> "Peers":
    from careplane_transports.grpc.peers import Peers

    called = [entry.component for entry in CATALOG if entry.name in placement.elsewhere]
    ways = {component.name: settings.grpc.peers[component.name] for component in called}
    return Peers(msgspec.structs.replace(settings.grpc, peers=ways), called, tokens)


def events_of(settings: Settings, streams: Collection[str], report: Report) -> Events:
    """Return what carries the events of these streams: Kafka where the settings name one, else none leave us."""
    if not settings.kafka.bootstrap_servers or not streams:
        return Bus()
    from careplane_transports.kafka.events import KafkaEvents

    bodies = {kind: body for entry in CATALOG if entry.name in streams for kind, body in entry.tells.items()}
    return KafkaEvents(settings.kafka, bodies, report)


def _reaching(peers: "Peers", name: str) -> Check:
    async def check() -> None:
        await peers.check(name)

    return check
