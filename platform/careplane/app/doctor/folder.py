"""The data folder: whether it is there and ours alone, and how much room is left in it."""

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from careplane.app.doctor.case import Case
from careplane.app.doctor.finding import Finding, ok, problem, warning

_GIB = 1024**3
_FULL = 1 * _GIB
_SHORT = 5 * _GIB
_CHOOSE = "Choose another folder with --data or data_dir, or correct its owner."


async def check_folder(case: Case) -> Sequence[Finding]:
    """Look at the data folder, its owner and who may enter it."""
    folder = case.settings.data_dir.expanduser()
    if not folder.exists():
        if case.embedded:
            return [ok("data folder", f"{folder} is not there yet: `careplane dev` makes it")]
        return [ok("data folder", f"{folder} is not there, and is not needed with a database of your own")]
    if not folder.is_dir():
        return [problem("data folder", f"{folder} is no folder", _CHOOSE)]
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return [problem("data folder", f"{folder} belongs to another account", _CHOOSE)]
    open_places = [place for place in (folder, folder / "postgres", folder / "keys") if _writable_by_others(place)]
    if open_places:
        advice = f"Run: chmod go-w {' '.join(map(str, open_places))}"
        return [problem("data folder", f"others can write to {', '.join(map(str, open_places))}", advice)]
    return [ok("data folder", f"{folder} is ours to write to, and nobody else's")]


async def check_space(case: Case) -> Sequence[Finding]:
    """Look at the room that is left on the data folder's disk."""
    return [space(shutil.disk_usage(_nearest(case.settings.data_dir.expanduser())).free)]


def space(free: int) -> Finding:
    """Judge how many bytes are free."""
    found = f"{free / _GIB:.1f} GiB are free"
    if free < _FULL:
        return problem("disk", found, "Free some space: PostgreSQL stops when the disk is full.")
    if free < _SHORT:
        return warning("disk", found, "Free some space before the database and its log need it.")
    return ok("disk", found)


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())


def _writable_by_others(place: Path) -> bool:
    try:
        mode = place.stat().st_mode
    except (FileNotFoundError, PermissionError):
        return False
    return bool(mode & (stat.S_IWGRP | stat.S_IWOTH))
