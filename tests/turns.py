"""Tests that measure time run alone: the workers of a run take turns, and who is alone keeps all others waiting."""

import fcntl
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest


@contextmanager
def _held(file: Path, how: int) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, how)  # until somebody's test is over, which has its own time limit
        yield


@contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Wait at the door, for one after the other, until the room is free for us: for one who is alone it is empty."""
    with ExitStack() as inside:
        with _held(folder / "door", fcntl.LOCK_EX):
            inside.enter_context(_held(folder / "room", fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run each test when it is its turn; waiting for that does not count against its time limit."""
    if not hasattr(item.config, "workerinput"):
        return (yield)
    factory: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]
    with turn(factory.getbasetemp().parent, alone=item.get_closest_marker("alone") is not None):
        return (yield)
