"""Search: how long a desk waits in tables of several sizes, and whether a mistyped name still finds who bears it."""

import random
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.bench import Bench
from benchmarks.figures import Chart, Figure, Finding, Line, Spread, Table
from benchmarks.filled import filled
from benchmarks.load.corpus import Request, write_corpus
from benchmarks.load.loading import Load, none_failed, open_loop
from benchmarks.load.patients import Known, client, known
from benchmarks.load.requests import KINDS, PAGE, condition
from benchmarks.population_slips import script_of
from benchmarks.systems.running import Running

RATE = 50
ASKED = 1_500
ABOUT = (
    "Searches at a constant 50 a second, as many by name, misspelt name, date of birth, e-mail and identifier, for "
    "patients drawn from all there are: people of 43 languages with a long tail of rare names, double names, particles "
    "and several scripts. A misspelt name is a full name with exactly one letter wrong, missing or swapped with the "
    "next in one of its words, however short; its patient is found if among the first 20 answers. Names in Han alone "
    "have no letters. Nothing caches an answer."
)


def measure(bench: Bench) -> Finding:
    """Search tables of each size in turns, then the largest by one kind after the other, then by misspelt names."""
    with filled(bench, *bench.sizes) as systems:
        mixes = {system.name: _corpus(bench, system, KINDS) for system in systems}
        by_size = bench.in_turns(systems, lambda s: _load(bench, s, mixes[s.name]), show=_shown)
        largest = systems[-1]
        by_kind = {kind: _of_kind(bench, largest, kind) for kind in KINDS}
        found = _found(bench, largest)
    share = [sum(hits) / len(hits) for hits in _in_parts(list(chain(*found.values())), bench.rounds)]
    return Finding(
        "search",
        "Search",
        ABOUT,
        (
            Figure(
                f"search in {largest.name}: p95 at {RATE}/s",
                Spread.of([load.p95 for load in by_size[-1]]),
                "ms",
                at_most=30,
            ),
            Figure(
                f"misspelt names in {largest.name}: found among the first {PAGE}",
                Spread.of([100 * part for part in share]),
                "%",
                at_least=95,
            ),
        ),
        (_kinds_table(largest, by_kind), _scripts_table(found)),
        (_chart(systems, by_size),),
    )


def _corpus(bench: Bench, system: Running, kinds: Sequence[str]) -> Path:
    chance = random.Random(bench.seed)
    asked = _asked(known(system, seed=bench.seed), kinds, chance)
    file = bench.scratch("corpus") / f"search-{system.name}-{'-'.join(kinds)}.tsv".replace(" ", "-")
    return write_corpus(file, (Request("GET", path) for _, path in asked))


def _asked(patients: Sequence[Known], kinds: Sequence[str], chance: random.Random) -> Iterator[tuple[Known, str]]:
    """Yield patients in turn, each with the path that looks for them, by one kind after the other."""
    for number, patient in enumerate(patients):
        asked = condition(patient, kinds[number % len(kinds)], chance)
        if all(asked.values()):
            yield patient, f"/api/patients?{urlencode({**asked, 'limit': PAGE})}"


def _load(bench: Bench, system: Running, corpus: Path) -> Load:
    return none_failed(open_loop(system, corpus, rate=RATE, seconds=bench.seconds), system.name)


def _of_kind(bench: Bench, system: Running, kind: str) -> Load:
    load = _load(bench, system, _corpus(bench, system, (kind,)))
    bench.say(f"  by {kind:14} {_shown(load)}")
    return load


def _shown(load: Load) -> str:
    return f"p50 {load.p50:.1f} ms  p95 {load.p95:.1f} ms  p99 {load.p99:.1f} ms"


def _found(bench: Bench, system: Running) -> dict[str, list[bool]]:
    """Ask for misspelt names, one after the other; return by script of whom it was found who was meant."""
    found: dict[str, list[bool]] = {}
    drawn = known(system, seed=bench.seed + 1, count=ASKED + ASKED // 4)
    with client(system) as asking:
        for patient, path in _asked(drawn, ("misspelt name",), random.Random(bench.seed)):
            answer = asking.get(path)
            answer.raise_for_status()
            shown = {one["id"] for one in answer.json()["patients"]}
            found.setdefault(script_of(patient.name[0]), []).append(patient.id in shown)
    bench.say(
        f"  of {sum(map(len, found.values()))} misspelt names {sum(map(sum, found.values()))} found their patient"
    )
    return found


def _in_parts(hits: list[bool], parts: int) -> list[list[bool]]:
    """Deal the answers out over so many parts, as if each were a round."""
    random.Random(1).shuffle(hits)
    return [hits[part::parts] for part in range(parts)]


def _kinds_table(system: Running, loads: dict[str, Load]) -> Table:
    rows = [(kind, f"{load.p50:.1f}", f"{load.p95:.1f}", f"{load.p99:.1f}") for kind, load in loads.items()]
    return Table(f"Milliseconds by what was asked, in {system.name}", ("searched by", "p50", "p95", "p99"), tuple(rows))


def _scripts_table(found: dict[str, list[bool]]) -> Table:
    rows = [
        (script.capitalize(), str(len(hits)), f"{100 * sum(hits) / len(hits):.1f} %")
        for script, hits in sorted(found.items(), key=lambda item: -len(item[1]))
    ]
    return Table("Misspelt names that found their patient", ("script", "asked", "found"), tuple(rows))


def _chart(systems: Sequence[Running], by_size: Sequence[Sequence[Load]]) -> Chart:
    return Chart(
        "search",
        "Searching tables of different sizes",
        "patients in the table",
        "milliseconds",
        tuple(system.name.removesuffix(" patients") for system in systems),
        tuple(
            Line(name, tuple(Spread.of([getattr(load, name) for load in loads]) for loads in by_size))
            for name in ("p50", "p95")
        ),
    )
