"""Careplane as one file (`make binary`): what is different when it runs out of a folder that is there for it alone.

The file unpacks itself into a new folder at each start, runs itself from there, and removes the folder when that ends.
So there are two processes, of which the outer one only passes on signals and clears away.
"""

import fcntl
import os
import shutil
import signal
import stat
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_FOLDERS: Final = "_MEI*"
_MARK: Final = "careplane.unpacked"
_OLD_S: Final = 60.0
_LOOK_S: Final = 0.25
_LIBRARIES: Final = "LD_LIBRARY_PATH"
_LIBRARIES_BEFORE: Final = f"{_LIBRARIES}_ORIG"


def folder() -> Path | None:
    """Return the folder into which the file has unpacked itself, or None where Careplane is installed."""
    found: str | None = getattr(sys, "_MEIPASS", None)
    return Path(found) if found else None


def ourselves() -> tuple[Sequence[str], Mapping[str, str]]:
    """Return the command that runs Careplane once more, and what to add to its environment.

    The one file runs out of the same folder then, where its libraries are.
    """
    here = folder()
    if here is None:
        return (sys.executable, "-m", "careplane"), {}
    before = {_LIBRARIES_BEFORE: os.environ[_LIBRARIES]} if _LIBRARIES in os.environ else {}
    return (sys.executable,), {_LIBRARIES: str(here), **before}


def main() -> None:
    """Run the command line, in the one file."""
    from careplane.app.cli import main as run_command

    here = folder()
    if here is None:
        raise RuntimeError("This is how the one file begins: where Careplane is installed, its command is careplane.")
    _give_back_libraries(os.environ)
    own = _held(here)
    clear_killed(here.parent)
    alone = _end_with_parent()
    try:
        run_command()
    finally:
        if alone.is_set():  # else who removes the folder lives
            os.close(own)
            remove_unused(here)


def _give_back_libraries(environ: "os._Environ[str]") -> None:
    """Let the programs that we start have the libraries of this machine, and not the ones in our folder."""
    before = environ.pop(_LIBRARIES_BEFORE, None)
    environ.pop(_LIBRARIES, None)
    if before is not None:
        environ[_LIBRARIES] = before


def _held(here: Path) -> int:
    """Say for as long as we live that this folder is in use, to those as well who clear away temporary files by age."""
    (here / _MARK).touch(0o600)
    held = os.open(here, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(held, fcntl.LOCK_SH)
    return held


def clear_killed(where: Path) -> None:
    """Remove the folders that nobody is left to remove: their processes were killed, all of them."""
    for left in where.glob(_FOLDERS):
        with suppress(OSError):  # not one of ours, or removed meanwhile, or it stays: we run all the same
            folder_itself, mark = left.lstat(), (left / _MARK).lstat()
            ours = stat.S_ISDIR(folder_itself.st_mode) and folder_itself.st_uid == mark.st_uid == os.geteuid()
            if ours and time.time() - mark.st_mtime > _OLD_S:
                remove_unused(left)


def remove_unused(left: Path) -> None:
    """Remove a folder, unless somebody holds it."""
    with suppress(FileNotFoundError):  # somebody else removes it
        held = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            with suppress(BlockingIOError):
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
        finally:
            os.close(held)


def _end_with_parent() -> threading.Event:
    """Stop in good order when the outer process is killed, which cannot pass that on; return what is set then."""
    parent, ended = os.getppid(), threading.Event()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        ended.set()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="watching the outer process", daemon=True).start()
    return ended
