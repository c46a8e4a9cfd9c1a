"""The ceiling: the same gateway, authentication, limits, validation and answers, with no storage behind them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from benchmarks.systems.platform import settings_for_load, started, until_ready
from benchmarks.systems.ports import free_port
from benchmarks.systems.running import Running


@contextmanager
def noop(folder: Path) -> Iterator[Running]:
    """Run the server with no storage behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    port, token = free_port(), folder / "token"
    command = [sys.executable, "-m", "benchmarks.systems.noop_server", str(port), str(token)]
    environ = {**os.environ, **settings_for_load(folder)}
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("ab") as output, started(command, environ, output) as process:
        until_ready(url, process, folder)
        yield Running("noop", url, token.read_text(), psutil.Process(process.pid))
