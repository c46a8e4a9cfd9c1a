"""The inbox: takes events over exactly once, effect and position in one transaction, and sets poison aside.

What arrives twice (a redelivery, a rebalance, a zombie) is known by its event id and changes nothing. What stood in
the stream and is no event is set aside at once.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from careplane.kernel.errors import PlatformError
from careplane.kernel.events import UNREADABLE, Delivery, Event
from careplane.storage.database import Database

if TYPE_CHECKING:
    from careplane.storage.database import Connection

    Effect = Callable[[Connection, Sequence[Event]], Awaitable[None]]

MAX_TRIES = 3

# Whoever takes events holds it shared, from before the first row: see `close`.
_GATE = "SELECT pg_advisory_xact_lock{shared}(hashtextextended(current_schema() || '/inbox{suffix}', 0))"
_ADMIT = """
INSERT INTO inbox{suffix} (event_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id
"""
_REACH = """
INSERT INTO inbox_position{suffix} (stream, position)
SELECT stream, position FROM unnest($1::text[], $2::text[]) AS reached(stream, position) ORDER BY stream
ON CONFLICT (stream) DO UPDATE SET position = excluded.position
"""
_REACHED = "SELECT stream, position FROM inbox_position{suffix}"
_BURY = """
INSERT INTO dead_letter{suffix} (event_id, stream, type, event, reason) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (event_id) DO NOTHING
"""
_SETTLE = "DELETE FROM dead_letter{suffix} WHERE event_id = $1"


class Inbox:
    """Applies events to a component's own tables with `effect`, which gets only those that are new, in order."""

    def __init__(
        self,
        database: Database,
        effect: "Effect",
        bury: Callable[[Event, Exception], None],
        *,
        max_tries: int = MAX_TRIES,
        suffix: str = "",
    ) -> None:
        """Tell `bury` of each event that failed `max_tries` times on its own and went to the dead-letter table.

        With a `suffix` it keeps its own tables of that ending, as if it were another consumer.
        """
        self._database = database
        self._effect = effect
        self._bury = bury
        self._max_tries = max_tries
        self._enter = _GATE.format(shared="_shared", suffix=suffix)
        self._close = _GATE.format(shared="", suffix=suffix)
        self._admit_new = _ADMIT.format(suffix=suffix)
        self._reach = _REACH.format(suffix=suffix)
        self._reached = _REACHED.format(suffix=suffix)
        self._put_away = _BURY.format(suffix=suffix)
        self._settle = _SETTLE.format(suffix=suffix)

    async def take(self, *deliveries: Delivery) -> None:
        """Make the effect of all of it durable; raise Unavailable, with nothing changed, when the database is away."""
        try:
            async with self._database.transaction() as connection:
                await self._admit(connection, [event for delivery in deliveries for event in delivery.events])
                await self._pass(connection, deliveries)
        except Exception as error:
            if _may_pass(error):
                raise
            for delivery in deliveries:
                for event in delivery.events:
                    await self._apply_alone(delivery.stream, event)
            async with self._database.transaction() as connection:
                await self._pass(connection, deliveries)

    async def replay(self, letter_id: UUID, event: Event) -> None:
        """Take the event of a dead letter once more, and put the letter away with its effect; raise what that raises.

        An event that has had its effect meanwhile, as by a rebuild, has no other.
        """
        async with self._database.transaction() as connection:
            await self._admit(connection, (event,))
            await connection.execute(self._settle, letter_id)

    async def positions(self) -> Mapping[str, str]:
        """Return the position reached in each stream of which something was taken."""
        rows = await self._database.fetch(self._reached)
        return {row["stream"]: row["position"] for row in rows}

    async def close(self, connection: "Connection") -> None:
        """Wait until nobody is taking events, and keep everybody from it until the transaction of `connection` ends."""
        await connection.execute(self._close)

    async def _admit(self, connection: "Connection", events: Sequence[Event]) -> None:
        await connection.execute(self._enter)
        rows = await connection.fetch(self._admit_new, [event.id for event in events])
        new = {row["event_id"] for row in rows}
        once = {event.id: event for event in events if event.id in new}  # twice in one delivery counts once too
        if once:
            await self._effect(connection, tuple(once.values()))

    async def _apply_alone(self, stream: str, event: Event) -> None:
        failure: Exception | None = None
        for _ in range(self._max_tries):
            try:
                async with self._database.transaction() as connection:
                    await self._admit(connection, (event,))
            except Exception as error:
                if _may_pass(error):
                    raise
                failure = error
            else:
                return
        if failure is not None:
            await self._database.execute(self._put_away, *_letter(stream, event, type(failure).__name__))
            self._bury(event, failure)

    async def _pass(self, connection: "Connection", deliveries: Sequence[Delivery]) -> None:
        """Put the positions behind the deliveries, and with them what can have no effect."""
        for delivery in deliveries:
            for stand_in in delivery.unreadable:
                await connection.execute(self._put_away, *_letter(delivery.stream, stand_in, UNREADABLE))
        streams = {delivery.stream: delivery.position for delivery in deliveries}
        await connection.execute(self._reach, list(streams), list(streams.values()))


def _letter(stream: str, event: Event, reason: str) -> tuple[object, ...]:
    """Return the row of a dead letter; a partition, named as in `patient/3`, is a part of its stream."""
    return event.id, stream.partition("/")[0], event.type, msgspec.msgpack.encode(event), reason


def _may_pass(error: Exception) -> bool:
    """Tell an outage, which ends, from an event that will be refused however often it comes."""
    return isinstance(error, PlatformError) and error.retryable
