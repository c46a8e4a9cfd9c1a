"""Where tests keep their databases: in memory where that has room, else where temporary files go."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

import psutil

_MEMORY = Path("/dev/shm")
_ENOUGH = 4 << 30


@cache
def room() -> Path:
    """Return the folder for what is written often and thrown away: a killed process loses nothing in memory either."""
    try:
        roomy = min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available) >= _ENOUGH
    except OSError:
        roomy = False
    return _MEMORY if roomy else Path(tempfile.gettempdir())
