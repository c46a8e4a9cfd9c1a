"""How the project is put together: the packages, the lock, the direction of imports, and what tracked files tell."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "config" / "requirements.lock").read_text()
PINNED = re.findall(r"^([A-Za-z0-9._-]+)==([^ \\\n]+)", LOCK, re.MULTILINE)
WANTED = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
# Parts are joined here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = tuple(f"{host}.org" for host in ("files.pythonhosted", "pypi", "registry.npmjs", "crates"))


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder and return what it said."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=50)


def tracked_files() -> list[Path]:
    """List the files that git knows or would add, or none outside of git."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_source_root_does_not_hide_the_standard_library() -> None:
    """platform/ is a folder, not a package, and `import platform` from the root is the standard library's."""
    assert not (ROOT / "platform" / "__init__.py").exists()
    said = run(sys.executable, "-c", "import platform; print(platform.system())")
    assert said.returncode == 0, said.stderr
    assert said.stdout.strip()


def test_imports_point_the_way_they_should() -> None:
    """Every contract in pyproject.toml holds."""
    said = run(Path(sys.executable).parent / "lint-imports", "--no-logo")
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("wanted", WANTED)
def test_the_lock_covers_what_is_wanted(wanted: str) -> None:
    """Each dependency is pinned at a version that pyproject.toml allows; if not, `make lock`."""
    requirement = Requirement(wanted)
    versions = [version for name, version in PINNED if canonicalize_name(name) == canonicalize_name(requirement.name)]
    assert versions, "not in the lock"
    assert all(Version(version) in requirement.specifier for version in versions)


def test_every_pin_has_hashes_and_nothing_else() -> None:
    """The lock holds pins and hashes: no addresses, no paths, no options."""
    entries = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) == len(PINNED)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCK
    assert not re.search(r"^-", LOCK, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "least"), [("h2", "4.3"), ("litestar", "2.20"), ("pyjwt", "2.12"), ("uvloop", "0.23")]
)
def test_versions_with_known_dangers_are_out(name: str, least: str) -> None:
    """Where an older version is known to do harm, the lock is past it (or does not have the package)."""
    assert all(Version(version) >= Version(least) for pinned, version in PINNED if pinned.lower() == name)


def test_no_file_names_a_registry() -> None:
    """Where packages come from is the machine's business."""
    offenders = [
        path.name for path in tracked_files() if any(host.encode() in path.read_bytes() for host in REGISTRY_HOSTS)
    ]
    assert offenders == []


def test_make_alone_lists_what_there_is() -> None:
    """`make` explains itself."""
    said = run("make")
    assert said.returncode == 0
    for target in ("env", "dev", "test", "check", "format"):
        assert f"make {target}" in said.stdout


def test_an_old_python_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """`make env` without uv and with a Python before 3.11 says so and ends with an error."""
    for name, script in {"uv": "exit 127", "python3": '[ "$1" = -V ] && echo "Python 3.9.2"; [ "$2" = "" ]'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "env").write_text((ROOT / ".ci" / "env").read_text())
    command = f"PATH={tmp_path}:$PATH sh {tmp_path}/.ci/env"
    said = run("sh", "-c", command)
    assert said.returncode == 1
    assert said.stderr.count("\n") == 1, said.stderr
    assert "needs Python 3.11 or newer" in said.stderr
