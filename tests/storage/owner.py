"""The owner of a test's database: looks at what components are doing, and stands in their way."""

from typing import Any

import asyncpg
from tests.storage.waiting import until

_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'careplane %' AND wait_event_type = 'Lock'
"""
_KILL = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'careplane %'
"""


class Owner:
    """A superuser's connection with a component's schema in its search path."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Use the connection."""
        self.connection = connection
        self.execute = connection.execute
        self.fetch = connection.fetch
        self.transaction = connection.transaction

    async def value(self, statement: str, *arguments: object) -> Any:
        """Return the one value that a statement gives."""
        return await self.connection.fetchval(statement, *arguments)

    async def count(self, table: str) -> int:
        """Count the rows of a table."""
        return int(await self.value(f"SELECT count(*) FROM {table}"))

    async def until_waiting(self, connections: int) -> None:
        """Return when that many of the components' connections wait for a lock."""

        async def waiting() -> bool:
            return int(await self.value(_WAITING)) >= connections

        await until(waiting)

    async def kill(self) -> int:
        """End the components' connections from the server's side, and return how many there were."""
        return int(await self.value(_KILL))
