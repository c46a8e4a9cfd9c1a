"""One `careplane serve` of the cluster: started, killed, frozen, asked to stop, and asked how it is."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
from tests.end_to_end.program import LEAST_HASHING, environment
from tests.faults.ports import steady_port

from careplane.app.children import READY
from careplane.app.settings import Settings
from careplane.app.settings_source import load_settings

STOP_SECONDS = 30.0
_ENDS = (0,)
_EARLY_ENDS = (0, 130, -signal.SIGTERM)  # while it was starting, or even Python itself
_NO_DATABASE = "careplane: The database does not answer: check that it runs"
_NUMBER = re.compile(r"^(careplane_\w+)(\{[^}]*\})? ([-+.\deE]+)$", re.MULTILINE)


class Process:
    """A process of the platform and its settings; it can be started again and again."""

    def __init__(self, name: str, serves: str, folder: Path) -> None:
        """Name it, what runs in it, and the folder for its settings and its log."""
        self.name = name
        self.serves = serves
        self.grpc_port, self.http_port, self.metrics_port = steady_port(), steady_port(), steady_port()
        self.ended_by_itself: list[str] = []
        self._config = folder / f"{name}.toml"
        self._output = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._said_before = 0

    def configure(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Write its settings."""
        lines: list[str] = []
        for section, values in settings.items():
            lines += [f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in values.items()), ""]
        self._config.write_text("\n".join(lines))

    @property
    def settings(self) -> Settings:
        """Its settings, as they were written."""
        return load_settings(self._config, {})

    @property
    def metrics_url(self) -> str:
        """Where it tells Prometheus of itself."""
        return f"http://127.0.0.1:{self.metrics_port}/metrics"

    @property
    def pid(self) -> int:
        """Its process id; it must have been started."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs; if it ended without being told to, that is noted."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is None:
            return True
        self._process = None
        if _NO_DATABASE not in self.said():  # so far it does not start, and is to be started again
            self.ended_by_itself.append(f"{self.name} ended by itself with {code}: {self.said()[-1500:]}")
        return False

    def start(self) -> None:
        """Start it unless it runs, and do not wait for it."""
        if self.alive:
            return
        self._said_before = self._output.stat().st_size if self._output.exists() else 0
        with self._output.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "careplane", "serve", self.serves, "--config", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(**LEAST_HASHING),
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill it with no chance to say a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None

    def freeze(self) -> None:
        """Let it stand still."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to stop, which it must in time and in good order."""
        if self._process is None or not self.alive:
            return
        process, self._process = self._process, None
        began = time.monotonic()
        process.terminate()
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
            code = -1
        took = time.monotonic() - began
        fine = _ENDS if READY in self.said() else _EARLY_ENDS
        assert code in fine, (
            f"{self.name} ended with {code} after {took:.1f} s when asked to stop: {self.said()[-3000:]}"
        )

    def said(self) -> str:
        """Return what it has written since its last start."""
        with self._output.open("rb") as log:
            log.seek(self._said_before)
            return log.read().decode(errors="replace")

    def numbers(self) -> dict[str, float]:
        """Return what it tells Prometheus, by name and label as they stand there."""
        text = httpx.get(self.metrics_url, timeout=5.0).text
        return {f"{name}{label}": float(number) for name, label, number in _NUMBER.findall(text)}

    def sockets(self) -> int:
        """Return how many sockets it has open."""
        return len(psutil.Process(self.pid).net_connections("all"))

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return str(value) if isinstance(value, int | float) else f'"{value}"'
