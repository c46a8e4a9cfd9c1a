"""A consumer of events for the storage's tests: counts the events of each subject, and fails where it is told to."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from careplane.kernel.events import Delivery, Event
from careplane.storage.database import Database
from careplane.storage.inbox import Inbox

if TYPE_CHECKING:
    from careplane.storage.database import Connection

TABLE = "CREATE TABLE tally (subject uuid PRIMARY KEY, events int NOT NULL, last_version int NOT NULL)"
_COUNT = """
INSERT INTO tally AS t VALUES ($1, 1, $2)
ON CONFLICT (subject) DO UPDATE SET events = t.events + 1, last_version = excluded.last_version
"""


class Tally:
    """An inbox whose effect counts, and remembers what it was given."""

    def __init__(self, database: Database) -> None:
        """Count in the component's table."""
        self._database = database
        self.seen: list[UUID] = []
        self.fails: Callable[[Event], Exception | None] = lambda _event: None
        self.buried: list[tuple[UUID, type[Exception]]] = []
        self.inbox = Inbox(database, self._effect, lambda event, error: self.buried.append((event.id, type(error))))

    async def _effect(self, connection: "Connection", events: Sequence[Event]) -> None:
        for event in events:
            await connection.execute(_COUNT, event.subject, event.version)
            self.seen.append(event.id)
            if error := self.fails(event):
                raise error

    async def take(self, position: str, *events: Event) -> None:
        """Take a delivery of these events."""
        await self.inbox.take(Delivery(stream="patient", position=position, events=events))

    async def counts(self) -> dict[UUID, int]:
        """Tell how many events of each subject have had their effect."""
        return {
            row["subject"]: row["events"] for row in await self._database.fetch("SELECT subject, events FROM tally")
        }

    async def position(self) -> str | None:
        """Tell how far the stream has been taken."""
        row = await self._database.fetch_row("SELECT position FROM inbox_position WHERE stream = 'patient'")
        return None if row is None else row["position"]
