"""What the one file needs of a machine: the C library, and nothing else that is not in it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from tests.binary.one_file import OneFile, Running

pytestmark = pytest.mark.timeout(180)
C_LIBRARY: Final = frozenset(
    f"lib{name}"
    for name in ("c.so.6", "dl.so.2", "m.so.6", "pthread.so.0", "resolv.so.2", "rt.so.1", "util.so.1", "anl.so.1")
)
NEEDED: Final = re.compile(r"^  NEEDED +(\S+)", re.MULTILINE)
VERSION: Final = re.compile(r"GLIBC_(\d+)\.(\d+)")
BEGINS_WITH: Final = b"\x7fELF"


def is_code(path: Path) -> bool:
    """Tell whether a file is a program or a library."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == BEGINS_WITH


def told_by(path: Path) -> str:
    """Return what a program or library says of itself."""
    objdump = shutil.which("objdump")
    assert objdump is not None, "the one file cannot have been built here: that needs objdump, of binutils, too"
    return subprocess.run([objdump, "-p", path], capture_output=True, text=True, check=True, timeout=30).stdout


def test_it_needs_the_c_library_only(one_file: OneFile) -> None:
    """Each library that something in it is linked to is in it as well, or is the C library's."""
    running = Running(one_file)
    running.wait_until_ready()
    (unpacked,) = one_file.unpacked()
    files = [path for folder in (unpacked, one_file.here / "data" / "programs") for path in folder.rglob("*")]
    code = [path for path in files if is_code(path)]
    told = {path.name: told_by(path) for path in (one_file.file, *code)}
    assert running.stop() == 0
    there = {path.name for path in files} | C_LIBRARY
    lacking = {name: missing for name, text in told.items() if (missing := set(NEEDED.findall(text)) - there)}
    lacking = {name: {one for one in missing if not one.startswith("ld-linux")} for name, missing in lacking.items()}
    assert not any(lacking.values()), lacking
    newest = max((int(major), int(minor)) for text in told.values() for major, minor in VERSION.findall(text))
    print(f"{len(told)} programs and libraries; needs glibc {newest[0]}.{newest[1]} or newer")  # noqa: T201
