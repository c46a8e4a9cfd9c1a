"""A component's own piece of PostgreSQL: a bounded pool under the component's role, and errors in our vocabulary."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

from careplane.kernel.errors import Aborted, Unavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

UniqueViolation = asyncpg.UniqueViolationError
"""Raised where a value that must be unique is taken; it has the `constraint_name`."""

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a session says that was idle when the server ended it
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,  # it does not let us in, with this user or password
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
    TimeoutError,
)
_CLASHED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what asyncpg raises when the database is away or two transactions clash into Unavailable or Aborted."""
    try:
        yield
    except _LOST as error:
        raise Unavailable(meta={"database": type(error).__name__}, retry_after=1.0) from error
    except _CLASHED as error:
        raise Aborted(meta={"database": type(error).__name__}) from error


def role_of(component: str) -> str:
    """Name the PostgreSQL role under which a component works."""
    return f"careplane_{component}"


class Database:
    """A pool of connections that see only one component's schema; get one with `open`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", acquire_timeout: float) -> None:
        """Wrap an open pool; waiting longer than `acquire_timeout` seconds for a connection is Unavailable."""
        self._pool = pool
        self._acquire_timeout = acquire_timeout

    @classmethod
    async def open(
        cls,
        url: str,
        component: str,
        *,
        size: int = 8,
        command_timeout: float = 10.0,
        acquire_timeout: float = 2.0,
    ) -> "Database":
        """Connect to `url` as the role of `component`; raise Unavailable when the database cannot be reached."""
        settings = {
            "application_name": f"careplane {component}",
            "idle_in_transaction_session_timeout": "60000",
            "jit": "off",
            "lock_timeout": str(int(command_timeout * 1000)),
            "role": role_of(component),
            "search_path": component,
            "statement_timeout": str(int(command_timeout * 1000)),
            "timezone": "UTC",
        }
        with database_errors():
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                timeout=acquire_timeout + 3.0,
                command_timeout=command_timeout,
                max_inactive_connection_lifetime=300.0,
                server_settings=settings,
                reset=_nothing_to_reset,
            )
        return cls(pool, acquire_timeout)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Connection"]:
        """Lend a connection for the body; its database errors come out in the platform's vocabulary."""
        with database_errors():
            async with self._pool.acquire(timeout=self._acquire_timeout) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Connection"]:
        """Lend a connection inside a transaction that commits at the end of the body."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    def joined(self, connection: "Connection") -> "Database":
        """Return this database as seen from inside the transaction of `connection`: what is done there joins it."""
        return _Joined(self, connection)

    async def fetch(self, statement: str, *arguments: object) -> Sequence[Any]:
        """Run one statement and return its rows."""
        async with self.connection() as connection:
            return await connection.fetch(statement, *arguments)

    async def fetch_row(self, statement: str, *arguments: object) -> Any:  # noqa: ANN401 - a record or None
        """Run one statement and return its first row, or None."""
        async with self.connection() as connection:
            return await connection.fetchrow(statement, *arguments)

    async def execute(self, statement: str, *arguments: object) -> None:
        """Run one statement for its effect."""
        async with self.connection() as connection:
            await connection.execute(statement, *arguments)

    async def check(self) -> None:
        """Return if the database answers; raise Unavailable if it does not."""
        await self.execute("SELECT 1")

    @property
    def in_use(self) -> int:
        """How many connections are lent out."""
        return self._pool.get_size() - self._pool.get_idle_size()

    @property
    def size(self) -> int:
        """How many connections are open."""
        return self._pool.get_size()

    async def close(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109 - the pool itself has no deadline
        """Close the pool, waiting at most `timeout` seconds for lent connections to come back."""
        try:
            async with asyncio.timeout(timeout):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


class _Joined(Database):
    """A database with one connection, which is in a transaction: a transaction in it is a savepoint."""

    def __init__(self, database: Database, connection: "Connection") -> None:
        super().__init__(database._pool, database._acquire_timeout)  # noqa: SLF001 - of the same family
        self._connection = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Connection"]:
        with database_errors():
            yield self._connection


async def _nothing_to_reset(_connection: object) -> None:
    """Spare the round trip of asyncpg's own reset: stores set no session state that could leak."""
