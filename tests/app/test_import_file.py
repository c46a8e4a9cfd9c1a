"""`careplane import`: its file of rejected lines, and one sentence for whatever goes wrong."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from careplane.app.commands import import_file
from careplane.app.commands.import_file import Rejects, run_import
from careplane.app.settings import DatabaseSettings, Settings
from careplane.app.setup_error import SetupError
from careplane.components.patient.transfer.sources import Rejection
from careplane.kernel.errors import Unavailable

HEADER = "name,email,dateOfBirth\n"
GOOD = "Ann Smith,ann@example.org,1980-01-01\n"
BAD = "Bo,bo@example.org,1980-02-31\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a file with a good row and a bad one."""
    file = tmp_path / "people.csv"
    file.write_text(HEADER + GOOD + BAD)
    return file


def settings(url: str) -> Settings:
    """Return the settings for the database at `url`."""
    return Settings(database=DatabaseSettings(url=url))


async def test_what_is_rejected_is_written_and_the_rest_imported(
    source: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run adds nobody, and its file of rejected lines is its own."""
    target = source.with_name("rejects.ndjson")
    await run_import(settings(database_url), source, target)
    assert "1 imported, 0 known already, 1 rejected" in capsys.readouterr().out
    await run_import(settings(database_url), source, target)
    assert "0 imported, 1 known already, 1 rejected" in capsys.readouterr().out
    assert [line["line"] for line in map(msgspec.json.decode, target.read_bytes().splitlines())] == [3]


def test_the_rejected_lines_do_not_take_the_place_of_the_source(source: Path) -> None:
    """Nor under another name for it: the file to import is never touched."""
    link = source.with_name("link")
    link.symlink_to(source)
    for target in (source, link):
        with pytest.raises(SetupError, match="--rejects"):
            Rejects(target, source)
    assert source.read_text() == HEADER + GOOD + BAD


@pytest.mark.parametrize("place", [lambda tmp: tmp, lambda tmp: tmp / "missing" / "rejects"])
def test_a_place_that_cannot_be_written_to_is_told_first(
    source: Path, tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    """A folder, or a path in one that does not exist."""
    with pytest.raises(SetupError, match="--rejects"):
        Rejects(place(tmp_path), source)


def test_an_earlier_file_goes_and_a_device_stays(source: Path) -> None:
    """Nothing is left where nothing is rejected; /dev/null, here under a name of its own, is not ours to remove."""
    earlier = source.with_name("rejects")
    earlier.write_text("old")
    Rejects(earlier, source)
    assert not earlier.exists()
    device = source.with_name("null")
    device.symlink_to("/dev/null")
    rejects = Rejects(device, source)
    rejects.add([Rejection(line=1, reason="x")])
    assert device.is_char_device()
    assert rejects.count == 1


async def test_a_registry_that_stays_away_is_one_error(
    source: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a group of them, which the command line would show as a traceback."""

    async def away(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(import_file, "_patiently", away)
    with pytest.raises(Unavailable):
        async with asyncio.timeout(20):
            await run_import(settings(database_url), source, source.with_name("rejects"))
