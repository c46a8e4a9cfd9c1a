"""A first measurement: durable registrations a second against the same server without storage, taking turns.

`python benchmarks/first.py [--rounds N] [--seconds S] [--clients C]`; needs wrk. The full harness comes later.
"""

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from argparse import ArgumentParser, Namespace
from pathlib import Path

import httpx

HERE = Path(__file__).parent
ROUTES = HERE.parent / "config" / "gateway.yaml"
SIGN_IN = {"email": "testuser@test.com", "password": "password123"}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def without_limits(folder: Path) -> Path:
    """Write the route table with rates that no load reaches."""
    text = re.sub(r"per_second: [\d.]+, burst: \d+", "per_second: 1000000, burst: 1000000", ROUTES.read_text())
    file = folder / "routes.yaml"
    file.write_text(text)
    return file


def load(port: int, token: str, options: Namespace) -> tuple[float, str]:
    """Send registrations for a while; return how many a second, and wrk's line about errors and latency."""
    script = str(HERE / "register.lua")
    command = ["wrk", "-t1", f"-c{options.clients}", f"-d{options.seconds}", "-s", script, f"http://127.0.0.1:{port}"]
    done = subprocess.run(command, env={**os.environ, "TOKEN": token}, capture_output=True, text=True, check=True)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    line = re.search(r"requests=.*", done.stdout)
    assert rate, done.stdout
    assert line, done.stdout
    if "errors=0 " not in line[0]:
        sys.exit(f"Some requests failed, so the figures mean nothing: {line[0]}")
    return float(rate[1]), line[0]


def start(arguments: list[str], environ: dict[str, str]) -> subprocess.Popen[str]:
    """Start a server."""
    return subprocess.Popen([sys.executable, *arguments], env=environ, stdout=subprocess.PIPE, text=True)


def platform_token(port: int) -> str:
    """Wait until the platform is ready, and sign in."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2).close()  # nosec B310
            break
        except OSError:
            time.sleep(0.1)
    return str(httpx.post(f"http://127.0.0.1:{port}/auth/login", json=SIGN_IN, timeout=30).json()["token"])


def main() -> None:
    """Measure in turns and print each round, the medians and their ratio."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--clients", type=int, default=64)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("This measurement needs wrk: install it and run this again.")
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), options)


def measure(folder: Path, options: Namespace) -> None:
    """Start both servers and load them in turns."""
    routes = str(without_limits(folder))
    environ = {
        **os.environ,
        "CAREPLANE_HTTP_ROUTES_FILE": routes,
        "CAREPLANE_METRICS_PORT": "0",
        "CAREPLANE_LOGGING_LEVEL": "warning",
        "CAREPLANE_IDENTITY_TOKEN_TTL_S": "3600",
    }
    ports = free_port(), free_port()
    data = str(folder / "data")
    noop = start([str(HERE / "noop.py"), str(ports[0])], environ)
    real = start(["-m", "careplane", "dev", "--port", str(ports[1]), "--data", data], environ)
    try:
        assert noop.stdout
        tokens = noop.stdout.readline().strip(), platform_token(ports[1])
        rates: tuple[list[float], list[float]] = ([], [])
        for turn in range(2 * (options.rounds + 1)):
            which = turn % 2
            rate, line = load(ports[which], tokens[which], options)
            warm = turn >= 2
            if warm:
                rates[which].append(rate)
            sys.stdout.write(f"{('noop', 'durable')[which]:8} {rate:8.0f}/s  {line}{'' if warm else '  (warm-up)'}\n")
            sys.stdout.flush()
        medians = [statistics.median(some) for some in rates]
        sys.stdout.write(
            f"medians: noop {medians[0]:.0f}/s, durable {medians[1]:.0f}/s, ratio {medians[1] / medians[0]:.2f}\n"
        )
    finally:
        for process in (noop, real):
            process.send_signal(signal.SIGINT)
            process.wait(30)


if __name__ == "__main__":
    main()
