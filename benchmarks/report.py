"""The report: from the results alone, first what was asked for and what came of it, then how, then each experiment."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.catalog import EXPERIMENTS
from benchmarks.figures import Chart, Figure, Finding, Spread, Table
from benchmarks.plots import number, plot, plot_aims
from benchmarks.report_setting import setting
from benchmarks.results import Measured, Results
from benchmarks.tables import in_cell, table

CHARTS = "charts"
AIMS = "aims.svg"
_HEAD = """# What Careplane does, measured

Written by `make bench` (`python -m benchmarks`) from `results.json`; `benchmarks/README.md` says how to read it. What
is compared took turns in one run: a figure is the median of the rounds, with the least and the most of them.
"""


def write_report(results: Results, folder: Path) -> None:
    """Write report.md into the folder, and the charts beside it; charts of which the results say nothing go."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(render(results), encoding="utf-8")
    charts = {folder / CHARTS / AIMS} if aims(results) else set()
    for name, measured in _in_order(results):
        for chart in measured.finding.charts if measured.finding else ():
            plot(chart, file := folder / chart_file(name, chart))
            charts.add(file)
    if aims(results):
        plot_aims(aims(results), folder / CHARTS / AIMS)
    for old in set((folder / CHARTS).glob("*.svg")) - charts:
        old.unlink()


def render(results: Results) -> str:
    """Return the report's text."""
    return "\n".join([_HEAD, *_failures(results), *_aims(results), *setting(_in_order(results)), *_sections(results)])


def aims(results: Results) -> list[tuple[str, Figure]]:
    """Return each figure of which something is asked, with the name of its experiment."""
    return [
        (name, figure)
        for name, measured in _in_order(results)
        for figure in (measured.finding.figures if measured.finding else ())
        if figure.met is not None
    ]


def chart_file(experiment: str, chart: Chart) -> str:
    """Return where a chart goes, seen from the report."""
    name = chart.name if chart.name.startswith(experiment) else f"{experiment}-{chart.name}"
    return f"{CHARTS}/{name}.svg"


def median_and_range(spread: Spread, unit: str) -> str:
    """Write a spread as its median and its range; one round has none."""
    after = f" {unit}" if unit and not unit.startswith(("/", "%")) else unit
    if len(spread.rounds) == 1:
        return f"{number(spread.median)}{after}"
    return f"{number(spread.median)}{after} ({number(spread.low)} to {number(spread.high)})"


def _in_order(results: Results) -> list[tuple[str, Measured]]:
    """Return what was measured in the order of the experiments; what is no experiment any more is left out."""
    return [(name, results.experiments[name]) for name in EXPERIMENTS if name in results.experiments]


def _failures(results: Results) -> Iterator[str]:
    for name, measured in _in_order(results):
        if measured.failure:
            yield f"> **{name} failed** ({measured.at}): {in_cell(measured.failure)}\n"


def _aims(results: Results) -> Iterator[str]:
    yield "## What was asked for\n"
    found = aims(results)
    if found:
        met = sum(figure.met is True for _, figure in found)
        yield f"**{met} of {len(found)} met.** A figure is met when its median is as asked.\n"
        yield f"![How far each figure is from what is asked of it]({CHARTS}/{AIMS})\n"
        columns = ("experiment", "figure", "measured: median (range)", "asked", "")
        yield table(columns, [_aim(name, figure) for name, figure in found])
    missing = [name for name in EXPERIMENTS if name not in results.experiments]
    if missing:
        yield f"Not measured yet: {', '.join(missing)}.\n"


def _aim(name: str, figure: Figure) -> tuple[str, ...]:
    verdict = "✔ met" if figure.met else "✖ **missed**"
    return f"[{name}](#{name})", figure.name, median_and_range(figure.spread, figure.unit), _asked(figure), verdict


def _asked(figure: Figure) -> str:
    after = f" {figure.unit}" if figure.unit and not figure.unit.startswith(("/", "%")) else figure.unit
    if figure.at_least is not None:
        return f"at least {figure.at_least:,g}{after}"
    return "" if figure.at_most is None else f"at most {figure.at_most:,g}{after}"


def _sections(results: Results) -> Iterator[str]:
    for name, measured in _in_order(results):
        yield f'## <a id="{name}"></a>{measured.finding.title if measured.finding else name}\n'
        if measured.finding:
            yield from _section(name, measured.finding)
        else:
            yield f"It failed: {in_cell(measured.failure)}\n"


def _section(name: str, finding: Finding) -> Iterator[str]:
    yield f"{finding.about}\n"
    for chart in finding.charts:
        yield f"![{in_cell(chart.title)}]({chart_file(name, chart)})\n"
    if finding.figures:
        yield table(("figure", "median (range)", "asked", ""), [_figure(figure) for figure in finding.figures])
    for one in finding.tables:
        yield from _table(one)


def _figure(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "✔ met", False: "✖ **missed**", None: ""}[figure.met]
    return figure.name, median_and_range(figure.spread, figure.unit), _asked(figure), verdict


def _table(one: Table) -> Sequence[str]:
    return f"**{one.title}**\n", table(one.columns, one.rows)
