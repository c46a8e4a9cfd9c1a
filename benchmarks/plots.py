"""Charts as SVG: medians with the range of the rounds, in colours that every eye tells apart; always the same bytes."""

import itertools
import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import Chart, Figure, Line, Spread
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

# Okabe and Ito's colours; a system has its own in every chart.
_OF_SYSTEMS = {
    "noop": "#7f7f7f",
    "one": "#0072b2",
    "split": "#e69f00",
    "per-request": "#009e73",
    "common": "#d55e00",
    "raw": "#cc79a7",
    "against": "#56b4e9",
}
_OTHERS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#000000")
_MARKERS = "osD^vPX"
_MET, _MISSED, _INK = "#0072b2", "#d55e00", "#222222"
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "careplane",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#e5e5e5",
    "legend.frameon": False,
}
_WIDE = 8.0
_HIGH = 4.2
_MANY_TIMES = 20
_MOST_LABELS = 16
_PLACE_WIDE = 18
_EDGE = 8.0


def plot(chart: Chart, file: Path) -> None:
    """Draw a chart: bars where its places are words, lines where they are numbers."""
    with rc_context(_SETTINGS):
        canvas = Canvas(figsize=(_WIDE, _HIGH), layout="constrained", facecolor="white")
        axes = canvas.add_subplot()
        if all(isinstance(place, str) for place in chart.places):
            _bars(axes, chart)
        else:
            _lines(axes, chart, [float(place) for place in chart.places])
        axes.set_title(chart.title, loc="left", fontweight="bold", pad=26 if len(chart.lines) > 1 else 8)
        axes.set_xlabel(chart.x_label)
        axes.set_ylabel(chart.y_label)
        _scale_y(axes, chart)
        if len(chart.lines) > 1:
            axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=len(chart.lines), handlelength=1.4)
        _save(canvas, file)


def plot_aims(aims: Sequence[tuple[str, Figure]], file: Path) -> None:
    """Draw how far each figure of an experiment is from what is asked of it: right of the line it is met."""
    with rc_context({**_SETTINGS, "axes.grid.axis": "x"}):
        canvas = Canvas(figsize=(_WIDE, 0.9 + 0.34 * len(aims)), layout="constrained", facecolor="white")
        axes = canvas.add_subplot()
        for at, (_, figure) in enumerate(aims):
            spread = _times_asked(figure)
            colour, marker = (_MET, "o") if figure.met else (_MISSED, "X")
            axes.plot((spread.low, spread.high), (at, at), color=colour, linewidth=3, alpha=0.45)
            axes.plot(spread.median, at, marker, color=colour, markersize=8)
        axes.axvline(1, color=_INK, linewidth=1)
        axes.set_yticks(range(len(aims)), [f"{name}: {figure.name}" for name, figure in aims])
        axes.set_ylim(len(aims) - 0.5, -0.5)
        axes.set_xscale("log")
        _widen_around_one(axes)
        axes.set_xlabel("times better than asked (● met, ✖ missed)")
        _save(canvas, file)


def number(value: float) -> str:
    """Write a number with three digits that count, or whole if it has more."""
    if value == 0 or not math.isfinite(value):
        return f"{value:.0f}"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{max(0, min(digits, 3))}f}"


def _times_asked(figure: Figure) -> Spread:
    """Divide what was measured by what is asked for, or the other way round, so that more is better.

    What is off the chart stands at its edge: a measured 0, for one, is infinitely good or bad.
    """
    asked = figure.at_most if figure.at_least is None else figure.at_least
    assert asked is not None, f"nothing is asked of {figure.name}"
    rounds = figure.spread.rounds
    better = [_over(value, asked) if figure.at_most is None else _over(asked, value) for value in rounds]
    return Spread.of([min(_EDGE, max(1 / _EDGE, times)) for times in better])


def _over(above: float, below: float) -> float:
    return above / below if below else math.inf


def _widen_around_one(axes: Axes) -> None:
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.5), max(high, 2.0))
    axes.axvspan(axes.get_xlim()[0], 1, color=_MISSED, alpha=0.07, linewidth=0)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _colours(lines: Sequence[Line]) -> list[str]:
    taken = {_OF_SYSTEMS.get(line.name) for line in lines}
    free = itertools.cycle([colour for colour in _OTHERS if colour not in taken] or _OTHERS)
    return [_OF_SYSTEMS.get(line.name) or next(free) for line in lines]


def _bars(axes: Axes, chart: Chart) -> None:
    width = min(0.8 / len(chart.lines), 0.4)
    few = len(chart.lines) * len(chart.places) <= _MOST_LABELS
    for nth, (line, colour) in enumerate(zip(chart.lines, _colours(chart.lines), strict=True)):
        at = [place + (nth - (len(chart.lines) - 1) / 2) * width for place in range(len(chart.places))]
        medians = [spread.median for spread in line.spreads]
        axes.bar(at, medians, width * 0.92, color=colour, label=line.name)
        _ranges(axes, at, line.spreads)
        for x, spread in zip(at, line.spreads, strict=True) if few else ():
            where = (x, spread.high)
            axes.annotate(number(spread.median), where, (0, 3), textcoords="offset points", ha="center", fontsize=8)
    axes.set_xticks(range(len(chart.places)), [textwrap.fill(str(place), _PLACE_WIDE) for place in chart.places])
    axes.set_xlim(-0.6, len(chart.places) - 0.4)
    axes.tick_params(axis="x", length=0)


def _lines(axes: Axes, chart: Chart, places: Sequence[float]) -> None:
    for line, colour, marker in zip(chart.lines, _colours(chart.lines), itertools.cycle(_MARKERS), strict=False):
        medians = [spread.median for spread in line.spreads]
        axes.plot(places, medians, marker=marker, color=colour, label=line.name, linewidth=1.8)
        _ranges(axes, places, line.spreads, colour)
    if min(places) > 0 and max(places) / min(places) > _MANY_TIMES:
        axes.set_xscale("log")
    axes.set_xticks(places, [f"{place:,g}" if place < 1e6 else f"{place:,.0f}" for place in places])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_minor_locator(NullLocator())


def _ranges(axes: Axes, at: Sequence[float], spreads: Sequence[Spread], colour: str = _INK) -> None:
    below = [spread.median - spread.low for spread in spreads]
    above = [spread.high - spread.median for spread in spreads]
    medians = [spread.median for spread in spreads]
    axes.errorbar(at, medians, (below, above), fmt="none", ecolor=colour, elinewidth=1, capsize=3)


def _scale_y(axes: Axes, chart: Chart) -> None:
    if chart.log_y:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if value < 1e6 else f"{value:,.0f}"))
    axes.margins(y=0.12)


def _save(canvas: Canvas, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    dated = {"Date": None} if file.suffix == ".svg" else None
    canvas.savefig(file, dpi=110, metadata=dated)
