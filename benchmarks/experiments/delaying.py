"""Event delay: how long after its commit a registration is visible in analytics, at a constant rate."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
from benchmarks.bench import Bench
from benchmarks.figures import Chart, Figure, Finding, Line, Spread
from benchmarks.load.loading import Load, none_failed, open_loop
from benchmarks.load.requests import registrations
from benchmarks.systems.running import Running

ABOUT = (
    "Registrations arrive at a constant rate, whether or not the answers keep up. Of each one PostgreSQL says when it "
    "was committed and when the row was committed that makes it count in analytics (pg_xact_commit_timestamp): both "
    "are on one clock, and none is left out. In one process events go over the bus inside of it, split over Kafka."
)
NAMES = ("one", "split")
MOST_P99_MS = {"one": 250.0, "split": 500.0}
_DELAYS = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(f.xmin) - pg_xact_commit_timestamp(v.xmin))::float8 * 1000 AS ms
FROM analytics.patient_fact f JOIN patient.patients v ON v.id = f.patient_id
WHERE pg_xact_commit_timestamp(v.xmin) > $1 ORDER BY 1
"""


class Delays(msgspec.Struct, frozen=True):
    """What came of the load, and the delays of its events in milliseconds, in order."""

    load: Load
    delays: list[float]

    def at(self, part: float) -> float:
        """Return the delay that this part of them does not exceed."""
        return self.delays[min(len(self.delays) - 1, int(len(self.delays) * part))]


def measure(bench: Bench) -> Finding:
    """Register at the rate asked for, in turns, and look up when each one was visible."""
    corpus = registrations(bench.scratch("corpus") / "delaying.tsv", seed=bench.seed)
    with bench.running(*NAMES) as systems:

        def turn(system: Running) -> Delays:
            since = _now(system)
            load = none_failed(open_loop(system, corpus, rate=bench.rate, seconds=bench.seconds), system.name)
            system.settle()
            delays = [row["ms"] for row in system.sql(_DELAYS, since)]
            assert len(delays) == load.sent, f"{load.sent} were registered and {len(delays)} of them are in analytics"
            return Delays(load, delays)

        turns = bench.in_turns(systems, turn, show=_shown)
    return Finding(
        "delaying",
        f"From commit to visible in analytics, at {bench.rate} registrations a second",
        ABOUT,
        tuple(figure for name, some in zip(NAMES, turns, strict=True) for figure in _figures(name, some)),
        charts=(_chart(turns),),
    )


def _now(system: Running) -> dt.datetime:
    found: Any = system.sql("SELECT clock_timestamp()")[0][0]
    assert isinstance(found, dt.datetime)
    return found


def _figures(name: str, turns: Sequence[Delays]) -> list[Figure]:
    answers = Spread.of([turn.load.p99 for turn in turns])
    return [
        Figure(f"{name}: p50", _at(turns, 0.5), "ms"),
        Figure(f"{name}: p99", _at(turns, 0.99), "ms", at_most=MOST_P99_MS[name]),
        Figure(f"{name}: the longest of all", _at(turns, 1.0), "ms"),
        Figure(f"{name}: p99 of the answers meanwhile", answers, "ms"),
    ]


def _at(turns: Sequence[Delays], part: float) -> Spread:
    return Spread.of([turn.at(part) for turn in turns])


def _shown(turn: Delays) -> str:
    rate = f"{turn.load.rate:.0f}/s"
    return f"{rate:>8}  p50 {turn.at(0.5):.0f} ms  p99 {turn.at(0.99):.0f} ms  longest {turn.at(1.0):.0f} ms"


def _chart(turns: Sequence[Sequence[Delays]]) -> Chart:
    lines = [
        Line(name, tuple(_at(some, part) for part in (0.5, 0.99, 1.0))) for name, some in zip(NAMES, turns, strict=True)
    ]
    places = ("p50", "p99", "longest")
    return Chart("delaying", "From commit to visible in analytics", "", "milliseconds", places, tuple(lines))
