"""A `careplane split` that runs, and each of its processes by its name."""

import re
from typing import Any

import httpx
import psutil
from tests.end_to_end.program import Program, until_true
from tests.end_to_end.split_program import SplitProgram

from careplane.app.split_plan import split_processes

_NUMBER = re.compile(r"^(careplane_\w+(?:\{[^}]*\})?) ([-+.\deE]+)$", re.MULTILINE)


class SplitPlatform(SplitProgram):
    """The platform in five processes; tests kill one and wait until it is back."""

    def child(self, name: str) -> psutil.Process:
        """Return the process in which `name` runs now."""
        found: list[psutil.Process] = []

        def looked_for() -> list[psutil.Process]:
            found[:] = [one for one in psutil.Process(self.process.pid).children() if name in _words(one)]
            return found

        until_true(looked_for)
        return found[0]

    def wait_until_another_runs(self, process: psutil.Process, name: str) -> None:
        """Return when another process than that one runs `name`, and the gateway says that all is ready."""
        until_true(lambda: self.child(name).pid != process.pid, seconds=30)
        until_true(self.is_ready, seconds=30)

    def is_ready(self) -> bool:
        """Tell whether the gateway answers that all is ready."""
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5.0).is_success
        except httpx.TransportError:
            return False

    def said_by(self, name: str) -> str:
        """Return what the process of `name` has said, and what was said about it."""
        begin = f"{name:<9} | "
        return "\n".join(line.removeprefix(begin) for line in Program.said(self).splitlines() if line.startswith(begin))

    def numbers(self, name: str) -> dict[str, float]:
        """Return what the process of `name` tells Prometheus."""
        ports = {one.name: one.settings.metrics.port for one in split_processes(self.folder)}
        text = httpx.get(f"http://127.0.0.1:{ports[name]}/metrics", timeout=10.0).text
        return {number: float(value) for number, value in _NUMBER.findall(text)}

    def clear_away(self) -> None:
        """Leave nothing of it running, whatever state it is in."""
        children: list[Any] = []
        if self.process.poll() is None:
            children = psutil.Process(self.process.pid).children()
        super().clear_away()
        for child in children:
            child.wait(20)  # each ends when its standard input does


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that is dead and waits for its parent to hear of it does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
