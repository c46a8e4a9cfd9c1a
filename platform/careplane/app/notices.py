"""The licences of Careplane and of all that it is made from, as whoever passes it on has to pass them on too."""

import re
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

WRITTEN: Final = "notices.txt"
"""The file beside this one that holds them in the one-file program, whose libraries are not installed anywhere."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LICENCE = re.compile(r"licen[sc]e|copying|notice|authors", re.IGNORECASE)
_TEXTS: Final = (".dist-info/", ".egg-info/")
_RULE = "=" * 100


def notices() -> str:
    """Return the licences: those that were written down when the one-file program was made, or of what is installed."""
    written = Path(__file__).with_name(WRITTEN)
    return written.read_text("utf-8") if written.exists() else text_of(needed("careplane"))


def needed(name: str) -> tuple[metadata.Distribution, ...]:
    """Return an installed distribution and all that it needs to run, each once, by name."""
    found: dict[str, metadata.Distribution] = {}
    _gather(name, found)
    return tuple(found[key] for key in sorted(found))


def _gather(name: str, found: dict[str, metadata.Distribution]) -> None:
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in found:
        return
    try:
        found[key] = metadata.distribution(name)
    except metadata.PackageNotFoundError:  # wanted elsewhere only: its markers say for which Python or which system
        return
    for requirement in found[key].requires or ():
        wanted, _, marker = requirement.partition(";")
        if (match := _NAME.match(wanted)) and "extra" not in marker:
            _gather(match[0], found)


def text_of(distributions: Iterable[metadata.Distribution]) -> str:
    """Return name, version, licence and the licence's texts of each."""
    return "".join(section(*_titled(one)) for one in distributions)


def section(title: str, texts: Iterable[str]) -> str:
    """Return the texts under their title."""
    return "\n".join([_RULE, title, _RULE, "", *(f"{text.strip()}\n" for text in texts), ""])


def _titled(one: metadata.Distribution) -> tuple[str, Iterator[str]]:
    licence = next(filter(None, _licences(one.metadata)), "see below")
    return f"{one.name} {one.version}: {licence}", _texts(one)


def _licences(about: metadata.PackageMetadata) -> Iterator[str]:
    yield from about.get_all("License-Expression") or ()
    yield from (text.partition("\n")[0] for text in about.get_all("License") or ())
    yield from (line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License"))


def _texts(one: metadata.Distribution) -> Iterator[str]:
    for file in one.files or ():
        if any(mark in str(file) for mark in _TEXTS) and _LICENCE.search(file.name):
            yield Path(str(file.locate())).read_text("utf-8", errors="replace")
