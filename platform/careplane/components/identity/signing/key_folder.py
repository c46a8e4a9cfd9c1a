"""The folder of keys, watched: what is put there or taken away is heard within a second.

One file that is no key holds nothing else up: the others are read, and whatever is deleted is gone. A key whose file
is there but not fit any longer stays as it was read, for it may be half written: to be rid of a key, delete its file.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.key_ring import KeyRing
from careplane.components.identity.signing.keys import fit_keys, in_turn, keys_folder
from careplane.kernel.clock import Clock

EVERY_SECONDS: Final = 1.0
TOLD_EVERY: Final = timedelta(minutes=1)
"""How often an unfit file is told of, as long as it is there."""

_Seen = frozenset[tuple[str, int, int, int]]
_log = structlog.get_logger(__name__)


class KeyFolder:
    """Keeps a key ring in step with its folder; drive it with a Pump whose step is `step`."""

    def __init__(self, settings: IdentitySettings, ring: KeyRing, clock: Clock) -> None:
        """Watch the folder that the settings name, if they name one."""
        self._settings = settings
        self._ring = ring
        self._clock = clock
        self._seen: _Seen | None = None
        self._told: dict[Path, datetime] = {}

    async def step(self) -> bool:
        """Read the keys again if the folder has changed, or holds an unfit one; without any, those there were stay."""
        folder = keys_folder(self._settings)
        if folder is not None:
            seen = await asyncio.to_thread(_look, folder)
            if self._told or seen != self._seen:
                await self._read()
                self._seen = seen
        return False

    async def _read(self) -> None:
        keys, faults = await asyncio.to_thread(fit_keys, self._settings)
        self._tell(faults)
        kept = [key for key in self._ring.keys if key.file in faults]
        self._ring.replace(in_turn(self._settings, (*keys, *kept)))

    def _tell(self, faults: dict[Path, str]) -> None:
        now = self._clock.now()
        self._told = {file: at for file, at in self._told.items() if file in faults}
        for file, fault in faults.items():
            if file not in self._told or now >= self._told[file] + TOLD_EVERY:
                self._told[file] = now
                _log.error("a file in the folder of signing keys is passed over: mend it or delete it", fault=fault)


def _look(folder: Path) -> _Seen:
    return frozenset(_stand(file) for file in folder.glob("*.pem"))


def _stand(file: Path) -> tuple[str, int, int, int]:
    """Return what changes with a file; of one that cannot be looked at, reading it will tell why."""
    try:
        stat = file.stat()
    except OSError:
        return file.name, 0, 0, 0
    return file.name, stat.st_ino, stat.st_size, stat.st_mtime_ns
