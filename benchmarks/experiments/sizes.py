"""Table sizes: registering and reading where there are many patients already, against where there are few."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import Chart, Figure, Finding, Line, Spread
from benchmarks.filled import filled
from benchmarks.load.loading import Load, closed_loop, none_failed
from benchmarks.load.requests import reads, registrations
from benchmarks.systems.running import Running

ABOUT = (
    "The platform in one process, several of it side by side that differ in nothing but how many patients they have "
    "already, loaded in turns: with registrations, then with reads by id of patients drawn from all there are."
)
KINDS = ("register", "read by id")


def measure(bench: Bench) -> Finding:
    """Register and read at each size in turns."""
    with filled(bench, *bench.sizes) as systems:
        corpora = {
            system.name: {
                "register": registrations(bench.scratch("corpus") / "sizes-register.tsv", seed=bench.seed + 7),
                "read by id": reads(bench.scratch("corpus") / f"sizes-read-{at}.tsv", system, seed=bench.seed),
            }
            for at, system in enumerate(systems)
        }
        turns = {kind: _turns(bench, systems, {name: two[kind] for name, two in corpora.items()}) for kind in KINDS}
    most, fewest = systems[-1].name, systems[0].name
    ratios = {kind: Spread.ratio(_rates(loads[-1]), _rates(loads[0])) for kind, loads in turns.items()}
    return Finding(
        "sizes",
        "Table sizes",
        ABOUT,
        (
            Figure(f"register in {most} against in {fewest}", ratios["register"], at_least=0.9),
            Figure(f"read by id in {most} against in {fewest}", ratios["read by id"]),
        ),
        charts=(_chart(systems, turns),),
    )


def _turns(bench: Bench, systems: tuple[Running, ...], corpora: dict[str, Path]) -> list[list[Load]]:
    def load(system: Running) -> Load:
        corpus = corpora[system.name]
        return none_failed(closed_loop(system, corpus, clients=bench.clients, seconds=bench.seconds), system.name)

    return bench.in_turns(systems, load, show=lambda load: f"{load.rate:8.0f}/s  p99 {load.p99:.1f} ms")


def _rates(loads: Sequence[Load]) -> list[float]:
    return [load.rate for load in loads]


def _chart(systems: Sequence[Running], turns: dict[str, list[list[Load]]]) -> Chart:
    return Chart(
        "sizes",
        "Registering and reading in tables of different sizes",
        "patients in the table",
        "requests a second",
        tuple(system.name.removesuffix(" patients") for system in systems),
        tuple(Line(kind, tuple(Spread.of(_rates(loads)) for loads in by_size)) for kind, by_size in turns.items()),
    )
