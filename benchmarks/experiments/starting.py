"""How long `careplane dev` takes until it is ready, and what memory its processes hold, idle and loaded."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from benchmarks.bench import Bench
from benchmarks.figures import Chart, Figure, Finding, Line, Spread, Table
from benchmarks.load.loading import closed_loop, none_failed
from benchmarks.load.meanwhile import meanwhile
from benchmarks.load.requests import reads, registrations
from benchmarks.systems.platform import settings_for_load, started, until_ready
from benchmarks.systems.ports import free_port
from benchmarks.systems.running import Running

ABOUT = (
    "Time from the command until /health/ready answers 200: with a data folder that an earlier start initialised; "
    "with none, so that PostgreSQL's files, tables, keys and the demo user are made first; and once more where Python "
    "has no compiled byte code yet, as after an installation that leaves that to the first start. The disk's cache is "
    "warm. Memory is what is resident of a process (RSS, all that it shares included) and its share of that (PSS); "
    "idle is after some seconds without a request, loaded the most that was seen while clients registered and then "
    "read. PostgreSQL and Kafka are shown, and are no part of the platform's process; their RSS counts shared pages "
    "once a process."
)
PLACEMENTS = ("one", "split")
PLATFORM = "dev"
IDLE_S = 5.0
EVERY_S = 0.25
MB_IN_MIB = 2**20 / 1e6


class Memory(msgspec.Struct, frozen=True):
    """MiB of each process by name."""

    resident: Mapping[str, float]
    share: Mapping[str, float]

    @classmethod
    def of(cls, system: Running) -> "Memory":
        """Look at a system's processes now."""
        return cls(system.resident(), system.memory())

    def most(self, other: "Memory") -> "Memory":
        """Return the larger of two for each process."""
        return Memory(_larger(self.resident, other.resident), _larger(self.share, other.share))


def measure(bench: Bench) -> Finding:
    """Start it over and over, then look at its memory, in one process and split."""
    folder = bench.scratch("starting")
    first = _rounds(bench, "first ever", lambda: _first_ever(folder / "first"))
    unread = _rounds(bench, "first ever, no byte code", lambda: _first_ever(folder / "unread", byte_code=False))
    again = _rounds(bench, "initialised", lambda: _start(folder / "again"), warm_up=1)
    found = {name: _idle_and_loaded(bench, name) for name in PLACEMENTS}
    return Finding(
        "starting",
        "Start-up time and memory",
        ABOUT,
        (
            Figure("careplane dev ready, initialised data folder", again, "s", at_most=2.5),
            Figure("careplane dev ready, first ever", first, "s", at_most=8.0),
            Figure("careplane dev ready, first ever, without byte code", unread, "s"),
            _own("memory of the platform's process, idle", found["one"][0], at_most=120.0),
            _own("memory of the platform's process, loaded", found["one"][1], at_most=200.0),
        ),
        (_table(found),),
        (_chart(again, first, unread),),
    )


def _rounds(bench: Bench, what: str, once: Callable[[], float], warm_up: int = 0) -> Spread:
    took = [once() for _ in range(bench.rounds + warm_up)][warm_up:]
    bench.say(f"  {what}: " + ", ".join(f"{seconds:.2f} s" for seconds in took))
    return Spread.of(took)


def _first_ever(folder: Path, *, byte_code: bool = True) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    return _start(folder, {} if byte_code else {"PYTHONPYCACHEPREFIX": str(folder / "byte-code")})


def _start(folder: Path, more: Mapping[str, str] | None = None) -> float:
    """Return how many seconds it took until it was ready."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "careplane", "dev", "--port", str(port), "--data", str(folder / "data")]
    environ = {**os.environ, **settings_for_load(folder), **(more or {})}
    with (folder / "log").open("ab") as output:
        begun = time.perf_counter()
        with started(command, environ, output) as process:
            until_ready(f"http://127.0.0.1:{port}", process, folder)
            return time.perf_counter() - begun


def _idle_and_loaded(bench: Bench, name: str) -> tuple[Memory, Memory]:
    with bench.running(name, within="starting") as (system,):
        time.sleep(IDLE_S)
        idle = Memory.of(system)
        with _most_of(system) as most:
            for write in (_register, reads):
                corpus = write(bench.scratch("corpus") / f"starting-{name}.tsv", system, seed=bench.seed)
                none_failed(closed_loop(system, corpus, clients=bench.clients, seconds=bench.seconds), name)
        bench.say(f"  {name}: idle {sum(idle.resident.values()):.0f} MiB in all, with its database")
        return idle, most[0]


def _register(file: Path, _: Running, *, seed: int) -> Path:
    return registrations(file, seed=seed)


@contextmanager
def _most_of(system: Running) -> Iterator[list[Memory]]:
    """Look at a system's processes over and over; the list's one entry is the most that was seen."""
    most = [Memory.of(system)]

    def look() -> None:
        most[0] = most[0].most(Memory.of(system))

    with meanwhile(look, every=EVERY_S):
        yield most


def _larger(some: Mapping[str, float], others: Mapping[str, float]) -> dict[str, float]:
    return {name: max(some.get(name, 0.0), others.get(name, 0.0)) for name in {**some, **others}}


def _own(name: str, memory: Memory, *, at_most: float) -> Figure:
    return Figure(name, Spread.of([memory.resident[PLATFORM] * MB_IN_MIB]), "MB", at_most=at_most)


def _table(found: Mapping[str, tuple[Memory, Memory]]) -> Table:
    rows = [
        (placement, process, *(f"{of[process]:.0f}" for m in (idle, loaded) for of in (m.resident, m.share)))
        for placement, (idle, loaded) in found.items()
        for process in sorted(loaded.resident)
        if process in idle.resident
    ]
    columns = ("placement", "process", "idle, RSS", "idle, PSS", "loaded, RSS", "loaded, PSS")
    return Table("Memory in MiB", columns, tuple(rows))


def _chart(again: Spread, first: Spread, unread: Spread) -> Chart:
    places = ("initialised", "first ever", "first ever, no byte code")
    line = Line("careplane dev", (again, first, unread))
    return Chart("starting", "Until careplane dev is ready", "", "seconds", places, (line,))
