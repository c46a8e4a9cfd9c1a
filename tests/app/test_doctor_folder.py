"""The doctor and data folders that cannot be: each is told for what it is, and the rest is looked at."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.app.test_doctor import bad

from careplane.app.commands.doctor import case_of
from careplane.app.doctor import folder, keys
from careplane.app.doctor.checks import examine
from careplane.app.doctor.finding import Level


@pytest.mark.parametrize(
    ("path", "told"),
    [("file/sub", "not a directory"), ("loop", "leads nowhere"), ("~nobody-of-such-a-name", "leads")],
)
async def test_what_can_be_no_folder_is_a_problem(tmp_path: Path, path: str, told: str) -> None:
    """Everything else is looked at all the same."""
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    case = await case_of(None, Path(path) if path.startswith("~") else tmp_path / path, {})
    found = bad(await examine(case, [folder.check_folder, folder.check_space, keys.check_keys]))
    assert [(level, told in text) for level, text in found] == [(Level.PROBLEM, True)]


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """Give a folder that this account may not enter; root is somebody else for the time."""
    place = tmp_path / "closed"
    (place / "data").mkdir(parents=True)
    place.chmod(0)
    account = os.geteuid()
    if account == 0:
        os.seteuid(65534)
    yield place
    os.seteuid(account)
    place.chmod(0o700)


async def test_a_folder_below_another_accounts_is_a_problem(closed: Path) -> None:
    """It is said to be that, and no fault of Careplane's."""
    case = await case_of(None, closed / "data", {})
    found = bad(await examine(case, [folder.check_folder, folder.check_space, keys.check_keys]))
    assert (Level.PROBLEM, True) in [(level, "in a folder of another account" in text) for level, text in found]
    assert not any("could not be looked at" in text for _, text in found)
