"""A real PostgreSQL out of a wheel: started in the data folder, reached through a socket, stopped with us."""

import os
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from careplane.app.catalog import NAMES
from careplane.app.data_folder import DataFolder, settled
from careplane.app.postgres_access import write_access
from careplane.app.postgres_account import Account, account_for, give, let_through
from careplane.app.postgres_cluster import USER, circumstances, make_cluster
from careplane.app.postgres_conf import write_conf
from careplane.app.postgres_programs import programs
from careplane.app.postmaster import Postmaster
from careplane.app.setup_error import SetupError
from careplane.storage.database import role_of

_LONGEST_SOCKET_FOLDER = 85  # the kernel takes 104 characters on macOS and 108 on Linux, the socket's name included
_SOCKET_LOCK = ".s.PGSQL.5432.lock"
_POLL_S = 0.01
_STILL_DYING = "pre-existing shared memory block"


class EmbeddedPostgres:
    """One PostgreSQL in one data folder, which it holds locked from `start` to `stop`. Its calls block."""

    def __init__(self, data_dir: Path, *, components: Iterable[str] = NAMES, start_timeout_s: float = 60.0) -> None:
        """Name the data folder and who logs in beside the owner; recovery must fit into `start_timeout_s`."""
        self._components = tuple(components)
        self._folder = DataFolder(data_dir)
        self._pgdata = self._folder.path / "postgres"
        self._log = self._folder.path / "postgres-start.log"
        self._start_timeout_s = start_timeout_s
        self._programs = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self.reused = False
        self.url = ""

    def start(self) -> str:
        """Start PostgreSQL, or take over the one that a killed Careplane left running; return its URL."""
        self._folder.open()
        try:
            self.url = self._start()
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            reason = error.strerror if isinstance(error, OSError) else "it took too long"
            sentence = (
                f"The database in {self._folder.path} could not be set up ({reason}): check the folder's owner and "
                "the free space, or choose another one with --data."
            )
            raise SetupError(sentence) from error
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self, timeout_s: float = 20.0) -> None:
        """Stop PostgreSQL and let go of the folder."""
        try:
            if running := Postmaster.of(self._pgdata):
                running.stop(self._pgdata, timeout_s)
            if self._process is not None:
                self._process.wait(timeout_s)
        finally:
            self._process = None
            self._folder.close()

    def _start(self) -> str:
        account = account_for(self._pgdata)
        let_through(self._pgdata)
        self.reused = Postmaster.of(self._pgdata) is not None
        self._programs = programs(self._folder.path, in_use=self.reused)
        let_through(self._programs / "postgres")
        make_cluster(self._pgdata, account, self._programs)
        until = time.monotonic() + self._start_timeout_s
        while time.monotonic() < until:
            running = Postmaster.of(self._pgdata)
            if running and running.ready:
                return url_at(running.socket_folder)
            if running is None and not self._starting():
                self._launch(account)
            time.sleep(_POLL_S)
        sentence = (
            f"PostgreSQL was not ready within {self._start_timeout_s:.0f} s: look into {self._log} and "
            f"{self._pgdata}/log, then start Careplane again."
        )
        raise SetupError(sentence)

    def _starting(self) -> bool:
        """Tell whether the process we launched is on its way; explain itself if it gave up for a reason that stays."""
        if self._process is None:
            return False
        if self._process.poll() is None:
            return True
        lines = self._last_words(self._process.pid)
        if any(_STILL_DYING in line for line in lines):
            return False
        reason = next((line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line), "it gave no reason")
        sentence = (
            f"PostgreSQL could not start ({reason}): mend that and start Careplane again. More is in {self._log} and "
            f"{self._pgdata}/log."
        )
        raise SetupError(sentence)

    def _last_words(self, pid: int) -> list[str]:
        """Return what the process has written to its output, and after that to its own log."""
        later = sorted((self._pgdata / "log").glob("*.log"), key=lambda file: file.stat().st_mtime)
        lines = [line for file in later[-1:] for line in file.read_text(errors="replace").splitlines()]
        own = [line for line in lines if f"[{pid}]" in line]
        return [*self._log.read_text(errors="replace").splitlines(), *own]

    def _launch(self, account: Account) -> None:
        socket_folder = _socket_folder(self._pgdata, account)
        write_conf(self._pgdata, socket_folder)
        write_access(self._pgdata, USER, map(role_of, self._components), (os.geteuid(), account.uid))
        # Left by one that was killed, and no postmaster of ours lives: its number may be another program's by now, or
        # a zombie's, and PostgreSQL would take either for a rival at the socket.
        (socket_folder / _SOCKET_LOCK).unlink(missing_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program of our own choice
                [self._programs / "postgres", "-D", self._pgdata],
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C at the terminal is for us; it gets its signal when we have drained
                **circumstances(account, self._programs),
            )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.stop()


def url_at(socket_folder: Path, user: str = USER) -> str:
    """Return the URL of the database behind the socket in `socket_folder`, for its owner unless told otherwise."""
    return f"postgresql://{user}@/postgres?host={quote(str(socket_folder))}&port=5432"


def login_url(url: str, component: str) -> str:
    """Return the URL under which a component logs in to the embedded database whose owner's is `url`."""
    return url.replace(f"//{USER}@", f"//{role_of(component)}@", 1)


def running_url(data_dir: Path) -> str | None:
    """Return the URL of the PostgreSQL that another Careplane runs on this data folder, or None if none does."""
    folder = settled(data_dir)
    try:
        running = Postmaster.of(folder / "postgres")
    except PermissionError as error:
        sentence = (
            f"{folder} belongs to another account: run this as that account, or choose another folder with --data."
        )
        raise SetupError(sentence) from error
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise SetupError(f"{folder} cannot be used ({reason}): choose another folder with --data.") from error
    return url_at(running.socket_folder) if running and running.ready else None


def _socket_folder(pgdata: Path, account: Account) -> Path:
    """Return the database's folder, or a short private one where its path is too long for a socket."""
    if len(os.fsencode(pgdata)) <= _LONGEST_SOCKET_FOLDER:
        return pgdata
    folder = Path(tempfile.gettempdir()) / f"careplane-{sha256(os.fsencode(pgdata)).hexdigest()[:16]}"
    if not folder.exists():
        folder.mkdir(mode=0o700)
        give(folder, account)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
        sentence = (
            f"{folder} is in the way and not ours: remove it, or choose a data folder with a shorter path with --data."
        )
        raise SetupError(sentence)
    return folder
