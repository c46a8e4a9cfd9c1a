"""A turn of a system: a load, and what processor time it took, until all that follows from it is done."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Line, Spread, Table
from benchmarks.load.loading import Load, closed_loop, none_failed
from benchmarks.systems.running import Running

DATABASE = "PostgreSQL"


class Turn(msgspec.Struct, frozen=True):
    """What came of a load, and how many microseconds of processor each process took for a request."""

    load: Load
    cpu: Mapping[str, float]

    @property
    def database(self) -> float:
        """Microseconds of PostgreSQL's processes."""
        return self.cpu.get(DATABASE, 0.0)

    @property
    def server(self) -> float:
        """Microseconds of all other processes."""
        return sum(self.cpu.values()) - self.database

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.load.rate


class Turns(msgspec.Struct, frozen=True):
    """The turns of a system in all rounds."""

    name: str
    turns: tuple[Turn, ...]

    def spread(self, of: Callable[[Turn], float]) -> Spread:
        """Return one thing of all rounds."""
        return Spread.of([of(turn) for turn in self.turns])

    @property
    def rate(self) -> Spread:
        """Answers a second."""
        return self.spread(lambda turn: turn.rate)

    @property
    def p50(self) -> Spread:
        """The time within which half of all were answered, in milliseconds."""
        return self.spread(lambda turn: turn.load.p50)

    @property
    def p99(self) -> Spread:
        """The time within which 99 of 100 were answered, in milliseconds."""
        return self.spread(lambda turn: turn.load.p99)

    def against(self, other: "Turns") -> Spread:
        """Return how many times as fast as another system this one is, round by round."""
        return Spread.ratio([turn.rate for turn in self.turns], [turn.rate for turn in other.turns])

    def answers(self, what: str) -> list[Figure]:
        """Return the rate and the times of answers as figures."""
        return [
            Figure(f"{what}: rate", self.rate, "/s"),
            Figure(f"{what}: p50", self.p50, "ms"),
            Figure(f"{what}: p99", self.p99, "ms"),
        ]


def closed(
    bench: Bench, systems: Sequence[Running], corpus: Callable[[Running], Path], clients: int = 0
) -> dict[str, Turns]:
    """Let systems take turns at what `corpus` gives for each, by as many clients as the bench has, or so many."""
    found = bench.in_turns(
        tuple(systems), lambda system: _turn(bench, system, corpus(system), clients or bench.clients), show=_shown
    )
    return {system.name: Turns(system.name, tuple(turns)) for system, turns in zip(systems, found, strict=True)}


def rates_line(name: str, turns: Sequence[Turns]) -> Line:
    """Return the rates of one system, place by place."""
    return Line(name, tuple(one.rate for one in turns))


def work_table(what: str, systems: Sequence[Turns]) -> Table:
    """Return how much processor time a request took, system by system."""
    rows = [
        (one.name, middle(one.spread(lambda turn: turn.server)), middle(one.spread(lambda turn: turn.database)))
        for one in systems
    ]
    return Table(f"Microseconds of processor {what}", ("system", "server", DATABASE), tuple(rows))


def middle(spread: Spread) -> str:
    """Write a median with its range, in whole numbers."""
    return f"{spread.median:.0f} ({spread.low:.0f} to {spread.high:.0f})"


def _turn(bench: Bench, system: Running, corpus: Path, clients: int) -> Turn:
    before = _cpu(system)
    load = none_failed(closed_loop(system, corpus, clients=clients, seconds=bench.seconds), system.name)
    system.settle()
    after = _cpu(system)
    return Turn(load, {name: (after[name] - before.get(name, 0.0)) / load.sent * 1e6 for name in after})


def _cpu(system: Running) -> Mapping[str, float]:
    if system.process is None:
        return {}  # it runs elsewhere, and nobody but who started it can say
    return system.cpu_seconds()


def _shown(turn: Turn) -> str:
    load = turn.load
    times = f"p50 {load.p50:6.1f} ms  p99 {load.p99:6.1f} ms"
    return f"{load.rate:8.0f}/s  {times}  processor {turn.server:.0f} + {turn.database:.0f} us"
