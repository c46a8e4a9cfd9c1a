"""Events: what a component says has happened, for whoever wants to know."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from careplane.kernel.message import Message


class Event(Message, frozen=True):
    """Something that happened to one aggregate; `version` counts that aggregate's changes without gaps.

    `body` is the MessagePack of a struct that the event's `type` names: ids and facts, never names of people.
    """

    id: UUID
    type: str
    source: str
    subject: UUID
    version: int
    time: datetime
    body: bytes


class Delivery(Message, frozen=True):
    """Events of one stream, in order, and the position in the stream that they reach.

    `position` means something only to whoever made the stream; whoever takes the events keeps it with their effect.
    `unreadable` is what stood among them and is no event: each a stand-in whose `type` is UNREADABLE and whose `body`
    is what was found. It has no effect, and whoever takes the delivery sets it aside.
    """

    stream: str
    position: str
    events: tuple[Event, ...]
    unreadable: tuple[Event, ...] = ()


UNREADABLE: Final = "unreadable"
"""The type of what a stream held that is no event."""


Deliver = Callable[[Delivery], Awaitable[None]]
"""Takes events over; returns when their effect or the events themselves are durable, or raises."""


class Taker(Protocol):
    """Who takes events over, once each, and keeps how far it has come in each stream."""

    async def take(self, *deliveries: Delivery) -> None:
        """Make the effect of all of it durable, and the positions with it; raise, with nothing changed, if it cannot.

        Several deliveries are parts of streams that nobody else takes meanwhile, such as partitions.
        """
        ...

    async def positions(self) -> Mapping[str, str]:
        """Return the position reached in each stream of which something was taken."""
        ...


Announce = Callable[[str, Sequence[tuple[Event, str]]], Awaitable[None]]
"""Tells of events of a stream that could not be taken, each with the reason; returns when they are safe, or raises."""


class Events(Protocol):
    """A transport of events: from the relays of this process to the takers of this process, and of others."""

    @property
    def announce(self) -> Announce | None:
        """What tells others of dead letters; None where there are no others."""
        ...

    @property
    def gauges(self) -> Mapping[str, Callable[[], float]]:
        """Numbers that it tells of itself."""
        ...

    def subscribe(self, stream: str, group: str, taker: Taker, /) -> None:
        """Hand what comes in `stream` to `taker`; of the takers of a `group`, in whichever process, one gets it."""
        ...

    async def start(self) -> None:
        """Begin to hand over, or to try to; it waits for nobody else."""
        ...

    async def stop(self) -> None:
        """Stop handing over; nothing is taken after this, and nothing delivered."""
        ...

    async def deliver(self, delivery: Delivery, /) -> None:
        """Take events over, as a `Deliver`."""
        ...
