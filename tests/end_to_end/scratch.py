"""Folders for programs, outside of pytest's own: another run of pytest closes those to PostgreSQL's account again."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from tests.room import room

from careplane.app.postmaster import Postmaster

_PREFIX = "careplane-e2e-"
_OWNER = "owner.pid"
_OLD_S = 60.0


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give an empty folder, which is gone afterwards."""
    _clear_what_killed_runs_left()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=room()))
    (folder / _OWNER).write_text(str(os.getpid()))
    try:
        yield folder
    finally:
        _clear(folder)


def _clear(folder: Path) -> None:
    for pgdata in folder.glob("*/postgres"):
        if left := Postmaster.of(pgdata):
            left.stop(pgdata, 10.0)
    shutil.rmtree(folder, ignore_errors=True)


def _clear_what_killed_runs_left() -> None:
    for folder in room().glob(f"{_PREFIX}*"):
        with suppress(OSError, ValueError):
            old = time.time() - folder.stat().st_mtime > _OLD_S
            if old and not psutil.pid_exists(int((folder / _OWNER).read_text())):
                _clear(folder)
