"""The one-file program as its users have it: in an empty folder, with nothing of this machine's in its environment."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import pytest
from tests.end_to_end.program import DEMO_EMAIL, DEMO_PASSWORD
from tests.ports import free_ports

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 50.0
NOBODY: Final = 65534
NO_PROGRAMS: Final = "/nonexistent"


class OneFile:
    """A copy of the file, the empty folder that it is started in, and whom it is started as."""

    def __init__(self, built: Path, folder: Path, *, path: str = NO_PROGRAMS, account: int | None = None) -> None:
        """Copy what was `built` into the folder; as root it is run by `account` if one is given."""
        self.folder = folder
        self.file = folder / "careplane"
        self.temporary, self.home, self.here = (folder / name for name in ("tmp", "home", "here"))
        shutil.copy(built, self.file)
        folder.chmod(0o755)
        for made in (self.temporary, self.home, self.here):
            made.mkdir()
            if account is not None:
                os.chown(made, account, account)
        self.started: list[subprocess.Popen[bytes]] = []
        self._path = path
        self._as_whom: Mapping[str, Any] = (
            {"user": account, "group": account, "extra_groups": []} if account is not None else {}
        )

    def circumstances(self, **settings: str) -> dict[str, Any]:
        """Return how it is started: its environment has nothing else than this, and so has the folder."""
        environ = {"PATH": self._path, "HOME": str(self.home), "TMPDIR": str(self.temporary), **settings}
        return {"env": environ, "cwd": self.here, "stdin": subprocess.DEVNULL, **self._as_whom}

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command that ends by itself, and return what it said."""
        return subprocess.run(
            [self.file, *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=START_SECONDS,
            check=False,
            **self.circumstances(**settings),
        )

    def said(self, *words: str, **settings: str) -> str:
        """Run a command, which must succeed, and return what it printed."""
        done = self.run(*words, **settings)
        assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
        assert "Traceback" not in done.stderr
        return done.stdout

    def processes(self) -> list[psutil.Process]:
        """Return the processes that run out of this folder, PostgreSQL's among them."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.exe().startswith(f"{self.folder}/") and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def unpacked(self) -> list[Path]:
        """Return the folders into which it has unpacked itself, and anything else that it left there."""
        return list(self.temporary.iterdir())

    def assert_nothing_is_left(self) -> None:
        """Check that no process runs, and that nothing is left where temporary files go."""
        assert self.processes() == []
        assert self.unpacked() == []

    def clear_away(self) -> None:
        """End what runs still, and remove the folder."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for one in self.started:
            one.wait(STOP_SECONDS)
        shutil.rmtree(self.folder)


class Running:
    """The platform out of the one file, and how to talk to it."""

    def __init__(
        self, program: OneFile, *words: str, data: str = "data", port: int | None = None, **settings: str
    ) -> None:
        """Start `careplane dev` on free ports and a data folder below the folder that it is started in.

        Other `words` are another command, whose gateway listens on `port`.
        """
        free, metrics = free_ports(2)
        self.port = port or free
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = program.folder / f"{data}.log"
        self.pgdata = program.here / data / "postgres"
        if not words:
            words = ("dev", "--port", str(self.port), "--data", data)
            settings = {"CAREPLANE_METRICS_PORT": str(metrics), **settings}
        with self.output.open("ab") as log:
            self.process = subprocess.Popen(
                [program.file, *words],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **program.circumstances(**settings),
            )
        program.started.append(self.process)

    def wait_until_ready(self) -> float:
        """Return when it says that it is ready, and how many seconds that has taken."""
        begun = time.monotonic()
        while time.monotonic() - begun < START_SECONDS and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5.0).is_success:
                    return time.monotonic() - begun
            except httpx.TransportError:
                time.sleep(0.02)
        pytest.fail(f"it did not become ready:\n{self.output.read_text()[-4000:]}")

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Give a client that is signed in as the demo user."""
        with httpx.Client(base_url=self.url, timeout=30.0) as client:
            answer = client.post("/auth/login", json={"email": DEMO_EMAIL, "password": DEMO_PASSWORD})
            assert answer.status_code == 200, answer.text
            client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
            yield client

    def inner(self) -> psutil.Process:
        """Return the process in which Careplane itself runs, started by the one that unpacks."""
        (inner,) = psutil.Process(self.process.pid).children()
        return inner

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code."""
        self.process.send_signal(sign)
        return self.ended()

    def ended(self) -> int:
        """Return its exit code once it has ended, which it must in time."""
        return self.process.wait(STOP_SECONDS)
