"""What splitting costs: registering and reading against one process, and whose processor it takes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from benchmarks.bench import Bench
from benchmarks.figures import Chart, Figure, Finding, Line, Spread, Table
from benchmarks.load.loading import Load, closed_loop, none_failed
from benchmarks.load.requests import reads, registrations
from benchmarks.systems.running import Running

ABOUT = (
    "The platform in one process against the same split over five: a gateway, identity, patient, billing and "
    "analytics, with PostgreSQL and Kafka. All share this machine's cores, so a share below 1 is what encoding, "
    "sockets and the broker cost, not what could be had with more machines. Processor time counts until billing and "
    "analytics have done what follows from the registrations, so that work put off is paid for, too."
)
NAMES = ("one", "split")


class Turn(msgspec.Struct, frozen=True):
    """One turn: what came of the load, and how many microseconds of processor each process took for a request."""

    load: Load
    cpu: Mapping[str, float]


def measure(bench: Bench) -> Finding:
    """Load one process and split in turns: first with registrations, then with reads of some of these."""
    with bench.running(*NAMES) as systems:
        registering = bench.in_turns(systems, lambda s: _turn(bench, s, _register_corpus(bench)), show=_shown)
        read = {s.name: _read_corpus(bench, s) for s in systems}
        reading = bench.in_turns(systems, lambda s: _turn(bench, s, read[s.name]), show=_shown)
    return Finding(
        "splitting",
        "Split against one process",
        ABOUT,
        (
            Figure("register: split against one process", _against(registering), at_least=0.65),
            Figure("read by id: split against one process", _against(reading), at_least=0.6),
            *_answers("register", registering),
            *_answers("read by id", reading),
        ),
        (_cpu_table("Registering", registering), _cpu_table("Reading by id", reading)),
        (_chart(registering, reading),),
    )


def _turn(bench: Bench, system: Running, corpus: Path) -> Turn:
    before = system.cpu_seconds()
    load = none_failed(closed_loop(system, corpus, clients=bench.clients, seconds=bench.seconds), system.name)
    system.settle()
    after = system.cpu_seconds()
    return Turn(load, {name: (after[name] - before.get(name, 0.0)) / load.sent * 1e6 for name in after})


def _register_corpus(bench: Bench) -> Path:
    file = bench.scratch("corpus") / "splitting-register.tsv"
    return file if file.exists() else registrations(file, seed=bench.seed)


def _read_corpus(bench: Bench, system: Running) -> Path:
    return reads(bench.scratch("corpus") / f"splitting-read-{system.name}.tsv", system, seed=bench.seed)


def _shown(turn: Turn) -> str:
    load = turn.load
    cpu = sum(turn.cpu.values())
    return f"{load.rate:8.0f}/s  p50 {load.p50:.1f} ms  p99 {load.p99:.1f} ms  {cpu:.0f} us of processor"


def _against(turns: Sequence[Sequence[Turn]]) -> Spread:
    one, split = ([turn.load.rate for turn in some] for some in turns)
    return Spread.ratio(split, one)


def _answers(what: str, turns: Sequence[Sequence[Turn]]) -> list[Figure]:
    return [
        Figure(f"{what}, {name}: {figure}", Spread.of([getattr(turn.load, field) for turn in some]), unit)
        for name, some in zip(NAMES, turns, strict=True)
        for figure, field, unit in (("rate", "rate", "/s"), ("p50", "p50", "ms"), ("p99", "p99", "ms"))
    ]


def _cpu_table(what: str, turns: Sequence[Sequence[Turn]]) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, some in zip(NAMES, turns, strict=True):
        processes = sorted({process for turn in some for process in turn.cpu})
        rows.extend((name, one, _median_and_range([turn.cpu.get(one, 0.0) for turn in some])) for one in processes)
        rows.append((name, "all of them", _median_and_range([sum(turn.cpu.values()) for turn in some])))
    return Table(
        f"{what}: microseconds of processor a request", ("placement", "process", "median (range)"), tuple(rows)
    )


def _median_and_range(values: Sequence[float]) -> str:
    spread = Spread.of(values)
    return f"{spread.median:.0f} ({spread.low:.0f} to {spread.high:.0f})"


def _chart(registering: Sequence[Sequence[Turn]], reading: Sequence[Sequence[Turn]]) -> Chart:
    lines = [
        Line(name, tuple(Spread.of([turn.load.rate for turn in turns[at]]) for turns in (registering, reading)))
        for at, name in enumerate(NAMES)
    ]
    return Chart("splitting", "One process and split", "", "answers a second", ("register", "read by id"), tuple(lines))
