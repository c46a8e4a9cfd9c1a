"""What an experiment gives back: figures with what they must reach, tables, and charts."""

import statistics
from collections.abc import Sequence
from typing import Self

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """One value a round, seen as their median and their range."""

    rounds: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Take one value a round; there must be one at least."""
        assert values, "there was no round"
        return cls(tuple(values))

    @classmethod
    def ratio(cls, above: Sequence[float], below: Sequence[float]) -> Self:
        """Divide round by round: the two of one round were measured right after each other."""
        return cls.of([a / b for a, b in zip(above, below, strict=True)])

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.rounds)

    @property
    def low(self) -> float:
        """The least of the rounds."""
        return min(self.rounds)

    @property
    def high(self) -> float:
        """The most of the rounds."""
        return max(self.rounds)


class Figure(msgspec.Struct, frozen=True):
    """A number that says something, and what it is to be: at least, or at most, where anything is asked of it."""

    name: str
    spread: Spread
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the median is as asked; None where nothing is."""
        if self.at_least is not None:
            return self.spread.median >= self.at_least
        return None if self.at_most is None else self.spread.median <= self.at_most


class Table(msgspec.Struct, frozen=True):
    """Rows under a title, all cells as they are to be read."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Line(msgspec.Struct, frozen=True):
    """One system in a chart: a spread for each place on the x axis."""

    name: str
    spreads: tuple[Spread, ...]


class Chart(msgspec.Struct, frozen=True):
    """Lines over a row of places on the x axis: bars where `places` are words, lines where they are numbers."""

    name: str
    title: str
    x_label: str
    y_label: str
    places: tuple[str | float, ...]
    lines: tuple[Line, ...]
    log_y: bool = False


class Finding(msgspec.Struct, frozen=True):
    """All that one experiment found out."""

    experiment: str
    title: str
    about: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
