"""Python and the libraries: whether they are new enough, and nothing is known to be wrong with them."""

import platform
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata

from careplane.app.doctor.case import Case
from careplane.app.doctor.finding import Finding, ok, problem
from careplane.app.known_faults import KNOWN_FAULTS, KnownFault

_OLDEST_PYTHON = (3, 11)


async def check_python(_case: Case) -> Sequence[Finding]:
    """Look at Python's version."""
    if sys.version_info[:2] < _OLDEST_PYTHON:
        return [
            problem("python", f"it is {platform.python_version()}", "Install Python 3.11 or later, then `make env`.")
        ]
    return [ok("python", f"{platform.python_implementation()} {platform.python_version()}")]


async def check_libraries(_case: Case) -> Sequence[Finding]:
    """Look for libraries with known faults."""
    versions = {one.metadata["Name"].lower(): one.version for one in metadata.distributions()}
    return faulty(versions) or [ok("libraries", f"none of {len(versions)} is known to be faulty")]


def faulty(versions: Mapping[str, str], known: Iterable[KnownFault] = KNOWN_FAULTS) -> Sequence[Finding]:
    """Return a problem for each version that is lower than the first one without the fault."""
    return [
        problem(
            "libraries",
            f"{one.package} {versions[one.package]} has a fault: {one.why}",
            f"Install {one.package} {one.lowest} or later: `make env` does, from config/requirements.lock.",
        )
        for one in known
        if one.package in versions and _numbers(versions[one.package]) < _numbers(one.lowest)
    ]


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version's release: what comes after them makes no difference here."""
    release = re.match(r"[0-9.]*", version)
    return tuple(int(number) for number in (release[0] if release else "").split(".") if number)
