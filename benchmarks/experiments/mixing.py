"""What a registry is asked for beside reads by id: lists, searches and updates, and all of it at once."""

import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import Chart, Figure, Finding, Line
from benchmarks.load.patients import client, known, stocked
from benchmarks.load.requests import KINDS, MIX, condition, lists, mixed, registrations, searches, updates
from benchmarks.load.turns import Turns, closed, rates_line
from benchmarks.systems.running import Running

ABOUT = (
    "Lists and searches of 20 patients, the audit of who was shown included; updates by merge patch with the ETag of "
    f"the present version; and a mix of {MIX['read']} % reads, {MIX['search']} % searches, {MIX['register']} % "
    f"registrations and {MIX['update']} % updates. common finds what has each word somewhere in the name, and knows no "
    "misspelt ones: so its mix is without these, and so is that of Careplane."
)
PATIENTS = 5_000
MOST_A_SECOND = 15_000
"""No system does more than that, so a corpus with so many requests for each second is not sent twice."""
_SPELT = tuple(kind for kind in KINDS if kind != "misspelt name")
_TRIED = 20


def measure(bench: Bench) -> Finding:
    """Ask two systems in turns for one kind after another."""
    registering = registrations(bench.scratch("corpus") / "mixing-register.tsv", seed=bench.seed)
    with bench.running("one", "common") as systems:
        for system in systems:
            stocked(system, registering, at_least=PATIENTS)
        found = {name: closed(bench, _able(name, systems), of) for name, of in _corpora(bench, systems).items()}
    both = {name: turns for name, turns in found.items() if len(turns) == len(systems)}
    return Finding(
        "mixing",
        "Lists, searches, updates and all at once",
        ABOUT,
        (
            *(Figure(f"{name}: one against common", t["one"].against(t["common"])) for name, t in both.items()),
            *(f for name, t in found.items() for own in t.values() for f in own.answers(f"{name}, {own.name}")),
        ),
        (),
        (_rates_chart(both), _times_chart(found)),
    )


def _able(name: str, systems: tuple[Running, ...]) -> tuple[Running, ...]:
    return tuple(s for s in systems if s.platform or name != "search by misspelt name")


def _corpora(bench: Bench, systems: tuple[Running, ...]) -> dict[str, Callable[[Running], Path]]:
    """Return what makes the corpus of a turn, by what it is about; those with versions in them are made each time."""
    folder, seed = bench.scratch("corpus"), bench.seed
    listing = lists(folder / "mixing-list.tsv")
    found: dict[str, Callable[[Running], Path]] = {"list": lambda _: listing}
    for kind in KINDS:
        for system in _able(f"search by {kind}", systems):
            _must_find(system, kind, seed)
            searches(_searching(folder, system, kind), system, kind, seed=seed)
        found[f"search by {kind}"] = _searched(folder, kind)
    many = round(bench.seconds * MOST_A_SECOND)
    found["update with ETag"] = lambda s: updates(
        _quiet(folder / f"mixing-update-{s.name}.tsv"), s, seed=seed, count=many
    )
    found["mix"] = lambda s: mixed(_quiet(folder / f"mixing-mix-{s.name}.tsv"), s, seed=seed, count=many, kinds=_SPELT)
    return found


def _searched(folder: Path, kind: str) -> Callable[[Running], Path]:
    return lambda system: _searching(folder, system, kind)


def _searching(folder: Path, system: Running, kind: str) -> Path:
    return folder / f"mixing-search-{kind.replace(' ', '-')}-{system.name}.tsv"


def _quiet(file: Path) -> Path:
    """Wait for what the turn before left unanswered, so that versions stay as they are read."""
    time.sleep(0.5)
    return file


def _must_find(system: Running, kind: str, seed: int) -> None:
    """See that most of such searches find somebody: else they would be measured finding nothing."""
    chance, hits, tried = random.Random(seed), 0, 0
    with client(system) as asking:
        for patient in known(system, seed=seed, count=_TRIED):
            asked = condition(patient, kind, chance)
            if all(asked.values()):
                answer = asking.get("/api/patients", params=asked).raise_for_status().json()
                tried, hits = tried + 1, hits + any(one["id"] == patient.id for one in answer["patients"])
    assert hits * 2 > tried, f"{system.name} found {hits} of {tried} by {kind}"


def _rates_chart(both: Mapping[str, Mapping[str, Turns]]) -> Chart:
    lines = tuple(rates_line(name, [turns[name] for turns in both.values()]) for name in ("one", "common"))
    return Chart("mixing", "Answers a second", "", "answers a second", tuple(both), lines)


def _times_chart(found: Mapping[str, Mapping[str, Turns]]) -> Chart:
    own = [turns["one"] for turns in found.values()]
    lines = (Line("p50", tuple(t.p50 for t in own)), Line("p99", tuple(t.p99 for t in own)))
    return Chart(
        "mixing-times", "Careplane's answers, while as many ask as can", "", "milliseconds", tuple(found), lines
    )
