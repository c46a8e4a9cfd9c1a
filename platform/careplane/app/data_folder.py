"""The folder in which one Careplane keeps what must outlive it: claimed on first use, locked while in use."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from careplane.app.setup_error import SetupError

_MARK = "careplane.lock"
_FOREIGN_BUT_HARMLESS = frozenset({_MARK, "lost+found", ".DS_Store"})


def settled(path: Path) -> Path:
    """Return where a folder is, links followed; raise SetupError where they lead in a circle, or to nobody's home."""
    try:
        return path.expanduser().resolve()
    except (RuntimeError, OSError) as error:
        sentence = f"{path} leads nowhere, by its links or its user's name: choose another folder with --data."
        raise SetupError(sentence) from error


class DataFolder:
    """A folder that belongs to Careplane, and that one process at a time may work in."""

    def __init__(self, path: Path) -> None:
        """Name the folder, which need not exist yet."""
        self.path = settled(path)
        self._lock: int | None = None

    def open(self) -> None:
        """Make the folder if need be, check that it is ours, and lock it until `close`."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._check_ours()
            lock = os.open(self.path / _MARK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            reason = (error.strerror or "it cannot be used").lower()
            sentence = f"Careplane cannot write to {self.path} ({reason}): choose another folder with --data."
            raise SetupError(sentence) from error
        self._take(lock)

    def _check_ours(self) -> None:
        found = {entry.name for entry in self.path.iterdir()}
        if _MARK not in found and found - _FOREIGN_BUT_HARMLESS:
            sentence = f"{self.path} holds files that are not Careplane's: choose an empty or new folder with --data."
            raise SetupError(sentence)

    def _take(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "another one"
            os.close(lock)
            sentence = (
                f"Another Careplane (process {holder}) is working in {self.path}: stop it, or choose another folder "
                "with --data."
            )
            raise SetupError(sentence) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
        self._lock = lock

    def close(self) -> None:
        """Let the next Careplane in; the folder and what is in it stay."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()
