"""How much waits in the outbox: looked up now and then, for the metrics and the alarm on them."""

from careplane.storage.database import Database

EVERY_SECONDS = 5.0

# Bounded, so that looking at a long backlog does not become a load of its own.
_LOOK = """
SELECT count(*) AS events, coalesce(extract(epoch FROM now() - min(time)), 0)::float8 AS seconds FROM (
    SELECT o.time FROM outbox o
    WHERE (o.xid, o.seq) > (
        coalesce((SELECT xid FROM outbox_position WHERE reader = $1), '0'::xid8),
        coalesce((SELECT seq FROM outbox_position WHERE reader = $1), 0)
    )
    ORDER BY o.xid, o.seq LIMIT 100000
) AS waiting
"""


class Backlog:
    """What a reader of the outbox still has to do: `events` (100,000 stands for more) and the age of the oldest."""

    def __init__(self, database: Database, reader: str) -> None:
        """Look at the outbox of the database's component for `reader`; drive it with a Pump whose step is `step`."""
        self._database = database
        self._reader = reader
        self.events = 0
        self.seconds = 0.0

    async def step(self) -> bool:
        """Look once."""
        row = await self._database.fetch_row(_LOOK, self._reader)
        self.events, self.seconds = int(row["events"]), float(row["seconds"])
        return False
