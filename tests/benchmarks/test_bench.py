"""What experiments are given: systems taking turns, each shown once it runs, and stopped when all of it is over."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from benchmarks.bench import Bench
from benchmarks.systems.catalog import SYSTEMS
from benchmarks.systems.running import Running
from rich.console import Console


def bench(folder: Path, **more: object) -> Bench:
    """Return a bench of two rounds that says nothing here."""
    return Bench(folder, rounds=2, console=Console(file=io.StringIO()), **more)  # type: ignore[arg-type]


def test_systems_take_turns_and_the_first_does_not_count(tmp_path: Path) -> None:
    """A B A B A B: of three turns each, the values of two."""
    systems = tuple(Running(name, "http://127.0.0.1:1", "") for name in "AB")
    turns: list[str] = []

    def measure(system: Running) -> int:
        turns.append(system.name)
        return len(turns)

    found = bench(tmp_path).in_turns(systems, measure, show=str)
    assert "".join(turns) == "ABABAB"
    assert found == [[3, 5], [4, 6]]


def test_what_was_started_is_shown_and_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens in between; and each has a folder of its own."""
    events: list[str] = []

    @contextmanager
    def system(folder: Path) -> Iterator[Running]:
        events.append(f"start {folder.relative_to(tmp_path)}")
        try:
            yield Running(folder.name, "http://127.0.0.1:1", "")
        finally:
            events.append(f"stop {folder.name}")

    for name in ("A", "B"):
        monkeypatch.setitem(SYSTEMS, name, system)
    one = bench(tmp_path, on_running=lambda running: events.append(f"see {running.name}"))
    with pytest.raises(KeyboardInterrupt), one.running("A"), one.running("B", within="own"):
        raise KeyboardInterrupt
    assert events == ["start data/A", "see A", "start own/B", "see B", "stop B", "stop A"]
