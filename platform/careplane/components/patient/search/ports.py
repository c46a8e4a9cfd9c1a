"""What search asks of a database connection: asyncpg's `fetch`, and rows read by column name."""

from collections.abc import Sequence
from typing import Any, Protocol


class Row(Protocol):
    """One row of an answer."""

    def __getitem__(self, column: str, /) -> Any: ...  # noqa: ANN401 - a column may hold anything


class Connection(Protocol):
    """An asyncpg connection or pool, or whatever counts its statements in a test."""

    async def fetch(self, query: str, /, *args: object) -> Sequence[Row]:
        """Run one statement and return its rows."""
        ...
