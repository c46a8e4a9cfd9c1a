"""What the storage's tests ask for: a component's database, its owner's connection, and a wire that can break."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from tests.conftest import execute, fresh_database, in_own_loop, with_database
from tests.storage import marks, tally
from tests.storage.owner import Owner
from tests.storage.wire import Wire

from careplane.storage.database import Database
from careplane.storage.migrations import migrate

COMPONENT = "billing"


@pytest.fixture(scope="session")
def storage_template(postgres_url: str) -> str:
    """Give the name of a database with two components' tables and those of the tests in it, to be copied."""
    name = "storage"
    execute(postgres_url, f"CREATE DATABASE {name}")
    url = with_database(postgres_url, name)
    in_own_loop(lambda: migrate(url, (COMPONENT, "patient")))
    execute(url, f"SET search_path TO {COMPONENT}; {marks.TABLE}; {tally.TABLE}")
    return name


@pytest.fixture
def database_url(postgres_url: str, storage_template: str) -> Iterator[str]:
    """Give a test a database of its own: these tests change tables, end sessions and leave locks behind."""
    with fresh_database(postgres_url, storage_template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open a database as a component."""
    database = await Database.open(database_url, COMPONENT, size=4)
    yield database
    await database.close()


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Owner]:
    """Connect to the same database as the one who owns all of it."""
    connection = await asyncpg.connect(database_url, timeout=10, server_settings={"search_path": COMPONENT})
    yield Owner(connection)
    await connection.close()


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Wire]:
    """Lead to the database through a wire."""
    async with Wire(database_url) as wire:
        yield wire
