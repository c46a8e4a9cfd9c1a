"""Reads by id, each in the audit before it is answered: against a server that reads nothing, and against others."""

from benchmarks.bench import Bench
from benchmarks.figures import Chart, Figure, Finding
from benchmarks.load.patients import stocked
from benchmarks.load.requests import reads, registrations
from benchmarks.load.turns import closed, rates_line, work_table

ABOUT = (
    "Each read checks the token and whether the record is open to the caller, and an audit row of it is on the disk "
    "before the answer goes out; common writes its audit row, too. noop makes its answers out of records in memory and "
    "notes nothing. Patients are drawn from all that there are, so that hardly one is read again soon."
)
PATIENTS = 5_000


def measure(bench: Bench) -> Finding:
    """Read from all systems in turns."""
    folder = bench.scratch("corpus")
    registering = registrations(folder / "reading-register.tsv", seed=bench.seed)
    with bench.running("noop", "one", "per-request", "common") as ours:
        for system in ours:
            stocked(system, registering, at_least=PATIENTS)
        systems = [*ours, *([bench.against] if bench.against else [])]
        corpora = {s.name: reads(folder / f"reading-{s.name}.tsv", s, seed=bench.seed) for s in systems}
        found = closed(bench, systems, lambda system: corpora[system.name])
    one, others = found["one"], [turns for name, turns in found.items() if name not in {"noop", "one"}]
    return Finding(
        "reading",
        "Reading by id",
        ABOUT,
        (
            Figure("read by id: one process against a noop GET", one.against(found["noop"]), at_least=0.7),
            *(Figure(f"read by id: against {other.name}", one.against(other)) for other in others),
            *(figure for turns in found.values() for figure in turns.answers(f"read by id, {turns.name}")),
        ),
        (work_table("a read", list(found.values())),),
        (
            Chart(
                "reading",
                "Reads by id a second",
                "",
                "reads a second",
                ("read by id",),
                tuple(rates_line(name, [turns]) for name, turns in found.items()),
            ),
        ),
    )
