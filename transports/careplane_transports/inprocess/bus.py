"""Events within one process: each delivery goes to everyone who asked for its stream, one after another."""

from collections import defaultdict

from careplane.kernel.events import Delivery, Taker


class Bus:
    """Connects the relays of this process with those who take their events."""

    def __init__(self) -> None:
        """Have no takers yet."""
        self._takers: dict[str, list[Taker]] = defaultdict(list)

    def subscribe(self, stream: str, taker: Taker) -> None:
        """Hand every delivery of `stream` to `taker`."""
        self._takers[stream].append(taker)

    async def deliver(self, delivery: Delivery) -> None:
        """Return when every taker has made the delivery durable; raise what the first failing one raises."""
        for taker in self._takers[delivery.stream]:
            await taker.take(delivery)
