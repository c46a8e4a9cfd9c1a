"""How long idempotent calls are remembered: a day, then their keys may be used anew."""

from datetime import timedelta

from careplane.storage.database import Database

REMEMBERED = timedelta(hours=24)
EVERY_SECONDS = 600.0
_AT_ONCE = 5000

_FORGET = """
WITH old AS (SELECT ctid FROM idempotency WHERE created_at < now() - $1::interval LIMIT $2),
gone AS (DELETE FROM idempotency WHERE ctid IN (SELECT ctid FROM old) RETURNING 1)
SELECT count(*) AS forgotten FROM gone
"""


class Retention:
    """Forgets what need not be remembered any longer; drive it with a Pump whose step is `step`."""

    def __init__(self, database: Database, keep: timedelta = REMEMBERED) -> None:
        """Keep idempotency records of the database's component for `keep`."""
        self._database = database
        self._keep = keep

    async def step(self) -> bool:
        """Forget a few thousand; return whether there may be more."""
        row = await self._database.fetch_row(_FORGET, self._keep, _AT_ONCE)
        return bool(row["forgotten"] == _AT_ONCE)
