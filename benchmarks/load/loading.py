"""Load: as fast as so many clients go (closed loop, wrk or k6), or at a constant rate (open loop, k6)."""

import itertools
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
from benchmarks.systems.running import Running

HERE = Path(__file__).parent
K6 = Path(sys.executable).with_name("k6")
_PATIENCE_S = 60
_runs = itertools.count(random.SystemRandom().randrange(400_000))


class Load(msgspec.Struct, frozen=True):
    """What came of a load; times are milliseconds of the requests that were accepted.

    `refused` were answered 429 or 503, `failed` otherwise than was right, and for `unsent` no connection was free when
    they were due. wrk counts what was refused as failed.
    """

    sent: int
    seconds: float
    p50: float
    p95: float
    p99: float
    worst: float
    failed: int = 0
    refused: int = 0
    unsent: int = 0

    @property
    def rate(self) -> float:
        """Requests a second that were accepted."""
        return (self.sent - self.failed - self.refused) / self.seconds


def wrk(script: str, system: Running, *, clients: int, seconds: float) -> list[str]:
    """Return the words that run a script of ours in wrk."""
    options = ["-t1", f"-c{clients}", f"-d{max(1, round(seconds))}", "--timeout", "30s"]
    return ["wrk", *options, "-s", str(HERE / script), system.url]


def closed_loop(system: Running, corpus: Path, *, clients: int, seconds: float) -> Load:
    """Send as fast as `clients` connections go, each its next request when the one before is answered."""
    if shutil.which("wrk"):
        return _run(wrk("replay.lua", system, clients=clients, seconds=seconds), {}, system, corpus, seconds)
    return _k6(system, corpus, seconds, {"CLIENTS": str(clients)})


def open_loop(system: Running, corpus: Path, *, rate: int, seconds: float, connections: int = 512) -> Load:
    """Send at a constant rate, whether or not the answers keep up, so that nothing hides behind a slow one."""
    return _k6(system, corpus, seconds, {"RATE": str(rate), "VUS": str(connections)})


def none_failed(load: Load, what: str) -> Load:
    """Return the load; end the run if anything failed, for then its figures mean nothing."""
    if load.failed or load.refused or load.unsent:
        sys.exit(
            f"{what}: of {load.sent} requests {load.failed} failed, {load.refused} were refused and {load.unsent} "
            "could not be sent: the figures mean nothing. Look into the server's log, or run this on a quieter machine."
        )
    return load


def _k6(system: Running, corpus: Path, seconds: float, environ: dict[str, str]) -> Load:
    words = [str(K6), "run", "--quiet", "--no-usage-report", "--address", "", str(HERE / "replay.js")]
    return _run(words, {"URL": system.url, "SECONDS": str(seconds), **environ}, system, corpus, seconds)


def _run(words: list[str], more: dict[str, str], system: Running, corpus: Path, seconds: float) -> Load:
    return msgspec.json.decode(generate(words, more, system, corpus, seconds), type=Load)


def generate(words: list[str], more: dict[str, str], system: Running, corpus: Path, seconds: float) -> str:
    """Run a generator of load by these words, and return the line of JSON that it ends with."""
    own = {"CORPUS": str(corpus), "TOKEN": system.token, "RUN": f"{100_000 + next(_runs)}", **more}
    done = subprocess.run(
        words, env={**os.environ, **own}, capture_output=True, text=True, check=False, timeout=seconds + _PATIENCE_S
    )
    line = next((line for line in done.stdout.splitlines() if line.startswith("{")), "")
    if done.returncode or not line:
        sys.exit(f"{Path(words[0]).name} could not load {system.name}: {done.stderr or done.stdout}")
    return line
