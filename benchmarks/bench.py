"""What every experiment is given: how much to measure, where to put things, systems to measure, and whom to tell."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from benchmarks.systems.catalog import SYSTEMS
from benchmarks.systems.running import Running
from rich.console import Console

T = TypeVar("T")


@dataclass(frozen=True)
class Bench:
    """How an experiment measures; `seconds` is the length of one turn of one system."""

    folder: Path
    rounds: int = 4
    seconds: float = 8.0
    clients: int = 64
    rate: int = 1000
    sizes: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    """How many patients the tables have whose sizes are compared."""
    seed: int = 1
    console: Console = field(default_factory=lambda: Console(stderr=True, width=120))
    on_running: Callable[[Running], object] = field(default=lambda _: None)
    """Is shown each system as soon as it runs."""

    against: Running | None = None
    """Somebody else's system (`systems/against.py`), to be measured beside ours."""

    def say(self, text: str) -> None:
        """Tell who waits how far it is."""
        self.console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {text}", highlight=False)

    def scratch(self, name: str) -> Path:
        """Return a folder of this name, where what is put stays until the whole run ends."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @contextmanager
    def running(self, *names: str, within: str = "") -> Iterator[tuple[Running, ...]]:
        """Run the systems of these names side by side, each with the data that it had in this run before.

        `within` names data of its own for all of them: of an experiment that needs it otherwise than others.
        """
        with ExitStack() as stack:
            started = []
            for name in names:
                self.say(f"starting {name}")
                started.append(stack.enter_context(SYSTEMS[name](self.scratch(f"{within or 'data'}/{name}"))))
                self.on_running(started[-1])
            yield tuple(started)

    def in_turns(
        self, systems: tuple[Running, ...], measure: Callable[[Running], T], *, show: Callable[[T], str]
    ) -> list[list[T]]:
        """Measure the systems A B A B: one turn each to warm up, then `rounds`; return each one's values of the rounds.

        After a turn all that follows from it is waited for, so that no work of one falls into the turn of another.
        """
        found: list[list[T]] = [[] for _ in systems]
        for turn in range(self.rounds + 1):
            for system, values in zip(systems, found, strict=True):
                value = measure(system)
                system.settle()
                if turn:
                    values.append(value)
                self.say(f"  {f'round {turn}' if turn else 'warm-up':8} {system.name:12} {show(value)}")
        return found
