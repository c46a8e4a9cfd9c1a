"""Dead letters: events that could not be taken, as they are looked at, told of elsewhere, and taken once more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from careplane.kernel.events import Announce, Event
from careplane.storage.database import Database

EVERY_SECONDS = 5.0
_AT_ONCE = 100

_SELECT = "SELECT event_id, stream, type, reason, at, event FROM dead_letter"
_PAGE = f"""
{_SELECT} WHERE $2::timestamptz IS NULL OR (at, event_id) > ($2, $3::uuid) ORDER BY at, event_id LIMIT $1
"""
_ONE = f"{_SELECT} WHERE event_id = $1"
_WAITING = f"{_SELECT} WHERE NOT announced ORDER BY at LIMIT {_AT_ONCE}"
_COUNT = "SELECT count(*) AS letters FROM dead_letter"
_ANNOUNCED = "UPDATE dead_letter SET announced = true WHERE event_id = ANY($1)"


class Letter(msgspec.Struct, frozen=True):
    """An event that was set aside, and why: the kind of the error, whose words might quote somebody's data."""

    id: UUID
    stream: str
    type: str
    reason: str
    at: datetime
    event: Event


class DeadLetters:
    """The dead letters of the database's component."""

    def __init__(self, database: Database) -> None:
        """Look at them there."""
        self._database = database

    async def oldest(self, limit: int, after: Letter | None = None) -> Sequence[Letter]:
        """Return the oldest ones, or the oldest that came after one."""
        last = (after.at, after.id) if after else (None, None)
        return [_letter(row) for row in await self._database.fetch(_PAGE, limit, *last)]

    async def find(self, letter_id: UUID) -> Letter | None:
        """Return the one of this id, if it is there."""
        row = await self._database.fetch_row(_ONE, letter_id)
        return None if row is None else _letter(row)

    async def count(self) -> int:
        """Tell how many there are."""
        return int((await self._database.fetch_row(_COUNT))["letters"])

    async def unannounced(self) -> Sequence[Letter]:
        """Return the oldest of those that have not been told of yet."""
        return [_letter(row) for row in await self._database.fetch(_WAITING)]

    async def announced(self, letters: Sequence[Letter]) -> None:
        """Note that they have been told of."""
        await self._database.execute(_ANNOUNCED, [letter.id for letter in letters])


class Announcing:
    """Tells of dead letters at least once each; drive it with a Pump whose step is `step`."""

    def __init__(self, letters: DeadLetters, announce: Announce) -> None:
        """Tell `announce`."""
        self._letters = letters
        self._announce = announce

    async def step(self) -> bool:
        """Tell of the oldest few, stream by stream; return whether there may be more."""
        waiting = await self._letters.unannounced()
        for stream in sorted({letter.stream for letter in waiting}):
            told = [letter for letter in waiting if letter.stream == stream]
            await self._announce(stream, [(letter.event, letter.reason) for letter in told])
            await self._letters.announced(told)
        return len(waiting) == _AT_ONCE


def _letter(row: Any) -> Letter:  # noqa: ANN401 - a record
    event = msgspec.msgpack.decode(row["event"], type=Event)
    return Letter(row["event_id"], row["stream"], row["type"], row["reason"], row["at"], event)
