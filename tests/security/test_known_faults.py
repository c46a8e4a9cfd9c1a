"""Versions with known faults are out: of the lock, of what pyproject.toml allows, and of the environment itself."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tests.architecture.test_packaging import PINNED, PROJECT, ROOT

from careplane.app.known_faults import KNOWN_FAULTS, KnownFault

WANTED = [
    Requirement(text)
    for text in (
        *PROJECT["project"]["dependencies"],
        *(text for group in PROJECT["dependency-groups"].values() for text in group),
    )
]
GOOD = {fault.package: fault.lowest for fault in KNOWN_FAULTS}


def named(fault: KnownFault) -> str:
    """Name a fault in a test's id."""
    return fault.package


def below(versions: list[str], lowest: str) -> list[str]:
    """Return which of the versions have the fault."""
    return [found for found in versions if Version(found) < Version(lowest)]


def allows_below(wanted: Requirement, lowest: str) -> bool:
    """Tell whether a requirement leaves the door open to versions with the fault."""
    bounds = [Version(one.version) for one in wanted.specifier if one.operator in (">=", "==", "~=", ">")]
    return not bounds or max(bounds) < Version(lowest)


@pytest.mark.parametrize("fault", KNOWN_FAULTS, ids=named)
def test_the_lock_has_no_version_with_a_known_fault(fault: KnownFault) -> None:
    """The package is in the lock, in good versions only."""
    pinned = [found for name, found in PINNED if canonicalize_name(name) == fault.package]
    assert pinned, f"{fault.package} is no longer in the lock: take it out of the table"
    assert not below(pinned, fault.lowest), fault.why


@pytest.mark.parametrize("fault", KNOWN_FAULTS, ids=named)
def test_pyproject_allows_no_version_with_a_known_fault(fault: KnownFault) -> None:
    """Where the project names the package, its lower bound is past the fault."""
    for wanted in WANTED:
        if canonicalize_name(wanted.name) == fault.package:
            assert not allows_below(wanted, fault.lowest), fault.why


@pytest.mark.parametrize("fault", KNOWN_FAULTS, ids=named)
def test_what_is_installed_has_no_known_fault(fault: KnownFault) -> None:
    """The environment that runs this is as good as the lock."""
    try:
        installed = version(fault.package)
    except PackageNotFoundError:
        pytest.fail(f"{fault.package} is in the lock and not installed: run `make env`")
    assert not below([installed], fault.lowest), fault.why


def test_the_check_can_fail() -> None:
    """An old version is found out, a bound that is too low too, and one that is missing."""
    assert below(["0.22.1", "0.23.0"], "0.23.0") == ["0.22.1"]
    assert allows_below(Requirement("uvloop>=0.22"), "0.23.0")
    assert allows_below(Requirement("uvloop"), "0.23.0")
    assert allows_below(Requirement("uvloop<1"), "0.23.0")
    assert not allows_below(Requirement("uvloop>=0.23.0"), "0.23.0")


def test_the_versions_that_are_asked_for_are_held() -> None:
    """The bounds that the project was given stand in the table, each fault says what it does, and names are sorted."""
    for package, lowest in {"uvloop": "0.23.0", "h2": "4.3", "litestar": "2.20", "pyjwt": "2.12"}.items():
        assert Version(GOOD[package]) >= Version(lowest)
    assert all(len(fault.why) > 20 for fault in KNOWN_FAULTS)
    assert [fault.package for fault in KNOWN_FAULTS] == sorted(GOOD)


def test_every_package_comes_with_its_digest() -> None:
    """What is installed is what was locked: every pin has hashes, and `make env` insists on them."""
    entries = re.split(r"^(?=[A-Za-z0-9])", (ROOT / "config/requirements.lock").read_text(), flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "--require-hashes" in (ROOT / ".ci" / "env").read_text()


def test_the_lock_covers_every_group() -> None:
    """What tests, benchmarks and fuzzing need is locked too, for each Python that it is wanted on."""
    pinned = {canonicalize_name(name) for name, _ in PINNED}
    assert {canonicalize_name(wanted.name) for wanted in WANTED} <= pinned
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"].keys() == {"dev", "bench", "fuzz"}
