"""The one-file program for tests: only `make binary` has one, since building it takes a minute."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.binary.one_file import NOBODY, OneFile

BUILT = "CAREPLANE_TEST_BINARY"


@pytest.fixture(scope="session")
def built() -> Path:
    """Give the file that `make binary` has built; without it the test is skipped."""
    named = os.environ.get(BUILT)
    if not named:
        pytest.skip(f"{BUILT} names no file: `make binary` builds it and runs these tests")
    return Path(named).resolve(strict=True)


@pytest.fixture
def unpack(built: Path) -> Iterator[Callable[..., OneFile]]:
    """Give a way to put the file into an empty folder, whose path tells nobody where this project is."""
    made: list[OneFile] = []

    def put(**how: str | int | None) -> OneFile:
        one = OneFile(built, Path(tempfile.mkdtemp(prefix="careplane-file-")), **how)  # type: ignore[arg-type]
        made.append(one)
        return one

    yield put
    for one in made:
        one.clear_away()


@pytest.fixture
def one_file(unpack: Callable[..., OneFile]) -> OneFile:
    """Give the file in an empty folder, run by an ordinary account."""
    return unpack(account=NOBODY if os.geteuid() == 0 else None)
