"""Events within one process: each delivery goes to everyone who asked for its stream, one after another."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from types import MappingProxyType

from careplane.kernel.events import Announce, Delivery, Taker


class Bus:
    """Connects the relays of this process with those who take their events."""

    def __init__(self) -> None:
        """Have no takers yet."""
        self._takers: dict[str, list[Taker]] = defaultdict(list)
        self.announce: Announce | None = None  # who has a dead letter here has it in its table
        self.gauges: Mapping[str, Callable[[], float]] = MappingProxyType({})

    def subscribe(self, stream: str, _group: str, taker: Taker) -> None:
        """Hand every delivery of `stream` to `taker`."""
        self._takers[stream].append(taker)

    async def start(self) -> None:
        """Do nothing: a call needs no connection."""

    async def stop(self) -> None:
        """Do nothing: nothing is under way between two calls."""

    async def deliver(self, delivery: Delivery) -> None:
        """Return when every taker has made the delivery durable; raise what the first failing one raises."""
        for taker in self._takers[delivery.stream]:
            await taker.take(delivery)
