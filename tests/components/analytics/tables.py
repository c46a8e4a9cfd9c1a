"""The tables of analytics as a test looks at them: everything in them, byte for byte, and the owner's hand in them."""

import asyncpg

COUNTS = ("patient_fact", "tally", "registration_day", "progress")
_BOOKS = {
    "inbox": "SELECT event_id::text FROM analytics.inbox ORDER BY 1",
    "dead_letter": "SELECT d::text FROM analytics.dead_letter d ORDER BY 1",
    "inbox_position": "SELECT p::text FROM analytics.inbox_position p ORDER BY 1",
}
REBUILT = tuple(f"{name}_rebuilt" for name in (*COUNTS, *_BOOKS))
Dump = dict[str, list[str]]


async def owner(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect as the one who may do anything."""
    return await asyncpg.connect(url, timeout=10, server_settings={"search_path": "analytics"})


async def rows(url: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
    """Ask the database itself."""
    connection = await owner(url)
    try:
        return await connection.fetch(statement, *arguments)
    finally:
        await connection.close()


async def execute(url: str, statement: str) -> None:
    """Do something to the database itself."""
    connection = await owner(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def dump(url: str) -> Dump:
    """Return every row of every table, in order, as PostgreSQL writes it; of the inbox, which events it has."""
    connection = await owner(url)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            found = {
                name: [row[0] for row in await connection.fetch(f"SELECT t::text FROM {name} t ORDER BY 1")]
                for name in COUNTS
            }
            books = {name: [row[0] for row in await connection.fetch(ask)] for name, ask in _BOOKS.items()}
            return found | books
    finally:
        await connection.close()


async def left_behind(url: str) -> dict[str, int]:
    """Return how many rows a rebuild has left in the tables that it works in, by table, those with none left out."""
    connection = await owner(url)
    try:
        counts = {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in (*REBUILT, "rebuild")}
        return {name: count for name, count in counts.items() if count}
    finally:
        await connection.close()
