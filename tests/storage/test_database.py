"""A component's database on real PostgreSQL: whose it is, how it is set up, and every way in which it can be away."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from tests.storage.owner import Owner
from tests.storage.waiting import until
from tests.storage.wire import Wire

from careplane.kernel.errors import Aborted, Unavailable
from careplane.storage.database import Database

SETTINGS = {
    "role": "careplane_billing",
    "search_path": "billing",
    "application_name": "careplane billing",
    "TimeZone": "UTC",
    "jit": "off",
    "statement_timeout": "10s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "1min",
}


@pytest.mark.parametrize("name", SETTINGS)
async def test_every_setting_is_made_by_us(database: Database, name: str) -> None:
    """Nothing that matters is left to the server's defaults."""
    assert (await database.fetch_row("SELECT current_setting($1)", name))[0] == SETTINGS[name]


async def test_a_component_works_as_itself(database: Database) -> None:
    """The user of a session is the component's role, which cannot create anything or become another."""
    row = await database.fetch_row(
        "SELECT current_user AS name, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls "
        "FROM pg_roles WHERE rolname = current_user"
    )
    assert tuple(row) == ("careplane_billing", False, False, False, False)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM patient.audit",
        "INSERT INTO patient.inbox VALUES (gen_random_uuid())",
        "UPDATE audit SET caller = 'somebody else'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DROP TABLE audit",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "CREATE TABLE mine ()",
        "CREATE TABLE public.mine ()",
        "UPDATE migration SET checksum = ''",
        "DELETE FROM migration",
    ],
)
async def test_what_a_component_may_not_do(database: Database, owner: Owner, statement: str) -> None:
    """Other schemas, the past in the audit table, and the shape of its own tables are out of its reach."""
    await database.execute("INSERT INTO audit (caller, action, request_id, trace_id) VALUES ('a', 'b', 'c', 'd')")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.execute(statement)
    assert await owner.value("SELECT caller FROM audit") == "a"


async def test_a_statement_that_takes_too_long_is_unavailable(database_url: str) -> None:
    """The command timeout ends it on both sides, and the connection is fit for the next one."""
    database = await Database.open(database_url, "billing", size=1, command_timeout=0.2)
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable):
            await database.execute("SELECT pg_sleep(30)")
        assert (await database.fetch_row("SELECT 1"))[0] == 1
    await database.close()


async def test_a_lock_held_too_long_is_aborted_or_unavailable(database_url: str, owner: Owner) -> None:
    """Waiting for somebody else's lock has the same end."""
    database = await Database.open(database_url, "billing", size=1, command_timeout=0.2)
    async with owner.transaction():
        await owner.execute("LOCK TABLE inbox")
        with pytest.raises((Aborted, Unavailable)):
            await database.execute("INSERT INTO inbox VALUES (gen_random_uuid())")
    await database.execute("INSERT INTO inbox VALUES (gen_random_uuid())")
    await database.close()


async def test_waiting_for_a_connection_ends(database_url: str) -> None:
    """With every connection lent out the next one waits as long as it was told to, and no longer."""
    database = await Database.open(database_url, "billing", size=2, acquire_timeout=0.1)
    async with database.connection(), database.connection():
        assert database.in_use == database.size == 2
        async with asyncio.timeout(2):
            with pytest.raises(Unavailable):
                await database.execute("SELECT 1")
    assert (await database.fetch_row("SELECT 1"))[0] == 1
    assert database.in_use == 0
    await database.close()


async def test_two_that_wait_for_each_other_are_aborted(database: Database, owner: Owner) -> None:
    """A deadlock costs one of the two, who may ask again; the other commits."""
    await owner.execute("ALTER SYSTEM SET deadlock_timeout = '100ms'")
    await owner.execute("SELECT pg_reload_conf()")
    await owner.execute("INSERT INTO inbox_position VALUES ('a', '0'), ('b', '0')")
    both = asyncio.Barrier(2)

    async def move(first: str, second: str) -> None:
        async with database.transaction() as connection:
            await connection.execute("UPDATE inbox_position SET position = 'x' WHERE stream = $1", first)
            await both.wait()
            await connection.execute("UPDATE inbox_position SET position = 'x' WHERE stream = $1", second)

    ends = await asyncio.gather(move("a", "b"), move("b", "a"), return_exceptions=True)
    await owner.execute("ALTER SYSTEM RESET deadlock_timeout")
    assert sorted(type(end).__name__ for end in ends) == ["Aborted", "NoneType"]
    assert await owner.value("SELECT count(*) FROM inbox_position WHERE position = 'x'") == 2


