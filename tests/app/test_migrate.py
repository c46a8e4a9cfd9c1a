"""`careplane migrate`: the schema, and logins for the components' roles, from a folder or from the settings."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from careplane.app.catalog import NAMES
from careplane.app.commands.migrate import run_migrate
from careplane.app.settings import DatabaseSettings, Settings
from careplane.app.setup_error import SetupError
from careplane.storage.database import role_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


@pytest.fixture
async def owner(empty_database_url: str) -> AsyncIterator["Connection"]:
    """Connect as the owner; the roles, which all databases share, are without password afterwards."""
    connection = await asyncpg.connect(empty_database_url, timeout=10)
    yield connection
    for name in NAMES:
        await connection.execute(f"ALTER ROLE {role_of(name)} PASSWORD NULL")
    await connection.close()


async def with_password(owner: "Connection") -> set[str]:
    """Name the components whose roles have a password and may log in."""
    rows = await owner.fetch("SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword LIKE 'SCRAM-SHA-256$%'")
    return {name for name in NAMES if role_of(name) in {row["rolname"] for row in rows}}


async def test_the_logins_of_the_settings_are_given(
    owner: "Connection", empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """To those components that are named there, and no password is told."""
    database = DatabaseSettings(url=empty_database_url, logins={"patient": "hunter2", "billing": "hunter22"})
    await run_migrate(Settings(database=database))
    assert await with_password(owner) == {"patient", "billing"}
    said = "".join(capsys.readouterr())
    assert "patient, billing can log in." in said
    assert "hunter2" not in said


async def test_a_folder_of_logins_goes_first(owner: "Connection", empty_database_url: str, tmp_path: Path) -> None:
    """It is for all components, and what is missing in it is said before anything is done."""
    settings = Settings(database=DatabaseSettings(url=empty_database_url, logins={"patient": "hunter2"}))
    with pytest.raises(SetupError, match=r"A password cannot be read from .*identity"):
        await run_migrate(settings, tmp_path)
    assert await owner.fetchval("SELECT to_regnamespace('patient') IS NULL")
    for name in NAMES:
        (tmp_path / name).write_text(f"password-of-{name}\n")
    await run_migrate(settings, tmp_path)
    assert await with_password(owner) == set(NAMES)
