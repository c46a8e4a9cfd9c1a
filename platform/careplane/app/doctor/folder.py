"""The data folder: whether it is there and ours alone, and how much room is left in it."""

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from careplane.app.data_folder import settled
from careplane.app.doctor.case import Case
from careplane.app.doctor.finding import Finding, ok, problem, warning
from careplane.app.setup_error import SetupError

_GIB = 1024**3
_FULL = 1 * _GIB
_SHORT = 5 * _GIB
_CHOOSE = "Choose another folder with --data or data_dir, or correct its owner."


async def check_folder(case: Case) -> Sequence[Finding]:
    """Look at the data folder, its owner and who may enter it."""
    try:
        folder = settled(case.settings.data_dir)
        there = _is_there(folder)
    except SetupError as error:
        return [problem("data folder", str(error), _CHOOSE)]
    if not there:
        if case.embedded:
            return [ok("data folder", f"{folder} is not there yet: `careplane dev` makes it")]
        return [ok("data folder", f"{folder} is not there, and is not needed with a database of your own")]
    return [_judged(folder)]


def _judged(folder: Path) -> Finding:
    if not folder.is_dir():
        return problem("data folder", f"{folder} is no folder", _CHOOSE)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return problem("data folder", f"{folder} belongs to another account", _CHOOSE)
    open_places = [place for place in (folder, folder / "postgres", folder / "keys") if _writable_by_others(place)]
    if open_places:
        advice = f"Run: chmod go-w {' '.join(map(str, open_places))}"
        return problem("data folder", f"others can write to {', '.join(map(str, open_places))}", advice)
    return ok("data folder", f"{folder} is ours to write to, and nobody else's")


async def check_space(case: Case) -> Sequence[Finding]:
    """Look at the room that is left on the data folder's disk."""
    try:
        folder = settled(case.settings.data_dir)
    except SetupError:
        return []  # the folder's own line says so
    return [space(shutil.disk_usage(_nearest(folder)).free)]


def space(free: int) -> Finding:
    """Judge how many bytes are free."""
    found = f"{free / _GIB:.1f} GiB are free"
    if free < _FULL:
        return problem("disk", found, "Free some space: PostgreSQL stops when the disk is full.")
    if free < _SHORT:
        return warning("disk", found, "Free some space before the database and its log need it.")
    return ok("disk", found)


def _is_there(folder: Path) -> bool:
    """Tell whether anything is there; raise SetupError where that cannot be known, or nothing can be."""
    try:
        folder.stat()
    except FileNotFoundError:
        return False
    except PermissionError as error:
        sentence = f"{folder} is in a folder of another account, which this one may not enter"
        raise SetupError(sentence) from error
    except OSError as error:
        raise SetupError(f"{folder} cannot be used ({(error.strerror or 'it cannot be read').lower()})") from error
    return True


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there and that this account may see."""
    return next(place for place in (folder, *folder.parents) if _is_visible(place))


def _is_visible(place: Path) -> bool:
    try:
        return place.is_dir()
    except PermissionError:
        return False


def _writable_by_others(place: Path) -> bool:
    try:
        mode = place.stat().st_mode
    except (FileNotFoundError, PermissionError):
        return False
    return bool(mode & (stat.S_IWGRP | stat.S_IWOTH))
