"""The real program: started, spoken to, stopped and killed as its users do it, and the data folder looked into."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
from tests.conftest import in_own_loop
from tests.ports import free_port

import careplane
from careplane.app.embedded import running_url
from careplane.app.postmaster import Postmaster

START_SECONDS = 40.0
STOP_SECONDS = 30.0
COMMAND_SECONDS = 50.0
DEMO_EMAIL = "testuser@test.com"
DEMO_PASSWORD = "password123"
ROOT = Path(careplane.__file__).parents[2]
COSTS = (
    "CAREPLANE_IDENTITY_ARGON2_TIME_COST",
    "CAREPLANE_IDENTITY_ARGON2_MEMORY_KIB",
    "CAREPLANE_IDENTITY_ARGON2_PARALLELISM",
)
REAL_HASHING = dict(zip(COSTS, ("3", "65536", "4"), strict=True))
"""What a password costs where that is what a test is about."""
LEAST_HASHING = dict(zip(COSTS, ("2", "19456", "1"), strict=True))
"""The least that a program in production takes."""
_CHEAP_HASHING = dict(zip(COSTS, ("1", "8", "1"), strict=True))
_RATE = re.compile(r"per_second: [\d.]+, burst: \d+")


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a program: ours, without what is set about Careplane here, and with `settings`."""
    ours = {n: v for n, v in os.environ.items() if not n.startswith("CAREPLANE_") and n != "DATABASE_URL"}
    return {**ours, "CAREPLANE_LOGGING_FORMAT": "json", **_CHEAP_HASHING, **settings}


def generous_routes(folder: Path, *, per_second: int = 100_000, burst: int = 1_000_000) -> Path:
    """Write the project's route table with other rates, so that one user can be a whole crowd, and return its path."""
    table = (ROOT / "config" / "gateway.yaml").read_text()
    file = folder / f"gateway-{per_second}-{burst}.yaml"
    file.write_text(_RATE.sub(f"per_second: {per_second}, burst: {burst}", table))
    return file


def run_careplane(*arguments: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself, and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "careplane", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
        env=environment(**settings),
    )


def assert_one_sentence(said: subprocess.CompletedProcess[str]) -> str:
    """Check that a command failed with a sentence on standard error and nothing else, and return the sentence."""
    assert said.returncode not in (0, None), said.stdout
    assert said.returncode > 0, f"killed by signal {-said.returncode}"
    assert "Traceback" not in said.stderr + said.stdout, said.stderr
    lines = [
        line for line in said.stderr.strip().splitlines() if not line.startswith("{")
    ]  # its log is not the sentence
    assert lines, "it failed without a word"
    assert lines[0].startswith("careplane: "), said.stderr
    return "\n".join(lines)


class Program:
    """A `careplane dev` that runs, and how to talk to it."""

    def __init__(self, data: Path, *command: str, **environ: str) -> None:
        """Start it on free ports with `data` as its folder; another `command` than dev gets no data folder."""
        self.port, self.metrics_port = free_port(), free_port()
        self.data = data
        self.url = f"http://127.0.0.1:{self.port}"
        self.metrics_url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        self.output = data.with_suffix(".log")
        arguments, own = (command, self._ports()) if command else self._words()
        with self.output.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "careplane", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(**own, **environ),
            )

    def _words(self) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return the command that runs the platform, and its settings."""
        return ("dev", "--port", str(self.port), "--data", str(self.data)), self._ports()

    def _ports(self) -> dict[str, str]:
        return {"CAREPLANE_HTTP_PORT": str(self.port), "CAREPLANE_METRICS_PORT": str(self.metrics_port)}

    def wait_until_ready(self) -> None:
        """Return when it says that it is ready."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5.0).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.02)
        pytest.fail(f"the program did not become ready:\n{self.said()[-4000:]}")

    def sign_in(self, email: str = DEMO_EMAIL, password: str = DEMO_PASSWORD) -> dict[str, str]:
        """Return the header that a signed-in client sends."""
        answer = httpx.post(f"{self.url}/auth/login", json={"email": email, "password": password}, timeout=30.0)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Run a command of careplane on its data folder, which must succeed, and return what that says."""
        done = run_careplane(*arguments, "--data", str(self.data), stdin=stdin)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def said(self) -> str:
        """Return all that it has written so far, to either stream."""
        return self.output.read_text()

    def metrics(self) -> str:
        """Return what it tells Prometheus."""
        return httpx.get(self.metrics_url, timeout=10.0).text

    def sql(self, query: str, *arguments: Any) -> list[Mapping[str, Any]]:
        """Return the rows of a query to its own PostgreSQL, asked through the socket in the data folder."""
        rows: list[Mapping[str, Any]] = []
        url = running_url(self.data)
        assert url is not None, "its PostgreSQL does not run"

        async def work() -> None:
            connection = await asyncpg.connect(url, timeout=10)
            try:
                rows.extend(dict(row) for row in await connection.fetch(query, *arguments))
            finally:
                await connection.close()

        in_own_loop(work)
        return rows

    def postgres(self) -> Postmaster | None:
        """Return the PostgreSQL that runs on the data folder, if one does."""
        return Postmaster.of(self.data.resolve() / "postgres")

    def ask_to_stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """Ask it to stop, as Ctrl-C does, and do not wait."""
        self.process.send_signal(sign)

    def stop(self, sign: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop and return its exit code."""
        self.ask_to_stop(sign)
        return self.ended()

    def kill(self, *, with_postgres: bool = False) -> None:
        """Kill it with no chance to say a word, and every process of its PostgreSQL too if asked."""
        doomed = [self.process.pid]
        if with_postgres and (postgres := self.postgres()):
            doomed += [child.pid for child in psutil.Process(postgres.pid).children(recursive=True)]
            doomed.insert(1, postgres.pid)
        for pid in doomed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.ended()
        if with_postgres:  # a killed process takes a moment to be gone
            until_true(lambda: self.postgres() is None)

    def clear_away(self) -> None:
        """Leave nothing of it running, whatever state it is in."""
        if self.process.poll() is None:
            self.stop()
        if left := self.postgres():
            left.stop(self.data.resolve() / "postgres", 10.0)

    def ended(self) -> int:
        """Return its exit code once it has ended, which it must in time."""
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()


def until_true(check: Callable[[], object], seconds: float = 20.0, pause: float = 0.02) -> None:
    """Return as soon as `check` gives something true; fail when it does not in time."""
    until = time.monotonic() + seconds
    while not check():
        if time.monotonic() > until:
            pytest.fail(f"it did not come true within {seconds:g} seconds")
        time.sleep(pause)


async def until_true_async(check: Callable[[], object], seconds: float = 20.0, pause: float = 0.005) -> None:
    """Return as soon as `check` gives something true; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(pause)
