"""Changes that meet those of another process: what each was decided on still holds when it is made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from careplane.components.identity.api import ChangeUser, SetPassword, UserView
from careplane.kernel.context import Context, using
from careplane.kernel.errors import Aborted, FailedPrecondition
from careplane.kernel.principal import Principal
from careplane.storage.database import Database

ADMIN = Principal(id="00000000-0000-7000-8000-000000000001", scopes=frozenset({"users:read", "users:write"}))
_WAITING = "SELECT FROM pg_locks WHERE NOT granted"


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """Give the database as another process has it."""
    database = await Database.open(database_url, "identity", size=2)
    yield database
    await database.close()


@asynccontextmanager
async def meanwhile(other: Database, statement: str, *arguments: object) -> AsyncIterator[None]:
    """Let the other process be about to commit when the body's call comes, which must then wait for it."""
    async with other.transaction() as connection:
        await connection.execute(statement, *arguments)
        yield
        async with asyncio.timeout(20):
            while not await other.fetch(_WAITING):  # noqa: ASYNC110 - what is waited for is in the database
                await asyncio.sleep(0.005)


async def change(world: Any, user: UserView, **changes: Any) -> UserView:
    """Change a user as an administrator."""
    with using(Context(principal=ADMIN)):
        view: UserView = await world.identity.change_user(ChangeUser(user_id=user.id, **changes))
        return view


async def set_password(world: Any, user: UserView, password: str) -> None:
    """Set a user's password as an administrator."""
    with using(Context(principal=ADMIN)):
        await world.identity.set_password(SetPassword(user_id=user.id, new_password=password))


@pytest.mark.parametrize("theirs", ["disabled = true", "roles = '{clinician}'"])
@pytest.mark.parametrize("ours", [{"disabled": True}, {"roles": ("clinician",)}])
async def test_two_processes_leave_somebody_who_can_repair(
    world: Any, other: Database, theirs: str, ours: dict[str, Any]
) -> None:
    """Each takes it from one of the last two: the second one sees what the first one did, and is refused."""
    one, two = await world.add("root1@example.org"), await world.add("root2@example.org")
    async with meanwhile(other, f"UPDATE users SET {theirs}, version = 2 WHERE id = $1", one.id):
        call = asyncio.create_task(change(world, two, **ours))
    with pytest.raises(FailedPrecondition, match="last enabled user"):
        await call
    assert (await world.login("root2@example.org")).roles == ("admin",)


async def test_a_change_that_was_overtaken_is_not_made(world: Any, other: Database) -> None:
    """Nobody named a version, so it may be asked for again; then it goes on top of the other one."""
    user = await world.add(roles=("clinician",))
    async with meanwhile(other, "UPDATE users SET roles = '{auditor}', version = 2 WHERE id = $1", user.id):
        call = asyncio.create_task(change(world, user, disabled=True))
    with pytest.raises(Aborted):
        await call
    again = await change(world, user, disabled=True)
    assert (again.roles, again.disabled, again.version) == (("auditor",), True, 3)


async def test_tokens_that_are_called_back_meanwhile_stay_so(world: Any, other: Database) -> None:
    """The epoch counts on, whoever moves it."""
    user = await world.add(roles=("clinician",))
    async with meanwhile(other, "UPDATE users SET epoch = epoch + 1 WHERE id = $1", user.id):
        call = asyncio.create_task(change(world, user, disabled=True))
    assert (await call).version == 2
    (row,) = await world.database.fetch("SELECT epoch FROM users WHERE id = $1", user.id)
    assert row["epoch"] == 2


async def test_a_short_password_is_not_set_while_the_factor_goes(world: Any, other: Database) -> None:
    """What made it long enough is gone when the other process commits."""
    user = await world.add(roles=("clinician",))
    insert = "INSERT INTO second_factors (user_id, secret, active, created_at) VALUES ($1, '', true, now())"
    await world.database.execute(insert, user.id)
    async with meanwhile(other, "DELETE FROM second_factors WHERE user_id = $1", user.id):
        call = asyncio.create_task(set_password(world, user, "krummer Hund"))
    with pytest.raises(Aborted):
        await call
    assert (await world.login()).id == str(user.id)
    assert await world.database.fetch("SELECT FROM users WHERE short_password") == []
