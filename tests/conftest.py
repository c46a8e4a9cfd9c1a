"""What every test may ask for: a PostgreSQL that runs once for the whole run, and a fresh database in it."""

import asyncio
import itertools
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from httpx._transports import default as http
from tests.broker.fixture import kafka, real_kafka, startable_kafka, topic_prefix
from tests.room import room
from tests.turns import pytest_runtest_protocol

import careplane.components
from careplane.app.data_folder import DataFolder
from careplane.app.embedded import EmbeddedPostgres
from careplane.app.setup_error import SetupError
from careplane.storage.migrations import migrate

__all__ = ["kafka", "pytest_runtest_protocol", "real_kafka", "startable_kafka", "topic_prefix"]

# Making what HTTPS needs takes 20 ms each time, and clients that speak plain HTTP have no use for it: one does for all.
http.create_ssl_context = cache(http.create_ssl_context)  # type: ignore[attr-defined]

_PREFIX = "careplane-tests-"
_OLD_S = 60.0
_numbers = itertools.count(1)
# Emptying one database between tests takes 10 ms; making and dropping one for each took 300 ms in the file system.
KEEP_SEEDS = """
CREATE SCHEMA seeds;
DO $$ DECLARE one record; any_row boolean; BEGIN
  FOR one IN SELECT schemaname AS s, tablename AS t FROM pg_tables
             WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'seeds') LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', one.s, one.t) INTO any_row;
    IF any_row THEN EXECUTE format('CREATE TABLE seeds.%I AS TABLE %I.%I', one.s || '.' || one.t, one.s, one.t); END IF;
  END LOOP;
END $$
"""
_DISCONNECT_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
EMPTY = """
DO $$ DECLARE one record; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT schemaname AS s, tablename AS t FROM pg_tables
             WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'seeds') LOOP
    EXECUTE format('DELETE FROM %I.%I', one.s, one.t);
    IF to_regclass(format('seeds.%I', one.s || '.' || one.t)) IS NOT NULL THEN
      EXECUTE format('INSERT INTO %I.%I OVERRIDING SYSTEM VALUE TABLE seeds.%I', one.s, one.t, one.s || '.' || one.t);
    END IF;
  END LOOP;
  PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


def in_own_loop(make: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Run a coroutine to its end in a thread and a loop of its own, leaving the test's loop alone."""
    done: Future[object] = Future()

    def run() -> None:
        try:
            done.set_result(asyncio.run(make()))
        except BaseException as error:  # noqa: BLE001 - handed to the waiting side
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    done.result(timeout=60)


def execute(url: str, *statements: str) -> None:
    """Execute statements, each on its own, in the database at `url`."""

    async def work() -> None:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    in_own_loop(work)


def component_names() -> tuple[str, ...]:
    """Name the components that have tables: those whose folder has migrations."""
    folders = Path(careplane.components.__path__[0]).iterdir()
    return tuple(sorted(folder.name for folder in folders if any(folder.glob("migrations/*.sql"))))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the URL of the run's own PostgreSQL, which ends with the run."""
    _clear_what_killed_runs_left()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=room()))
    with EmbeddedPostgres(folder) as server:
        # A killed process loses nothing without fsync, only a power cut would: tests can do without that wait.
        execute(server.url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield server.url
    shutil.rmtree(folder)


def _clear_what_killed_runs_left() -> None:
    for folder in room().glob(f"{_PREFIX}*"):
        with suppress(SetupError, OSError):
            if time.time() - folder.stat().st_mtime < _OLD_S:
                continue
            with DataFolder(folder):  # only a folder that no living process holds can be locked
                EmbeddedPostgres(folder).stop()
                shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> str:
    """Give the name of a database with every component's tables in it, to be copied and never used."""
    name = "migrated"
    execute(postgres_url, f"CREATE DATABASE {name}")
    in_own_loop(lambda: migrate(with_database(postgres_url, name), component_names()))
    return name


def with_database(url: str, database: str) -> str:
    """Return the URL of another database on the same server."""
    return url.replace("/postgres?", f"/{database}?")


@contextmanager
def fresh_database(postgres_url: str, template: str) -> Iterator[str]:
    """Give the URL of a new copy of `template`, which is dropped afterwards, whoever is still connected."""
    name = f"test_{next(_numbers)}"
    execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield with_database(postgres_url, name)
    execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def common_database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """Give the URL of the database that tests use one after the other; ask for `database_url` instead."""
    with fresh_database(postgres_url, template_database) as url:
        execute(url, KEEP_SEEDS)
        yield url


@pytest.fixture
def database_url(common_database_url: str) -> str:
    """Give a test a database with every component's tables, as the migrations left them, and nobody else in it."""
    return emptied(common_database_url)


def emptied(url: str) -> str:
    """Leave in a database what the migrations left there, and nobody connected to it; return its URL."""
    execute(url, _DISCONNECT_OTHERS, EMPTY)
    return url


@pytest.fixture(scope="module")
def module_database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """Give the tests of a module one database together, with every component's tables."""
    with fresh_database(postgres_url, template_database) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """Give a test a database with nothing in it, to be migrated or changed at will."""
    with fresh_database(postgres_url, "template0") as url:
        yield url
