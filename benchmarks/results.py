"""What was measured, kept in a file: of each experiment the last run, with its time, machine, versions and options."""

from pathlib import Path

import msgspec
from benchmarks.durability import Durability
from benchmarks.figures import Finding
from benchmarks.machine import Machine


class Options(msgspec.Struct, frozen=True):
    """How much was measured."""

    rounds: int
    seconds: float
    clients: int
    rate: int
    sizes: tuple[int, ...]
    seed: int
    quick: bool = False


class Measured(msgspec.Struct, frozen=True):
    """One experiment's run: what it found, or the sentence with which it failed."""

    at: str
    """When it began, in UTC."""
    took_s: float
    options: Options
    machine: Machine
    versions: dict[str, str]
    load_average: tuple[float, float, float]
    """That of the machine just before."""
    durability: tuple[Durability, ...] = ()
    finding: Finding | None = None
    failure: str = ""


class Results(msgspec.Struct, frozen=True):
    """All that is known, by the name of the experiment."""

    experiments: dict[str, Measured] = {}

    @classmethod
    def read(cls, file: Path) -> "Results":
        """Read what earlier runs found; nothing where there is no file."""
        return msgspec.json.decode(file.read_bytes(), type=cls) if file.exists() else cls()

    def with_one(self, name: str, measured: Measured) -> "Results":
        """Put one experiment's run in the place of an earlier one."""
        return Results({**self.experiments, name: measured})

    def write(self, file: Path) -> None:
        """Write all of it, so that a crash leaves either the old file or the new one."""
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")
        fresh.replace(file)
