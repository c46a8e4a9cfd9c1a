"""The harness itself, once from end to end: what `make bench` does, with hardly anything to measure."""

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.results import Results

ROOT = Path(__file__).parents[2]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the harness as its users do."""
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=150)


@pytest.mark.timeout(180)
def test_it_measures_and_reports(tmp_path: Path) -> None:
    """One turn of one second gives a report, results and charts; the way there is told on standard error."""
    done = run("overload", "--rounds", "1", "--seconds", "1", "--clients", "8", "--into", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "overload (1 of 1)" in done.stderr
    assert "round 1" in done.stderr
    results = Results.read(tmp_path / "results.json")
    measured = results.experiments["overload"]
    assert measured.finding, measured.failure
    assert measured.durability
    report = (tmp_path / "report.md").read_text("utf-8")
    assert "| [overload](#overload) | goodput against capacity |" in report
    charts = list((tmp_path / "charts").glob("*.svg"))
    assert "aims.svg" in [chart.name for chart in charts]
    assert len(charts) >= 2
    assert all(f"](charts/{chart.name})" in report for chart in charts)


def test_it_lists_what_it_can_do() -> None:
    """The experiments, in their order, each with what it is about."""
    done = run("--list")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].split()[0] == "registering"
