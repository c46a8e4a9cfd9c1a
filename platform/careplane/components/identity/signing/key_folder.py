"""The folder of keys, watched: what is put there or taken away is heard within a second."""

import asyncio
from pathlib import Path
from typing import Final

from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.key_ring import KeyRing
from careplane.components.identity.signing.keys import keys_folder, read_keys
from careplane.kernel.errors import FailedPrecondition

EVERY_SECONDS: Final = 1.0

_Seen = frozenset[tuple[str, int, int, int]]


class KeyFolder:
    """Keeps a key ring in step with its folder; drive it with a Pump whose step is `step`."""

    def __init__(self, settings: IdentitySettings, ring: KeyRing) -> None:
        """Watch the folder that the settings name, if they name one."""
        self._settings = settings
        self._ring = ring
        self._seen: _Seen | None = None

    async def step(self) -> bool:
        """Read the keys again if the folder has changed; with an unfit one in it, those there were stay."""
        folder = keys_folder(self._settings)
        if folder is not None:
            seen = await asyncio.to_thread(_look, folder)
            if seen != self._seen:
                self._ring.replace(await asyncio.to_thread(read_keys, self._settings))
                self._seen = seen
        return False


def _look(folder: Path) -> _Seen:
    try:
        stats = [(file.name, file.stat()) for file in folder.glob("*.pem")]
    except OSError as error:
        detail = f"The keys in {folder} cannot be looked at ({error.strerror}): check that they are yours."
        raise FailedPrecondition(detail) from error
    return frozenset((name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
