"""Platforms whose registry has a given number of patients: filled by import, once in a run."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.population import write_ndjson
from benchmarks.systems.running import Running

_SLOWEST_A_SECOND = 200
_START_S = 120


@contextmanager
def filled(bench: Bench, *sizes: int) -> Iterator[tuple[Running, ...]]:
    """Run a platform for each size side by side, with so many patients of the population."""
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_filled(bench, size)) for size in sizes)


@contextmanager
def _filled(bench: Bench, size: int) -> Iterator[Running]:
    folder = bench.scratch(f"table-{size}/one")
    done = folder / "filled"
    if not done.exists():
        file = write_ndjson(bench.scratch("population") / f"{size}.ndjson", size, bench.seed)
        bench.say(f"importing {size:,} patients")
        import_file(file, folder / "data", size)
        file.unlink()
        done.touch()
    with bench.running("one", within=f"table-{size}") as (one,):
        one.settle()
        found = one.sql("SELECT count(*) FROM patient.patients")[0][0]
        if found < size:
            sys.exit(f"Of {size} patients {found} are in the table after an import: look into {folder}.")
        yield replace(one, name=f"{size:,} patients")


def import_file(file: Path, data: Path, size: int) -> float:
    """Import a file of so many patients into a data folder, as anybody would; return the seconds that it took."""
    words = [sys.executable, "-m", "careplane", "import", str(file), "--data", str(data)]
    begun = time.monotonic()
    done = subprocess.run(
        words, env=os.environ, capture_output=True, text=True, check=False, timeout=_START_S + size / _SLOWEST_A_SECOND
    )
    if done.returncode or f"{size} imported" not in done.stderr + done.stdout:
        sys.exit(f"The import of {file.name} failed: {(done.stderr + done.stdout)[-2000:]}")
    return time.monotonic() - begun
