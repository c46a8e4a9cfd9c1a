"""One process and split over processes, side by side in one run: `python -m benchmarks.split`; needs wrk, and Java.

Both run all the while, each with its own PostgreSQL; the load goes to one and the other in turns, and after each turn
what follows from it (accounts, counts) is waited for, so that no work of one falls into the turn of the other.
"""

import json
import os
import platform as machine
import shutil
import statistics
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

import psutil
from benchmarks.first import HERE, load, without_limits
from benchmarks.placements import Placement, placement
from rich.console import Console
from rich.table import Table

SETTINGS = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")
console = Console(width=100)


def main() -> None:
    """Measure in turns and print tables."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--rate", type=int, default=1000, help="registrations a second while delays are measured")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("This measurement needs wrk: install it and run this again.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {
            "CAREPLANE_HTTP_ROUTES_FILE": str(without_limits(folder)),
            "CAREPLANE_METRICS_PORT": "0",
            "CAREPLANE_LOGGING_LEVEL": "warning",
            "CAREPLANE_IDENTITY_TOKEN_TTL_S": "3600",
        }
        with placement("dev", folder, environ) as one, placement("split", folder, environ) as split:
            both = (one, split)
            say_machine(both, folder)
            idle = [each.memory() for each in both]
            say_rates(both, options)
            say_delays(both, options)
            say_memory(both, idle)


def say_machine(both: tuple[Placement, ...], folder: Path) -> None:
    """Say on what this was measured, and how durable it is."""
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ": ?")
    memory = psutil.virtual_memory().total / 2**30
    console.print(f"{os.cpu_count()} processors ({cpu.partition(': ')[2]}), {memory:.0f} GiB, {machine.platform()}")
    console.print(
        f"Python {machine.python_version()}; data on {file_system(folder)}; load before: {os.getloadavg()[0]:.1f}"
    )
    for each in both:
        shown = [f"{name}={each.sql(f'SHOW {name}')[0][0]}" for name in (*SETTINGS, "track_commit_timestamp")]
        console.print(f"PostgreSQL of {each.name}: {' '.join(shown)}")
    console.print("split: gRPC over mTLS on loopback; Kafka is one node, acks=all, flushed as its system sees fit\n")


def file_system(folder: Path) -> str:
    """Return the kind of file system that a folder is on."""
    around = [one for one in psutil.disk_partitions(all=True) if folder.resolve().is_relative_to(one.mountpoint)]
    return max(around, key=lambda one: len(one.mountpoint)).fstype


def say_rates(both: tuple[Placement, ...], options: Namespace) -> None:
    """Load the one and the other in turns as fast as they go."""
    rates: dict[str, list[float]] = {each.name: [] for each in both}
    table = Table("turn", "placement", "registrations/s", "p50, p99", "then caught up after")
    for turn in range(options.rounds + 1):
        for each in both:
            rate, line = load(each.port, each.token, options)
            behind = each.settle()
            if turn:
                rates[each.name].append(rate)
            delays = line.partition("p50")[2]
            table.add_row(str(turn or "warm-up"), each.name, f"{rate:.0f}", f"p50{delays}", f"{behind:.1f} s")
    console.print(table)
    medians = {name: statistics.median(some) for name, some in rates.items()}
    shown = ", ".join(f"{name} {median:.0f}/s" for name, median in medians.items())
    console.print(f"medians: {shown}, split/dev {medians['split'] / medians['dev']:.2f}\n")


def say_delays(both: tuple[Placement, ...], options: Namespace) -> None:
    """Send registrations at a fixed rate to the one and the other, and ask both databases when each was committed."""
    table = Table("turn", "placement", "sent", "failed", "answer p50, p99", "commit to visible p50, p99, worst")
    for turn in range(1, options.rounds + 1):
        for each in both:
            since = each.sql("SELECT clock_timestamp()")[0][0]
            sent = send_at(each, options)
            each.settle()
            table.add_row(
                str(turn),
                each.name,
                str(sent["sent"]),
                str(sent["failed"]),
                f"{sent['p50']:.1f} ms, {sent['p99']:.1f} ms",
                in_words(each.delays(since)),
            )
    console.print(f"{options.rate} registrations/s, open loop", table)


def send_at(each: Placement, options: Namespace) -> Mapping[str, float]:
    """Send registrations at the fixed rate from a process of its own."""
    command = [sys.executable, str(HERE / "open_loop.py"), *map(str, (each.port, options.rate, options.seconds))]
    done = subprocess.run(
        command, env={**os.environ, "TOKEN": each.token}, stdout=subprocess.PIPE, check=True, timeout=600
    )
    found: Mapping[str, float] = json.loads(done.stdout)
    return found


def in_words(ordered: list[float]) -> str:
    """Say the median, the 99th of a hundred and the worst of some seconds."""
    if not ordered:
        sys.exit("Not one registration came through, so there is nothing to measure.")
    p50, p99 = (ordered[len(ordered) * part // 100] for part in (50, 99))
    return ", ".join(f"{1000 * seconds:.0f} ms" for seconds in (p50, p99, ordered[-1]))


def say_memory(both: tuple[Placement, ...], idle: list[Mapping[str, tuple[float, float]]]) -> None:
    """Say what each process held before any load and holds after all of it."""
    table = Table("placement", "process", "RSS idle", "PSS idle", "RSS after", "PSS after")
    for each, before in zip(both, idle, strict=True):
        after = each.memory()
        for name in sorted({*before, *after}):
            figures = (*before.get(name, (0.0, 0.0)), *after.get(name, (0.0, 0.0)))
            table.add_row(each.name, name, *(f"{figure:.0f} MiB" for figure in figures))
        totals = (sum(pss for _, pss in held.values()) for held in (before, after))
        table.add_row(each.name, "[bold]all, PSS", "", f"{next(totals):.0f} MiB", "", f"{next(totals):.0f} MiB")
    console.print(table)


if __name__ == "__main__":
    main()
