"""Results as a run leaves them, made up for tests of what is written from them."""

from benchmarks.durability import SHOWN, Durability
from benchmarks.figures import Chart, Figure, Finding, Line, Spread, Table
from benchmarks.machine import Machine
from benchmarks.results import Measured, Options, Results

MACHINE = Machine(2, "A processor", 23.5, "Linux 6.18 x86_64", "CPython 3.11.7", "ext4")
OPTIONS = Options(rounds=3, seconds=8, clients=64, rate=1000, sizes=(1_000, 100_000), seed=1)
ON = Durability("one", dict(zip(SHOWN, ("on", "on", "on", "fdatasync", "18.6"), strict=True)))

MET = Figure("register, against noop", Spread.of([0.7, 0.8, 0.9]), at_least=0.75)
MISSED = Figure("register, against common", Spread.of([10.0, 9.0, 11.0]), at_least=12)
PLAIN = Figure("noop: rate", Spread.of([9000.0, 10_000.0, 12_345.0]), "/s")
SLOW = Figure("search, p95", Spread.of([45.0]), "ms", at_most=30)

BARS = Chart(
    "registering",
    "Registrations a second",
    "",
    "a second",
    ("one client", "64 clients"),
    (Line("noop", (Spread.of([1.0, 2.0]), Spread.of([3.0, 4.0]))), Line("one", (Spread.of([1.0]), Spread.of([2.0])))),
)
LINES = Chart(
    "by-size",
    "Search by size",
    "patients",
    "p95, milliseconds",
    (1_000, 100_000, 1_000_000),
    (Line("name", (Spread.of([1.0, 2.0]), Spread.of([3.0, 4.0]), Spread.of([30.0, 40.0]))),),
    log_y=True,
)
REGISTERING = Finding("registering", "Durable registrations", "What it means.", (MET, MISSED, PLAIN), charts=(BARS,))
SEARCH = Finding(
    "search",
    "How patients are found",
    "By what.",
    (SLOW,),
    (Table("What was asked", ("kind", "share"), (("a|b", "70 %"),)),),
    (LINES,),
)


def measured(finding: Finding | None = None, failure: str = "", machine: Machine = MACHINE) -> Measured:
    """Return a run of an experiment."""
    return Measured(
        "2026-11-23 05:00 UTC",
        100.0,
        OPTIONS,
        machine,
        {"careplane": "0.1.0", "wrk": ""},
        (0.5, 0.6, 0.7),
        (ON, Durability("noop", {})),
        finding,
        failure,
    )


RESULTS = Results(
    {
        "search": measured(SEARCH),
        "registering": measured(REGISTERING),
        "overload": measured(failure="The server\nwas not ready within 180 s."),
    }
)
