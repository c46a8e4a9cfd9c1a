"""Import: patients a second out of a file, until the account of each is open and its event counted."""

import shutil
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Finding, Spread, Table
from benchmarks.filled import import_file
from benchmarks.population import write_ndjson
from benchmarks.systems.platform import one_process

MOST = 100_000
ABOUT = (
    "`careplane import` of an NDJSON file of FHIR R4 Patients into an initialised data folder that is empty, each time "
    "anew. Each patient goes in with an audit row and an event in the transaction of the record, and gets a billing "
    "account. The whole command counts, from its start to its end, and what it leaves to be done afterwards."
)


class Turn(NamedTuple):
    """Seconds of the command itself, and of what was left to be done when it had ended."""

    command: float
    left: float


def measure(bench: Bench) -> Finding:
    """Import the same people into a fresh data folder each round."""
    size = min(MOST, max(bench.sizes))
    file = write_ndjson(bench.scratch("population") / f"{size}.ndjson", size, bench.seed)
    turns = []
    for number in range(1, bench.rounds + 1):
        turn = _import(file, bench.scratch(f"imports/{number}"), size)
        turns.append(turn)
        bench.say(f"  round {number}  {size / sum(turn):.0f} patients/s, {turn.left:.1f} s of it after the command")
    bytes_each = file.stat().st_size / size
    file.unlink()
    return Finding(
        "imports",
        "Import",
        ABOUT,
        (
            Figure(
                "import, patients/s with account, event and audit",
                Spread.of([size / sum(turn) for turn in turns]),
                "patients/s",
                at_least=10_000,
            ),
            Figure(
                "import, patients/s by the command alone", Spread.of([size / t.command for t in turns]), "patients/s"
            ),
            Figure("import: left to be done afterwards", Spread.of([turn.left for turn in turns]), "s"),
        ),
        (Table("What was imported", ("patients", "bytes each"), ((f"{size:,}", f"{bytes_each:.0f}"),)),),
    )


def _import(file: Path, folder: Path, size: int) -> Turn:
    with one_process(folder):  # so that the data folder is initialised
        pass
    command = import_file(file, folder / "data", size)
    with one_process(folder) as one:
        left = one.settle()
        audited = one.sql("SELECT count(*) FROM patient.audit WHERE action = 'patient/import_patients'")[0][0]
        accounts = one.sql("SELECT count(*) FROM billing.account")[0][0]
    assert accounts == size, f"{size} patients have {accounts} accounts"
    assert audited >= size, f"{size} patients have {audited} audit rows"
    shutil.rmtree(folder)
    return Turn(command, left)
