"""A peer: a component that runs elsewhere, in one process or several, and the choice among them."""

import asyncio
from typing import Final

import structlog

from careplane.kernel.errors import Overloaded, Unavailable
from careplane_transports.grpc.address import Address, ClientTls
from careplane_transports.grpc.errors import Undone
from careplane_transports.grpc.link import Link
from careplane_transports.grpc.names import Endpoint, parsed, resolved
from careplane_transports.grpc.settings import GrpcSettings

_RESOLVE_AGAIN_S: Final = 0.5
_log = structlog.get_logger(__name__)


class Peer:
    """Knows where the component is, and gives the least busy way to it."""

    def __init__(self, name: str, setting: str, settings: GrpcSettings, tls: ClientTls) -> None:
        """Be about to look `setting` up."""
        self.name = name
        self.addresses: dict[Endpoint, Address] = {}
        self._known: dict[Endpoint, set[Endpoint]] = {endpoint: set() for endpoint in parsed(setting)}
        self._lost: set[str] = set()
        self._settings, self._tls = settings, tls
        self._came = asyncio.Event()
        self._waiting = 0
        self._turn = 0
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow the names, and connect to each address."""
        self._following = asyncio.create_task(self._follow(), name=f"grpc addresses of {self.name}")

    async def close(self) -> None:
        """End all connections."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait((self._following,))
        await asyncio.gather(*(address.close() for address in self.addresses.values()))
        self.addresses.clear()

    @property
    def links(self) -> list[Link]:
        """The links that take calls now."""
        return [address.link for address in self.addresses.values() if address.link is not None and address.is_live]

    async def way(self, until: float, avoid: Link | None) -> Link:
        """Return the least busy link, another than `avoid` if there is one; wait for one until then.

        Raise Undone when none came, or all that there are have failed too often of late.
        """
        link = self._least_busy(avoid)
        while link is None and not self.links and await self._wait(until):
            link = self._least_busy(avoid)
        if link is None:
            raise Undone(Unavailable(meta={"peer": self.name}, retry_after=1.0), not_started=True)
        return link

    def _least_busy(self, avoid: Link | None) -> Link | None:
        """Return the link with the fewest calls under way; of several, the one that was used the longest ago."""
        best: Address | None = None
        least = (True, 0, 0)
        for address in self.addresses.values():
            link = address.link
            if link is None or not link.is_open:
                continue
            if not address.breaker.is_closed:
                if address.breaker.admits():
                    return link  # the call that tries whether it works again
                continue
            busy = (link is avoid, link.under_way, address.used)
            if best is None or busy < least:
                best, least = address, busy
        if best is None:
            return None
        self._turn += 1
        best.used = self._turn
        return best.link

    async def _wait(self, until: float) -> bool:
        """Tell whether a link has come; return when one has, or at `until`."""
        if self._following is None or self._following.done():
            return False
        if self._waiting >= self._settings.calls_in_flight:
            raise Overloaded(retry_after=1.0)
        self._waiting += 1
        self._came.clear()
        try:
            async with asyncio.timeout_at(until):
                await self._came.wait()
        except TimeoutError:
            return bool(self.links)  # where all of us stood still, it came and the time was up in one moment
        else:
            return True
        finally:
            self._waiting -= 1

    async def _follow(self) -> None:
        try:
            while True:
                every = self._settings.resolve_every_s
                found = await asyncio.gather(*(resolved(endpoint, every) for endpoint in self._known))
                self._note({name.host for name, places in zip(self._known, found, strict=True) if not places})
                self._known |= {name: places for name, places in zip(self._known, found, strict=True) if places}
                await self._use({place for places in self._known.values() for place in places})
                quiet = all(found) and all(address.is_live for address in self.addresses.values())
                await asyncio.sleep(every if quiet else min(every, _RESOLVE_AGAIN_S))
        finally:
            self._came.set()

    def _note(self, lost: set[str]) -> None:
        """Say once of a name that it leads nowhere; what it led to before is still used."""
        for host in sorted(lost - self._lost):
            _log.warning("the name of a peer cannot be looked up", peer=self.name, at=host)
        self._lost = lost

    async def _use(self, wanted: set[Endpoint]) -> None:
        """Connect to what is new; what is named no more stays for as long as its connection lives."""
        for endpoint in wanted - set(self.addresses):
            address = Address(self.name, *endpoint, self._settings, self._tls, self._came.set)
            self.addresses[endpoint] = address
            address.start()
        for endpoint in set(self.addresses) - wanted:
            if not self.addresses[endpoint].is_used:
                await self.addresses.pop(endpoint).close()
