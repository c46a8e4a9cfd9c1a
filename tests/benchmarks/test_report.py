"""The report: what a reader finds in it, from a file of results alone."""

from pathlib import Path

import msgspec
import pytest
from benchmarks.figures import Spread
from benchmarks.plots import number
from benchmarks.report import median_and_range, render, write_report
from benchmarks.results import Results
from tests.benchmarks.examples import MACHINE, RESULTS, SEARCH, measured


def test_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    """The file has all of it, and other experiments stay when one is put anew."""
    RESULTS.write(tmp_path / "results.json")
    read = Results.read(tmp_path / "results.json")
    assert read == RESULTS
    again = read.with_one("search", measured(failure="no"))
    assert again.experiments["registering"] == RESULTS.experiments["registering"]
    assert again.experiments["search"].failure == "no"


def test_without_a_file_there_are_no_results(tmp_path: Path) -> None:
    """A first run begins with nothing, and says what is not measured yet."""
    nothing = Results.read(tmp_path / "results.json")
    assert nothing == Results()
    assert "Not measured yet: registering, reading," in render(nothing)


def test_the_aims_come_first() -> None:
    """Each figure of which something is asked, in the order of the experiments: measured, asked, met or missed."""
    text = render(RESULTS)
    assert "**1 of 3 met.**" in text
    rows = [line for line in text.partition("## How")[0].splitlines() if line.startswith("| ")][2:]
    assert rows == [
        "| [registering](#registering) | register, against noop | 0.800 (0.700 to 0.900) | at least 0.75 | ✔ met |",
        "| [registering](#registering) | register, against common | 10.0 (9.00 to 11.0) | at least 12 | ✖ **missed** |",
        "| [search](#search) | search, p95 | 45.0 ms | at most 30 ms | ✖ **missed** |",
    ]


def test_a_failure_is_said_at_the_top() -> None:
    """In one line, and the findings of the others are there."""
    text = render(RESULTS)
    assert text.index("> **overload failed** (2026-11-23 05:00 UTC): The server was not ready") < text.index("## What")
    assert '## <a id="overload"></a>overload\n\nIt failed: The server was not ready within 180 s.' in text
    assert "noop: rate" in text


def test_how_it_was_measured_is_described() -> None:
    """The machine, the versions, how much of it, and what durable meant."""
    text = render(RESULTS)
    assert "**The machine:** 2 cores (A processor), 23.5 GiB of memory, Linux 6.18 x86_64" in text
    assert "careplane 0.1.0, wrk none." in text
    assert "3 rounds of 8 s, 64 clients, 1,000/s; sizes compared: 1,000, 100,000" in text
    assert "| system | fsync | synchronous_commit | full_page_writes | wal_sync_method | server_version |" in text
    assert "| one | on | on | on | fdatasync | 18.6 |" in text
    assert "Without a PostgreSQL of ours: noop." in text


def test_machines_that_differ_are_told_apart() -> None:
    """Who measures again elsewhere finds which experiment ran where, and that memory forgets."""
    other = msgspec.structs.replace(MACHINE, cores=8, file_system="tmpfs")
    text = render(RESULTS.with_one("search", measured(SEARCH, machine=other)))
    assert "**The machine of registering, overload:** 2 cores" in text
    assert "**The machine of search:** 8 cores" in text
    assert "these figures flatter" in text


def test_a_report_has_its_charts(tmp_path: Path) -> None:
    """Each picture that it shows is there; one of an experiment that has none any more goes."""
    write_report(RESULTS, tmp_path)
    charts = sorted(file.name for file in (tmp_path / "charts").iterdir())
    assert charts == ["aims.svg", "registering.svg", "search-by-size.svg"]
    text = (tmp_path / "report.md").read_text()
    assert all(f"](charts/{name})" in text for name in charts)
    write_report(Results({"search": RESULTS.experiments["search"]}), tmp_path)
    assert not (tmp_path / "charts" / "registering.svg").exists()


def test_a_bar_in_a_cell_is_no_border() -> None:
    """What an experiment writes into a table cannot break it."""
    assert "| a\\|b | 70 % |" in render(RESULTS)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.01234, "0.012"), (0.756, "0.756"), (1.234, "1.23"), (45.67, "45.7"), (12_345.6, "12,346")],
)
def test_numbers_have_the_digits_that_count(value: float, text: str) -> None:
    """Three of them, or all before the point."""
    assert number(value) == text


def test_one_round_has_no_range() -> None:
    """Where there was one only, no range is pretended."""
    assert median_and_range(Spread.of([2.0]), "/s") == "2.00/s"
    assert median_and_range(Spread.of([0.95]), "%") == "0.950%"
