"""The one-file program's own care: whom it starts again, and which folders it clears away. tests/binary runs it."""

import errno
import fcntl
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from careplane.app.one_file import clear_killed, main, ourselves, remove_unused

MARK = "careplane.unpacked"


def unpacked(where: Path, name: str, *, age_s: float = 3600.0) -> Path:
    """Make a folder as the one file leaves it when all of it is killed."""
    folder = where / name
    folder.mkdir()
    (folder / "libpython").touch()
    (folder / MARK).touch()
    then = time.time() - age_s
    os.utime(folder / MARK, (then, then))
    return folder


def test_where_it_is_installed_python_runs_it_again() -> None:
    """The same Python, and nothing added to its environment."""
    assert ourselves() == ((sys.executable, "-m", "careplane"), {})


def test_the_one_file_runs_itself_again_with_its_own_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """And remembers those that this machine was told of, for the programs that it starts."""
    monkeypatch.setattr(sys, "_MEIPASS", "/tmp/_MEI1", raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/lib")
    command, more = ourselves()
    assert command == (sys.executable,)
    assert more == {"LD_LIBRARY_PATH": "/tmp/_MEI1", "LD_LIBRARY_PATH_ORIG": "/opt/lib"}


def test_what_killed_ones_left_is_removed(tmp_path: Path) -> None:
    """Only what nobody holds, that is not new, and that is ours."""
    left = unpacked(tmp_path, "_MEI1")
    young = unpacked(tmp_path, "_MEI2", age_s=1.0)
    held = unpacked(tmp_path, "_MEI3")
    another = unpacked(tmp_path, "another")
    foreign = tmp_path / "_MEI4"
    foreign.mkdir()
    (tmp_path / "_MEI5").touch()
    lock = os.open(held, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        clear_killed(tmp_path)
        remove_unused(held)
    finally:
        os.close(lock)
    assert not left.exists()
    assert all(path.exists() for path in (young, held / "libpython", another, foreign))
    clear_killed(tmp_path)
    assert not held.exists()


def test_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    """Anybody may put one where temporary files go; it keeps nobody from starting, and nothing behind it is removed."""
    ours = unpacked(tmp_path, "precious")
    (tmp_path / "_MEI1").symlink_to(ours)
    left = unpacked(tmp_path, "_MEI2")
    clear_killed(tmp_path)
    assert (ours / "libpython").exists()
    assert (tmp_path / "_MEI1").is_symlink()
    assert not left.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder to another account")
@pytest.mark.parametrize("whose", ["folder", "mark"])
def test_what_is_another_accounts_stays(tmp_path: Path, whose: str) -> None:
    """Root, too, removes only what root has left."""
    left = unpacked(tmp_path, "_MEI1")
    os.chown(left if whose == "folder" else left / MARK, 65534, 65534)
    clear_killed(tmp_path)
    assert (left / "libpython").exists()


def test_what_cannot_be_removed_keeps_nobody_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are removed all the same."""
    stuck, left = unpacked(tmp_path, "_MEI1"), unpacked(tmp_path, "_MEI2")
    remove = shutil.rmtree

    def rmtree(path: Path) -> None:
        if path == stuck:
            raise OSError(errno.EBUSY, "Device or resource busy")
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    clear_killed(tmp_path)
    assert (stuck.exists(), left.exists()) == (True, False)


def test_it_begins_in_the_one_file_only() -> None:
    """Elsewhere it would hold and remove folders that are not its own."""
    with pytest.raises(RuntimeError, match="its command is careplane"):
        main()
