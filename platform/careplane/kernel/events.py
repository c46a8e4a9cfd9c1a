"""Events: what a component says has happened, for whoever wants to know."""

from collections.abc import Awaitable, Callable
from datetime import datetime
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
