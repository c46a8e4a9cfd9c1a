"""Secrets as the doctor sees them: what it advises fits the place where it found one, and its look never fails."""

from pathlib import Path

import pytest

from careplane.app.commands.doctor import case_of
from careplane.app.doctor.case import Case
from careplane.app.doctor.configuration import check_secrets, check_settings
from careplane.app.doctor.finding import Level
from careplane.app.settings import Settings

URL = "postgresql://clinic:hunter2@db.example/careplane"


@pytest.mark.parametrize(
    ("variable", "named"),
    [
        ("DATABASE_URL", "CAREPLANE_DATABASE_URL_FILE"),
        ("CAREPLANE_DATABASE_PASSWORD", "CAREPLANE_DATABASE_PASSWORD_FILE"),
        ("CAREPLANE_DATABASE_LOGINS_PATIENT", "CAREPLANE_DATABASE_LOGINS_PATIENT_FILE"),
    ],
)
async def test_it_is_told_which_variable_names_the_file_of_a_secret(variable: str, named: str) -> None:
    """That of the very thing, so that an entry of a table is not taken for the table."""
    [one] = await check_secrets(Case(Settings(), environ={variable: URL}))
    assert one.advice.endswith(f"name that as {named}.")


async def test_a_secret_whose_file_cannot_be_looked_at_is_told_of_by_the_settings(tmp_path: Path) -> None:
    """Why, and it keeps nothing else from being looked at."""
    file = tmp_path / "my.toml"
    file.write_text('[http]\ncursor_secret_file = "~nobody-here/y"\n')
    environ = {"CAREPLANE_DATABASE_PASSWORD_FILE": "~nobody-here/x", "CAREPLANE_DATABASE_LOGINS_PATIENT": "hunter2"}
    case = await case_of(file, None, environ)
    assert [one.level for one in await check_settings(case)] == [Level.PROBLEM]
    assert [one.level for one in await check_secrets(case)] == [Level.WARNING]
