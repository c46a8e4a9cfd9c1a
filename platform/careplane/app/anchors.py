"""Anchors: the heads of the audit's chains, noted where whoever changes the database cannot change them.

A line of the file, and of the log, is one head: the time, the component, the number of its newest block, and its hash.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
import structlog
from msgspec import Meta

from careplane.app.settings import AuditSettings, Settings
from careplane.app.setup_error import SetupError
from careplane.kernel.clock import Clock
from careplane.storage.seal import Head

FILE_NAME: Final = "audit-anchors.ndjson"

_LINE_MAX: Final = 4096
_log = structlog.get_logger(__name__)


class Anchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: the head that a chain had at a time."""

    time: datetime
    component: str
    seq: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


def anchor_file_of(settings: Settings) -> Path:
    """Return where anchors are kept: where the settings say, else in the data folder, as `careplane dev` does."""
    return settings.audit.anchor_file or settings.data_dir / FILE_NAME


class Anchors:
    """Notes heads that have moved since they were last noted here."""

    def __init__(self, settings: AuditSettings, clock: Clock, heads: Callable[[], Mapping[str, Head]]) -> None:
        """Note in the log, and in the settings' file if there is one, what `heads` tells for each component."""
        self._file = settings.anchor_file
        self._every = timedelta(seconds=settings.anchor_every_s)
        self._clock = clock
        self._heads = heads
        self._noted: dict[str, Head] = {}
        self._due: dict[str, datetime] = {}

    async def step(self) -> bool:
        """Note what has moved and was not noted lately; the step of a Pump. Raise OSError as `note` does."""
        now = self._clock.now()
        await self._note({name: head for name, head in self._heads().items() if now >= self._due.get(name, now)})
        return False

    async def note(self) -> None:
        """Append what has moved, durably, and say it in the log; raise OSError where the file cannot be written."""
        await self._note(self._heads())

    async def _note(self, heads: Mapping[str, Head]) -> None:
        moved = {name: head for name, head in heads.items() if self._noted.get(name) != head}
        if not moved:
            return
        now = self._clock.now()
        anchors = [Anchor(now, name, head.seq, head.hash.hex()) for name, head in moved.items()]
        if self._file is not None:
            await asyncio.to_thread(append, self._file, anchors)
        for anchor in anchors:
            _log.info("audit anchor", component=anchor.component, seq=anchor.seq, hash=anchor.hash)
        self._noted |= moved
        self._due |= dict.fromkeys(moved, now + self._every)


def append(file: Path, anchors: list[Anchor]) -> None:
    """Append lines in one write that is durable when this returns; a line cut off before by a power cut is left so."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        lines = b"".join(msgspec.json.encode(anchor) + b"\n" for anchor in anchors)
        os.write(descriptor, b"\n" + lines if torn else lines)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class AnchorFile:
    """What was in the file when it was opened here, however it grows meanwhile."""

    def __init__(self, file: Path) -> None:
        """Open it; raise SetupError where it cannot be read."""
        self._file = file
        try:
            self._size = file.stat().st_size
        except OSError as error:
            raise self._unreadable(error) from error

    def heads(self, component: str) -> Iterator[Head]:
        """Yield the heads of one component's chain, line by line; raise SetupError for a line that is no anchor."""
        for anchor in self._anchors():
            if anchor.component == component:
                yield Head(anchor.seq, bytes.fromhex(anchor.hash))

    def components(self) -> set[str]:
        """Return the names of those whose chains there are anchors of; raise SetupError as `heads` does."""
        return {anchor.component for anchor in self._anchors()}

    def _anchors(self) -> Iterator[Anchor]:
        try:
            with self._file.open("rb") as lines:
                number = 0
                while lines.tell() < self._size and (line := lines.readline(_LINE_MAX)):
                    number += 1
                    if line.strip():
                        yield self._read(line, number)
        except OSError as error:
            raise self._unreadable(error) from error

    def _read(self, line: bytes, number: int) -> Anchor:
        try:
            return msgspec.json.decode(line, type=Anchor)
        except (msgspec.MsgspecError, UnicodeError) as error:
            sentence = f"Line {number} of {self._file} is not an anchor: if a power cut cut it off, take the line out."
            raise SetupError(sentence) from error

    def _unreadable(self, error: OSError) -> SetupError:
        return SetupError(f"{self._file} cannot be read ({error.strerror}): check the path and its owner.")
