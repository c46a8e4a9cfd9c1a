"""Events: what a component says has happened, for whoever wants to know."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol
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
    """

    stream: str
    position: str
    events: tuple[Event, ...]


Deliver = Callable[[Delivery], Awaitable[None]]
"""Takes events over; returns when their effect or the events themselves are durable, or raises."""


class Taker(Protocol):
    """Who takes events over, once each, and keeps how far it has come in each stream."""

    async def take(self, delivery: Delivery, /) -> None:
        """Make the delivery's effect durable, and its position with it; raise, with nothing changed, if it cannot."""
        ...

    async def positions(self) -> Mapping[str, str]:
        """Return the position reached in each stream of which something was taken."""
        ...
