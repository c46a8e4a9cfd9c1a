"""The folder of keys, watched: what comes and goes is heard, and what is unfit holds nothing else up."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.components.identity.test_key_rotation import T, at, make, ring_of, settings_of

from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.key_folder import KeyFolder
from careplane.components.identity.signing.key_ring import KeyRing
from careplane.components.identity.signing.keys import load_keys, make_key
from careplane.kernel.clock import FixedClock
from careplane.kernel.errors import FailedPrecondition


async def test_the_folder_is_watched(tmp_path: Path) -> None:
    """What is put there is there at the next look, what is taken away is gone, and an unchanged folder is not read."""
    (old,) = make(tmp_path, 0)
    settings = settings_of(tmp_path)
    ring = ring_of(tmp_path)
    folder = KeyFolder(settings, ring, FixedClock(T))
    await folder.step()
    (new,) = make(tmp_path, 100)
    assert len(ring.announced(at(100)).keys) == 1
    assert await folder.step() is False
    assert len(ring.announced(at(100)).keys) == 2
    kept = ring.keys
    await folder.step()
    assert ring.keys is kept
    old.unlink()
    await folder.step()
    assert [key.file for key in ring.keys] == [new]
    assert ring.signing(at(100)).file == new


@pytest.mark.parametrize("unfit", ["rubbish", "a folder", "a link to nowhere else than itself", "not text"])
async def test_an_unfit_file_holds_nothing_else_up(tmp_path: Path, unfit: str) -> None:
    """Keys come and go beside it, the compromised one too; it is told of by name, and again every minute."""
    old, compromised = make(tmp_path, 0, 100)
    ring, clock = ring_of(tmp_path), FixedClock(at(200))
    folder, file = KeyFolder(settings_of(tmp_path), ring, clock), tmp_path / "rubbish.pem"
    if unfit == "a folder":
        file.mkdir()
    elif unfit.startswith("a link"):
        file.symlink_to(file)
    else:
        file.write_bytes(b"secret" if unfit == "rubbish" else b"\xff\xfe")
    compromised.unlink()
    (new,) = make(tmp_path, 150)
    with capture_logs() as told:
        for clock.at in (at(200), at(201), at(259), at(260), at(261)):
            await folder.step()
    assert [key.file for key in ring.keys] == [new, old]
    assert ["rubbish.pem" in line["fault"] for line in told] == [True, True]
    assert "secret" not in str(told)
    file.rmdir() if unfit == "a folder" else file.unlink()
    with capture_logs() as told:
        await folder.step()
        make_key(file)
        await folder.step()
    assert told == []
    assert {key.file for key in ring.keys} == {new, old, file}


async def test_a_key_that_is_being_written_over_stays_until_it_is_deleted(tmp_path: Path) -> None:
    """Half a file signs nobody out; no file does."""
    old, new = make(tmp_path, 0, 100)
    ring = ring_of(tmp_path)
    folder = KeyFolder(settings_of(tmp_path), ring, FixedClock(T))
    text = new.read_text()
    new.write_text(text[:-60])
    await folder.step()
    assert [key.file for key in ring.keys] == [new, old]
    new.unlink()
    await folder.step()
    assert [key.file for key in ring.keys] == [old]
    new.write_text(text)
    await folder.step()
    assert [key.file for key in ring.keys] == [new, old]


async def test_an_empty_folder_leaves_the_keys_as_they_were(tmp_path: Path) -> None:
    """It is reported, and nobody is signed out by it."""
    (old,) = make(tmp_path, 0)
    ring = ring_of(tmp_path)
    folder = KeyFolder(settings_of(tmp_path), ring, FixedClock(T))
    text = old.read_text()
    old.unlink()
    with pytest.raises(FailedPrecondition, match="put the keys back"):
        await folder.step()
    assert ring.signing(at(0)).file == old
    old.write_text(text)
    await folder.step()
    assert ring.signing(at(0)).file == old


async def test_a_key_in_the_settings_alone_is_not_watched(tmp_path: Path) -> None:
    """There is no folder to look at."""
    (own,) = make(tmp_path, "own.pem")
    settings = IdentitySettings(private_key=own.read_text(), production=False)
    assert await KeyFolder(settings, KeyRing.of(settings, load_keys(settings)), FixedClock(T)).step() is False
