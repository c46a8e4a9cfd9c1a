"""Events within one process: each delivery goes to everyone who asked for its stream, one after another."""

from collections import defaultdict

from careplane.kernel.events import Deliver, Delivery


class Bus:
    """Connects the relays of this process with those who take their events."""

    def __init__(self) -> None:
        """Have no takers yet."""
        self._takers: dict[str, list[Deliver]] = defaultdict(list)

    def subscribe(self, stream: str, take: Deliver) -> None:
        """Hand every delivery of `stream` to `take`."""
        self._takers[stream].append(take)

    async def deliver(self, delivery: Delivery) -> None:
        """Return when every taker has made the delivery durable; raise what the first failing one raises."""
        for take in self._takers[delivery.stream]:
            await take(delivery)
