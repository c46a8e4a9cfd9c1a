"""The one-file program's own care: whom it starts again, and which folders it clears away. tests/binary runs it."""

import fcntl
import os
import sys
import time
from pathlib import Path

import pytest

from careplane.app.one_file import clear_killed, main, ourselves, remove_unused

MARK = "careplane.lock"


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
    with (held / MARK).open() as mark:
        fcntl.flock(mark, fcntl.LOCK_SH)
        clear_killed(tmp_path)
        remove_unused(held)
        assert not left.exists()
        assert all(path.exists() for path in (young, held / "libpython", another, foreign))
    clear_killed(tmp_path)
    assert not held.exists()


def test_it_begins_in_the_one_file_only() -> None:
    """Elsewhere it would hold and remove folders that are not its own."""
    with pytest.raises(RuntimeError, match="its command is careplane"):
        main()
