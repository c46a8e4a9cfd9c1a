"""A running PostgreSQL as its `postmaster.pid` tells of it: found again after its starter was killed, and stopped."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

_READY_LINE = 8
_POLL_S = 0.01


class Postmaster(NamedTuple):
    """What a PostgreSQL says of itself in its data folder."""

    pid: int
    socket_folder: Path
    ready: bool

    @classmethod
    def of(cls, pgdata: Path) -> "Postmaster | None":
        """Return the PostgreSQL that runs on `pgdata`, or None; a file left by a dead one is removed."""
        file = pgdata / "postmaster.pid"
        try:
            lines = [line.strip() for line in file.read_text(errors="replace").splitlines()]
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not lines or not lines[0].isdecimal():
            return None
        if not _runs_on(int(lines[0]), pgdata):
            file.unlink(missing_ok=True)  # its number may meanwhile be another program's, which PostgreSQL would mind
            return None
        ready = len(lines) >= _READY_LINE and lines[_READY_LINE - 1] == "ready"
        return cls(int(lines[0]), Path(lines[4]) if ready else pgdata, ready)

    def stop(self, pgdata: Path, timeout_s: float) -> None:
        """Stop it in good order; when that takes longer than `timeout_s`, at once (it recovers at the next start)."""
        for sign, patience in ((signal.SIGINT, timeout_s), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            with suppress(ProcessLookupError):
                os.kill(self.pid, sign)
            if _gone(self.pid, pgdata, patience):
                return


def _runs_on(pid: int, pgdata: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.name() == "postgres" and pgdata.samefile(process.cwd())
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False
    except psutil.AccessDenied:
        return True


def _gone(pid: int, pgdata: Path, patience_s: float) -> bool:
    until = time.monotonic() + patience_s
    while _runs_on(pid, pgdata):
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_S)
    return True
