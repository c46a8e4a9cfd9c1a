"""A run: what failed costs nobody else's findings, what was interrupted is stopped, and what was found is written."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks import run
from benchmarks.__main__ import main
from benchmarks.bench import Bench
from benchmarks.figures import Finding
from benchmarks.results import Results
from benchmarks.run import INTERRUPTED
from benchmarks.systems.running import Running
from tests.benchmarks.examples import REGISTERING, SEARCH

Measure = Callable[[Bench], Finding]


class Trouble(Exception):
    """What an experiment may run into."""


def as_experiments(monkeypatch: pytest.MonkeyPatch, **experiments: Measure) -> None:
    """Let these take the place of the experiments of the same names."""
    monkeypatch.setattr(run, "measuring", lambda name: experiments[name])


def finds(finding: Finding) -> Measure:
    """Return an experiment that finds this, with a system that has no database."""

    def measure(bench: Bench) -> Finding:
        bench.on_running(Running("noop", "http://127.0.0.1:1", ""))
        return finding

    return measure


def fails(error: BaseException) -> Measure:
    """Return an experiment that fails in this way."""

    def measure(bench: Bench) -> Finding:
        raise error

    return measure


def ran(into: Path, *words: str) -> tuple[int, Results]:
    """Run the harness; return its exit code and all results that are there then."""
    code = main([*words, "--quick", "--into", str(into)])
    return code, Results.read(into / "results.json")


def test_what_is_found_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the time, the machine, the options, and what the systems said of their durability."""
    as_experiments(monkeypatch, registering=finds(REGISTERING))
    code, results = ran(tmp_path, "registering", "--seed", "7")
    found = results.experiments["registering"]
    assert code == 0
    assert found.finding == REGISTERING
    assert found.at.endswith(" UTC")
    assert (found.options.rounds, found.options.seconds, found.options.seed, found.options.quick) == (1, 2, 7, True)
    assert [(one.system, one.settings) for one in found.durability] == [("noop", {})]
    assert "Durable registrations" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(SystemExit("It needs Java 17."), "It needs Java 17."), (Trouble("no disk"), "Trouble: no disk")],
    ids=["expected", "unexpected"],
)
def test_a_failure_costs_the_others_nothing(
    error: BaseException, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written with its sentence, the others run, and the exit code tells."""
    as_experiments(monkeypatch, registering=fails(error), search=finds(SEARCH))
    code, results = ran(tmp_path, "search", "registering")
    assert code == 1
    assert list(results.experiments) == ["registering", "search"]
    assert results.experiments["registering"].failure == sentence
    assert results.experiments["search"].finding == SEARCH
    assert f"> **registering failed** ({results.experiments['registering'].at}): {sentence}" in (
        tmp_path / "report.md"
    ).read_text("utf-8")


def test_some_experiments_replace_their_own_results_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was measured before stays as it was, a failure too, for which this run is not to blame."""
    as_experiments(monkeypatch, registering=fails(SystemExit("No.")), search=finds(SEARCH))
    _, before = ran(tmp_path, "registering", "search")
    code, after = ran(tmp_path, "search", "--rounds", "2")
    assert code == 0
    assert after.experiments["registering"] == before.experiments["registering"]
    assert (before.experiments["search"].options.rounds, after.experiments["search"].options.rounds) == (1, 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_stops_what_it_started_and_writes_what_it_found(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second Ctrl-C, by who is impatient, does not keep it from stopping what runs; then signals are as before."""
    stopped = []

    def interrupted(_bench: Bench) -> Finding:
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            stopped.append("what was started")
        return SEARCH

    handlers = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    as_experiments(monkeypatch, registering=finds(REGISTERING), search=interrupted, mixing=finds(SEARCH))
    code, results = ran(tmp_path, "registering", "search", "mixing")
    assert code == INTERRUPTED
    assert stopped == ["what was started"]
    assert list(results.experiments) == ["registering"]
    assert "Durable registrations" in (tmp_path / "report.md").read_text("utf-8")
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_interrupted_at_once_it_says_that_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even then there is a report, in a folder that was not there before."""
    as_experiments(monkeypatch, registering=fails(KeyboardInterrupt()))
    code, results = ran(tmp_path / "fresh", "registering")
    assert (code, results) == (INTERRUPTED, Results())
    assert "Not measured yet: registering" in (tmp_path / "fresh" / "report.md").read_text("utf-8")


def test_data_is_removed_unless_it_is_to_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where --keep says it stays; else there is nothing left of it."""
    folders = []

    def measure(bench: Bench) -> Finding:
        folders.append(bench.scratch("data"))
        return SEARCH

    as_experiments(monkeypatch, search=measure)
    ran(tmp_path / "into", "search")
    ran(tmp_path / "into", "search", "--keep", str(tmp_path / "kept"))
    assert not folders[0].exists()
    assert folders[1] == tmp_path / "kept" / "data"
    assert folders[1].is_dir()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing"], "There is no experiment nothing"),
        (["--rounds", "0"], "0 is no whole number from 1 on"),
        (["--seconds", "0.5"], "0.5 is no number of seconds from 1 to 3600"),
        (["--sizes", "1000,many"], "many is no whole number"),
        (["--token", "t"], "--against"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a sentence, before anything is started."""
    with pytest.raises(SystemExit) as end:
        main([*words, "--into", str(tmp_path)])
    assert sentence in f"{end.value}{capsys.readouterr().err}"
    assert not list(tmp_path.iterdir())


def test_another_system_is_measured_beside_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Experiments get it with its address and token; one that is not on this machine is refused."""
    given = []

    def measure(bench: Bench) -> Finding:
        given.append(bench.against)
        return SEARCH

    as_experiments(monkeypatch, search=measure)
    ran(tmp_path, "search", "--against", "http://127.0.0.1:8080/", "--token", "t")
    ran(tmp_path, "search")
    assert given == [Running("against", "http://127.0.0.1:8080", "t"), None]
    with pytest.raises(SystemExit, match="on this machine"):
        ran(tmp_path, "search", "--against", "http://example.org")
