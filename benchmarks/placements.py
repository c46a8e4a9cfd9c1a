"""The platform to be measured, in one process or split with a real broker; and what memory each process takes."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from benchmarks.first import free_port, platform_token

from careplane.app.embedded import running_url
from careplane.app.split_plan import default_split_folder

QUIET_S = 300.0
_PORT = re.compile(r"\b40\d\d\b")
_BEHIND = """
SELECT (SELECT count(*) FROM patient.patients) - (SELECT count(*) FROM analytics.patient_fact)
     + (SELECT count(*) FROM patient.billing_intents)
"""
# Both commits are on one clock, that of the one PostgreSQL.
_DELAYS = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(f.xmin) - pg_xact_commit_timestamp(v.xmin))::float8 AS seconds
FROM analytics.patient_fact f JOIN patient.patients v ON v.id = f.patient_id
WHERE pg_xact_commit_timestamp(v.xmin) > $1 ORDER BY 1
"""


@dataclass
class Placement:
    """A platform that runs."""

    name: str
    port: int
    data: Path
    process: subprocess.Popen[bytes]
    token: str = ""

    def sql(self, query: str, *arguments: Any) -> list[Any]:
        """Return the rows of a query to its PostgreSQL."""
        url = running_url(self.data)
        assert url, "its PostgreSQL does not run"

        async def work() -> list[Any]:
            connection = await asyncpg.connect(url, timeout=10)
            try:
                return list(await connection.fetch(query, *arguments))
            finally:
                await connection.close()

        return asyncio.run(work())

    def settle(self) -> float:
        """Wait until billing and analytics have done all that follows from the registrations; return the seconds."""
        begun = time.monotonic()
        while self.sql(_BEHIND)[0][0]:
            if time.monotonic() > begun + QUIET_S:
                sys.exit(f"{self.name} has not caught up within {QUIET_S:.0f} s.")
            time.sleep(0.1)
        return time.monotonic() - begun

    def delays(self, since: Any) -> list[float]:
        """Return in order how long each registration since then took from its commit to be visible in analytics."""
        return [row["seconds"] for row in self.sql(_DELAYS, since)]

    def memory(self) -> Mapping[str, tuple[float, float]]:
        """Return RSS and PSS in MiB of each process, PostgreSQL's and Kafka's each taken together."""
        found: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
        root = psutil.Process(self.process.pid)
        for process in (root, *root.children(recursive=True)):
            words = process.cmdline()
            taken = process.memory_full_info()
            name = _name(words, process.name())
            found[name] = (found[name][0] + taken.rss / 2**20, found[name][1] + taken.pss / 2**20)
        return found


def _name(words: list[str], name: str) -> str:
    if "postgres" in name:
        return "PostgreSQL"
    if "careplane" in words:
        after = words[words.index("careplane") + 1 :]
        return " ".join(after[:2] if after[0] == "serve" else after[:1])
    return "Kafka" if name == "java" else "what watches"


@contextmanager
def placement(name: str, folder: Path, environ: Mapping[str, str]) -> Iterator[Placement]:
    """Run one, with the times of its commits kept; `name` is the command: dev or split."""
    port, data = free_port(), folder / name
    words = ["--port", str(port), "--data", str(data)]
    if name == "split":
        words += ["--config", str(_split_folder(folder / "split-settings"))]
    command = [sys.executable, "-m", "careplane", name, *words]
    output = (folder / f"{name}.log").open("ab")
    with output:
        running = _ready(Placement(name, port, data, _start(command, environ, output)))
        running.sql("ALTER SYSTEM SET track_commit_timestamp = on")  # takes hold at the next start
        _stop(running)
        running = _ready(Placement(name, port, data, _start(command, environ, output)))
        try:
            yield running
        finally:
            _stop(running)


def _start(command: list[str], environ: Mapping[str, str], output: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env={**os.environ, **environ}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )


def _ready(running: Placement) -> Placement:
    running.token = platform_token(running.port)
    return running


def _stop(running: Placement) -> None:
    running.process.send_signal(signal.SIGINT)
    running.process.wait(90)


def _split_folder(folder: Path) -> Path:
    """Copy the settings of a split platform, with ports that are free."""
    shutil.copytree(default_split_folder(), folder)
    files = sorted(folder.glob("*.toml"))
    ports = {old: str(free_port()) for file in files for old in _PORT.findall(file.read_text())}
    for file in files:
        file.write_text(_PORT.sub(lambda found: ports[found[0]], file.read_text()))
    return folder
