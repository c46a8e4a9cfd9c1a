"""Careplane itself, in one process or split over processes with a real broker."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import httpx
import psutil
from benchmarks.systems.ports import free_port
from benchmarks.systems.running import Running

from careplane.app.embedded import running_url
from careplane.app.split_plan import default_split_folder
from careplane.gateway.routes import default_routes_file

SIGN_IN = {"email": "testuser@test.com", "password": "password123"}
READY_S = 180.0
_PORT = re.compile(r"\b40\d\d\b")
_RATE = re.compile(r"per_second: [\d.]+, burst: \d+")


def settings_for_load(folder: Path) -> dict[str, str]:
    """Return the environment of a platform under load: rates that no load reaches, and a token for the whole time."""
    routes = folder / "routes.yaml"
    routes.write_text(_RATE.sub("per_second: 1000000, burst: 1000000", default_routes_file().read_text()))
    return {
        "CAREPLANE_HTTP_ROUTES_FILE": str(routes),
        "CAREPLANE_METRICS_PORT": "0",
        "CAREPLANE_LOGGING_LEVEL": "warning",
        "CAREPLANE_IDENTITY_TOKEN_TTL_S": "3600",
    }


@contextmanager
def one_process(folder: Path) -> Iterator[Running]:
    """Run all of it in one process, with the data in the folder."""
    with platform("one", ["-m", "careplane", "dev"], folder) as running:
        yield running


@contextmanager
def split(folder: Path) -> Iterator[Running]:
    """Run a process for each component, PostgreSQL and Kafka, with the data in the folder."""
    settings = folder / "split"
    _with_free_ports(settings)
    with platform("split", ["-m", "careplane", "split", "--config", str(settings)], folder) as running:
        yield running


@contextmanager
def platform(name: str, words: Sequence[str], folder: Path) -> Iterator[Running]:
    """Run a platform by these words, which keeps the times of its commits, and sign in."""
    folder.mkdir(parents=True, exist_ok=True)
    port, data = free_port(), folder / "data"
    command = [sys.executable, *words, "--port", str(port), "--data", str(data)]
    environ = {**os.environ, **settings_for_load(folder)}
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("ab") as output:
        if not data.exists():
            with started(command, environ, output) as process:
                until_ready(url, process, folder)
                made = Running(name, url, "", database=database_of(data))
                made.sql("ALTER SYSTEM SET track_commit_timestamp = on")  # takes hold at the next start
        with started(command, environ, output) as process:
            until_ready(url, process, folder)
            yield Running(name, url, sign_in(url), psutil.Process(process.pid), database_of(data), platform=True)


def sign_in(url: str) -> str:
    """Return a token of the demo user."""
    answer = httpx.post(f"{url}/auth/login", json=SIGN_IN, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["token"])


def is_ready(url: str) -> bool:
    """Return whether the platform says that it is."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=2)  # costs a hundredth of what httpx does
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def started(command: Sequence[str], environ: Mapping[str, str], output: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until this is left, which ends it as Ctrl-C does."""
    process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)


def until_ready(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until the platform says that it is ready; end the run with its last words if it will not be."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        if is_ready(url):
            return
        time.sleep(0.02)
    words = (folder / "log").read_text(errors="replace")[-2000:]
    sys.exit(f"The platform ended, or was not ready within {READY_S:.0f} s. Its last words:\n{words}")


def database_of(data: Path) -> str:
    """Return the URL of the PostgreSQL that runs on a data folder."""
    url = running_url(data)
    assert url, "its PostgreSQL does not run"
    return url


def _with_free_ports(folder: Path) -> None:
    """Copy the settings of a split platform, with ports that are free."""
    shutil.copytree(default_split_folder(), folder, dirs_exist_ok=True)
    files = sorted(folder.glob("*.toml"))
    ports = {old: str(free_port()) for file in files for old in _PORT.findall(file.read_text())}
    for file in files:
        file.write_text(_PORT.sub(lambda found: ports[found[0]], file.read_text()))
