"""The table of intents to open billing accounts."""

from uuid import UUID

from careplane.storage.database import Database

_WAITING = "SELECT patient_id FROM billing_intents ORDER BY patient_id LIMIT $1"
_DONE = "DELETE FROM billing_intents WHERE patient_id = ANY($1::uuid[])"
_COUNT = "SELECT count(*) AS waiting FROM billing_intents"


class IntentStore:
    """Intents come with the patients' own writes; here they are read and taken away."""

    def __init__(self, database: Database) -> None:
        """Use the registry's database."""
        self._database = database

    async def waiting(self, limit: int) -> tuple[UUID, ...]:
        """Return at most `limit` patients without an account, the first registered foremost (UUIDv7 sorts by time)."""
        return tuple(row["patient_id"] for row in await self._database.fetch(_WAITING, limit))

    async def done(self, patient_ids: tuple[UUID, ...]) -> None:
        """Forget intents that have been carried out."""
        await self._database.execute(_DONE, patient_ids)

    async def count(self) -> int:
        """Return how many accounts are on their way."""
        row = await self._database.fetch_row(_COUNT)
        return int(row["waiting"])
