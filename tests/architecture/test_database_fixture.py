"""The database that tests get is the same for each: as the migrations left it."""

from itertools import pairwise

import asyncpg
import pytest

_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'seeds') ORDER BY 1
"""
_counts: list[dict[str, int]] = []


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_test_finds_what_the_migrations_left(database_url: str, turn: int) -> None:
    """Rows that one turn takes away are there for the next, rows it adds are not."""
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        tables = [row[0] for row in await connection.fetch(_TABLES)]
        _counts.append({name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in tables})
        await connection.execute("SET session_replication_role = replica")
        for name in tables:
            await connection.execute(f"DELETE FROM {name}")
        await connection.execute("CREATE TABLE IF NOT EXISTS public.extra AS SELECT 1 AS one")
    finally:
        await connection.close()
    assert all(
        before == {name: count for name, count in after.items() if name in before}
        for before, after in pairwise(_counts)
    )
    assert _counts[-1].get("public.extra", 0) == 0
    assert any(_counts[-1].values()), "the migrations note themselves in a table at least"
