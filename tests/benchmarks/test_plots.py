"""Charts: they are drawn, readable by machines, and the same each time."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from benchmarks.figures import Chart, Figure, Spread
from benchmarks.plots import plot, plot_aims
from tests.benchmarks.examples import BARS, LINES, MET, MISSED, PLAIN, SLOW


@pytest.mark.parametrize("chart", [BARS, LINES], ids=["bars", "lines"])
def test_a_chart_is_drawn_the_same_each_time(chart: Chart, tmp_path: Path) -> None:
    """So that a chart in a repository changes when its figures do."""
    plot(chart, tmp_path / "one.svg")
    plot(chart, tmp_path / "two.svg")
    drawn = (tmp_path / "one.svg").read_bytes()
    assert drawn == (tmp_path / "two.svg").read_bytes()
    root = ET.fromstring(drawn)  # noqa: S314 - we drew it
    assert root.tag.endswith("svg")
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 20


def test_aims_are_drawn(tmp_path: Path) -> None:
    """Those of at least and those of at most, met and missed."""
    plot_aims([("registering", MET), ("registering", MISSED), ("search", SLOW)], tmp_path / "aims.svg")
    assert b"<svg" in (tmp_path / "aims.svg").read_bytes()


def test_what_is_off_the_chart_stands_at_its_edge(tmp_path: Path) -> None:
    """A measured 0 is infinitely good where little is asked for, and infinitely bad where much is."""
    none = Spread.of([0.0])
    plot_aims([("x", Figure("a", none, at_most=2)), ("x", Figure("b", none, at_least=2))], tmp_path / "aims.svg")
    assert b"<svg" in (tmp_path / "aims.svg").read_bytes()


def test_what_nothing_is_asked_of_is_no_aim(tmp_path: Path) -> None:
    """It could be drawn nowhere."""
    with pytest.raises(AssertionError, match="nothing is asked"):
        plot_aims([("registering", PLAIN)], tmp_path / "aims.svg")
