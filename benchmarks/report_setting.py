"""The report's part about how it was measured: the machine, the versions, how much of it, and what durable meant."""

from collections.abc import Iterator, Sequence

from benchmarks.durability import SHOWN
from benchmarks.machine import Machine
from benchmarks.results import Measured, Options
from benchmarks.tables import table

Run = tuple[str, Measured]
_HOW = """Load is as fast as a number of clients go (closed loop, for throughput), or at a constant rate that does not
wait for answers (open loop, for latency). A turn to warm up goes before and does not count. What generates the load,
PostgreSQL and the broker share the machine with what is measured.
"""


def setting(runs: Sequence[Run]) -> Iterator[str]:
    """Yield how all these runs were made."""
    if not runs:
        return
    yield "## How it was measured\n"
    yield _HOW
    yield _runs(runs)
    yield from _machines(runs)
    yield from _versions(runs)
    yield from _durability(runs)


def _runs(runs: Sequence[Run]) -> str:
    rows = [
        (
            f"[{name}](#{name})",
            one.at,
            _lasted(one.took_s),
            _amount(one.options),
            f"{one.options.seed}",
            " ".join(f"{some:.2f}" for some in one.load_average),
        )
        for name, one in runs
    ]
    return table(("experiment", "begun", "took", "how much", "seed", "load average before"), rows)


def _amount(options: Options) -> str:
    sizes = ", ".join(f"{size:,}" for size in options.sizes)
    rounds = "1 round" if options.rounds == 1 else f"{options.rounds} rounds"
    quick = "**quick**, to see that it runs: " if options.quick else ""
    load = f"{options.clients} clients, {options.rate:,}/s"
    return f"{quick}{rounds} of {options.seconds:g} s, {load}; sizes compared: {sizes}"


def _lasted(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _machines(runs: Sequence[Run]) -> Iterator[str]:
    """Say what each machine is, and of which experiments, if there were several."""
    machines = dict.fromkeys(one.machine for _, one in runs)
    for machine in machines:
        yield f"**The machine{_of(runs, machine) if len(machines) > 1 else ''}:** {_described(machine)}\n"
        if machine.forgets:
            yield "**Its data was in memory, where being durable costs nothing: these figures flatter.** Give a folder"
            yield "on a disk with `--keep`.\n"


def _of(runs: Sequence[Run], machine: Machine) -> str:
    return " of " + ", ".join(name for name, one in runs if one.machine == machine)


def _described(machine: Machine) -> str:
    return (
        f"{machine.cores:g} cores ({machine.processor}), {machine.memory_gib:g} GiB of memory, {machine.kernel}, "
        f"{machine.python}; the data on {machine.file_system}."
    )


def _versions(runs: Sequence[Run]) -> Iterator[str]:
    """List versions; where experiments had different ones, all of them."""
    of_all: dict[str, dict[str, None]] = {}
    for _, one in runs:
        for name, version in one.versions.items():
            of_all.setdefault(name, {})[version or "none"] = None
    yield "**Versions:** " + ", ".join(f"{name} {' and '.join(some)}" for name, some in of_all.items()) + ".\n"


def _durability(runs: Sequence[Run]) -> Iterator[str]:
    """Show what each system's PostgreSQL said of its durability; an experiment ends where it is switched off."""
    seen = dict.fromkeys(
        (one.system, *(one.settings.get(name, "") for name in SHOWN))
        for _, measured in runs
        for one in measured.durability
        if one.settings
    )
    without = sorted({one.system for _, measured in runs for one in measured.durability if not one.settings})
    if seen:
        yield "What PostgreSQL answered when each system ran:\n"
        yield table(("system", *SHOWN), list(seen))
    if without:
        yield f"Without a PostgreSQL of ours: {', '.join(without)}.\n"
