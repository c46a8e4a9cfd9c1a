"""What a command says at the terminal: lines, and progress as a bar there and as plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

_SECONDS_BETWEEN_LINES = 5.0
_WIDE = 1000


class Report(Protocol):
    """Takes note of progress."""

    def __call__(self, done: int, /) -> None:
        """Say how much is done in all."""
        ...


def say(line: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def show(table: Table) -> None:
    """Print a table: fitted to a terminal, and elsewhere as wide as it needs to be, so that nothing is cut off."""
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


@contextmanager
def progress(what: str, total: int) -> Iterator[Report]:
    """Show progress towards `total` while the body runs: a bar on a terminal, a line every few seconds elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(what, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


class _Lines:
    """Says how far things are, now and then."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES

    def __call__(self, done: int, /) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
            sys.stderr.write(f"{self._what}: {done} of {self._total}\n")
