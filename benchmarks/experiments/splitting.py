"""What splitting costs: registering and reading against one process, and whose processor it takes."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import Chart, Figure, Finding, Spread, Table
from benchmarks.load.requests import reads, registrations
from benchmarks.load.turns import Turns, closed, middle, rates_line
from benchmarks.systems.running import Running

ABOUT = (
    "The platform in one process against the same split over five: a gateway, identity, patient, billing and "
    "analytics, with PostgreSQL and Kafka. All share this machine's cores, so a share below 1 is what encoding, "
    "sockets and the broker cost, not what could be had with more machines. Processor time counts until billing and "
    "analytics have done what follows from the registrations, so that work put off is paid for, too."
)
NAMES = ("one", "split")


def measure(bench: Bench) -> Finding:
    """Load one process and split in turns: first with registrations, then with reads of some of these."""
    with bench.running(*NAMES) as systems:
        corpus = registrations(bench.scratch("corpus") / "splitting-register.tsv", seed=bench.seed)
        registering = closed(bench, systems, lambda _: corpus)
        read = {system.name: _read_corpus(bench, system) for system in systems}
        reading = closed(bench, systems, lambda system: read[system.name])
    return Finding(
        "splitting",
        "Split against one process",
        ABOUT,
        (
            Figure("register: split against one process", _against(registering), at_least=0.65),
            Figure("read by id: split against one process", _against(reading), at_least=0.6),
            *(figure for turns in registering.values() for figure in turns.answers(f"register, {turns.name}")),
            *(figure for turns in reading.values() for figure in turns.answers(f"read by id, {turns.name}")),
        ),
        (_cpu_table("Registering", registering), _cpu_table("Reading by id", reading)),
        (_chart(registering, reading),),
    )


def _read_corpus(bench: Bench, system: Running) -> Path:
    return reads(bench.scratch("corpus") / f"splitting-read-{system.name}.tsv", system, seed=bench.seed)


def _against(turns: Mapping[str, Turns]) -> Spread:
    one, split = (turns[name] for name in NAMES)
    return split.against(one)


def _cpu_table(what: str, found: Mapping[str, Turns]) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, turns in found.items():
        for process in sorted({process for turn in turns.turns for process in turn.cpu}):
            took = [turn.cpu.get(process, 0.0) for turn in turns.turns]
            rows.append((name, process, middle(Spread.of(took))))
        rows.append((name, "all of them", middle(turns.spread(lambda turn: turn.server + turn.database))))
    return Table(
        f"{what}: microseconds of processor a request", ("placement", "process", "median (range)"), tuple(rows)
    )


def _chart(registering: Mapping[str, Turns], reading: Mapping[str, Turns]) -> Chart:
    lines = tuple(rates_line(name, (registering[name], reading[name])) for name in NAMES)
    return Chart("splitting", "One process and split", "", "answers a second", ("register", "read by id"), lines)
