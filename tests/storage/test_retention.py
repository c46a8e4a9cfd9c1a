"""Retention: idempotent calls are forgotten after their time, and not before."""

from datetime import timedelta

from careplane.storage.database import Database
from careplane.storage.retention import Retention

_ADD = """
INSERT INTO idempotency (caller, key, method, digest, reply, created_at)
SELECT 'somebody', 'k' || n || $1, 'm', '', '', now() - $2::interval FROM generate_series(1, $3) AS n
"""


async def test_only_what_is_old_is_forgotten(database_url: str) -> None:
    """Thousands of old records go in steps; young ones stay."""
    database = await Database.open(database_url, "patient")
    try:
        await database.execute(_ADD, "old", timedelta(hours=25), 6000)
        await database.execute(_ADD, "young", timedelta(hours=23), 3)
        retention = Retention(database)
        assert await retention.step()
        assert not await retention.step()
        assert (await database.fetch_row("SELECT count(*) AS left FROM idempotency"))["left"] == 3
    finally:
        await database.close()