@pytest.mark.parametrize("value", [2**40, "a text", "\ud800"])
async def test_a_value_that_does_not_fit_is_not_an_outage(database: Database, value: object) -> None:
    """What cannot be sent at all is the fault of whoever asked: nobody should be told to try again."""
    kind = "text" if value == "\ud800" else "int"
    with pytest.raises(Exception, match="invalid input") as raised:
        await database.fetch(f"SELECT $1::{kind}", value)
    assert not isinstance(raised.value, Unavailable)


async def test_a_transaction_that_fails_leaves_nothing(database: Database, owner: Owner) -> None:
    """An error in the body takes everything back."""
    with pytest.raises(ZeroDivisionError):
        await _insert_and(database, error=ZeroDivisionError())
    assert await owner.count("inbox") == 0


async def _insert_and(database: Database, *, error: Exception) -> None:
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO inbox VALUES (gen_random_uuid())")
        raise error


async def test_whoever_is_cancelled_leaves_a_clean_connection(database_url: str, owner: Owner) -> None:
    """Cancelled in mid-statement, even twice, a transaction is gone before the connection is lent out again."""
    database = await Database.open(database_url, "billing", size=1)

    async def insert_and_sleep() -> None:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO inbox VALUES (gen_random_uuid())")
            await connection.execute("SELECT pg_advisory_lock(1)")

    await owner.execute("SELECT pg_advisory_lock(1)")
    for times in (1, 2):
        task = asyncio.create_task(insert_and_sleep())
        await owner.until_waiting(1)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
        await database.execute("INSERT INTO inbox_position VALUES ($1, '') ", str(times))
        assert await owner.count("inbox") == 0
        assert await owner.count("inbox_position") == times
    await database.close()


async def test_a_killed_connection_is_unavailable_and_replaced(database: Database, owner: Owner) -> None:
    """The server ends the sessions in mid-statement: everybody hears it, and the next call gets a new session."""
    await owner.execute("SELECT pg_advisory_lock(1)")
    asking = [asyncio.create_task(database.execute("SELECT pg_advisory_lock(1)")) for _ in range(3)]
    await owner.until_waiting(3)
    await owner.kill()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    await _works_again(database)


async def test_idle_connections_that_are_killed_are_unavailable_at_worst(database: Database, owner: Owner) -> None:
    """A restart of the server ends idle sessions too; whoever gets one just then hears Unavailable and nothing else."""
    for _ in range(20):
        async with database.connection(), database.connection(), database.connection():
            pass
        killing = asyncio.create_task(owner.kill())
        for _ in range(10):
            with suppress(Unavailable):
                await database.fetch_row("SELECT 1")
        await killing
        await _works_again(database)


async def test_a_transaction_that_does_nothing_for_too_long_is_unavailable(database: Database, owner: Owner) -> None:
    """The server ends the session of whoever holds a transaction open and idle, and they hear it at the next step."""

    async def dawdle() -> None:
        async with database.transaction() as connection:
            await connection.execute("SET idle_in_transaction_session_timeout = '20ms'")
            pid = await connection.fetchval("SELECT pg_backend_pid()")
            await until(lambda: owner.value("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid))
            await connection.execute("SELECT 1")

    with pytest.raises(Unavailable):
        await dawdle()
    await _works_again(database)


async def _works_again(database: Database) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                row: Any = await database.fetch_row("SELECT 1")
            except Unavailable:
                await asyncio.sleep(0.01)
            else:
                assert row[0] == 1
                return


async def test_a_server_that_is_gone_is_unavailable_until_it_is_back(wire: Wire) -> None:
    """While nobody answers at the address, every call says so; afterwards calls work without a restart of ours."""
    database = await Database.open(wire.url, "billing", size=2)
    await wire.cut()
    for _ in range(3):
        with pytest.raises(Unavailable) as raised:
            await database.fetch("SELECT 1")
        assert raised.value.retry_after == 1.0
    with pytest.raises(Unavailable):
        await Database.open(wire.url, "billing")
    await wire.mend()
    await _works_again(database)
    await database.close()


async def test_a_server_that_does_not_answer_is_unavailable(wire: Wire) -> None:
    """A connection that hangs without breaking is given up after the command timeout."""
    database = await Database.open(wire.url, "billing", size=2, command_timeout=0.2, acquire_timeout=0.2)
    wire.freeze()
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable):
            await database.fetch("SELECT 1")
        await wire.mend()
        await _works_again(database)
    await database.close()


async def test_close_does_not_wait_for_ever(database_url: str) -> None:
    """A connection that is not given back is broken off after the time allowed, and whoever has it hears so."""
    database = await Database.open(database_url, "billing", size=1)
    asking = asyncio.create_task(database.execute("SELECT pg_sleep(30)"))
    await until(lambda: database.in_use)
    async with asyncio.timeout(3):
        await database.close(timeout=0.1)
        with pytest.raises(Unavailable):
            await asking
    with pytest.raises(Unavailable):
        await database.execute("SELECT 1")
