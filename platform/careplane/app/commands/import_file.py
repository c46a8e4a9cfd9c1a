"""`careplane import FILE`: stream a file into the registry in batches, several of them on their way at a time."""

import asyncio
import itertools
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

import msgspec
from uuid_utils.compat import uuid7

from careplane.app.access import REGISTRY, platform_access
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import Report, progress, say
from careplane.components.patient.api import PATIENT, ImportedPatient, ImportPatients, ImportReport, Patients
from careplane.components.patient.transfer.formats import pieces, read_records
from careplane.components.patient.transfer.sources import Rejection, SourceRecord
from careplane.kernel.errors import Aborted, DeadlineExceeded, Unavailable
from careplane.kernel.invoke import proxy

BATCH = 500
AT_A_TIME = 4
RETRY_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)


class Rejects:
    """The file of rejected lines, made only when there is one: NDJSON of `{line, reason}`."""

    def __init__(self, path: Path, source: Path) -> None:
        """Name the file; one left from an earlier run is removed, so that what is there belongs to this run."""
        if _same(path, source):
            sentence = (
                f"The rejected lines would take the place of {source} itself: choose another file with --rejects."
            )
            raise SetupError(sentence)
        self._path = path
        self.count = 0
        with self._writing("wb"):  # so that a place that cannot be written to is told before anything is read
            pass
        if path.is_file():  # and no device, such as /dev/null
            path.unlink(missing_ok=True)  # another import of this file may have been faster

    def add(self, rejections: Iterable[Rejection]) -> None:
        """Append the rejections."""
        lines = [msgspec.json.encode(rejection) + b"\n" for rejection in rejections]
        if lines:
            self.count += len(lines)
            with self._writing("ab") as file:
                file.writelines(lines)

    @contextmanager
    def _writing(self, mode: str) -> Iterator[IO[bytes]]:
        try:
            with self._path.open(mode) as file:
                yield file
        except OSError as error:
            sentence = (
                f"The rejected lines cannot be written to {self._path} ({error.strerror}): choose another file with "
                "--rejects. Importing again adds nobody twice."
            )
            raise SetupError(sentence) from error


def _same(path: Path, source: Path) -> bool:
    try:
        return path.samefile(source)
    except FileNotFoundError:  # one that is not there, or is taken away at this moment, is another one
        return False


async def run_import(settings: Settings, path: Path, rejects_path: Path) -> None:
    """Import the file and say how many went in, were known, and were rejected."""
    started = time.monotonic()
    counts: Counter[str] = Counter()
    with _opened(path) as file:
        rejects = Rejects(rejects_path, path)
        size = os.fstat(file.fileno()).st_size
        async with platform_access(settings, REGISTRY) as host:
            patients = proxy(PATIENT, host.calls)
            with progress(f"importing {path.name}, bytes", size) as report:
                await _import(patients, file, rejects, counts, report)
    seconds = time.monotonic() - started
    total = counts.total() + rejects.count
    say(
        f"{total} records read in {seconds:.1f} s: {counts['imported']} imported, {counts['known']} known already, "
        f"{rejects.count} rejected."
    )
    if rejects.count:
        say(f"The rejected lines and the reasons are in {rejects_path}.")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        sentence = f"{path} cannot be read ({error.strerror}): check the path and its owner."
        raise SetupError(sentence) from error
    with file:
        yield file


async def _import(patients: Patients, file: BinaryIO, rejects: Rejects, counts: Counter[str], report: Report) -> None:
    free = asyncio.Semaphore(AT_A_TIME)

    async def send(batch: Sequence[SourceRecord]) -> None:
        try:
            rejects.add(await _send(patients, batch, counts))
        finally:
            free.release()

    try:
        async with asyncio.TaskGroup() as sending:
            async for batch in _batches(file):
                rejects.add(found for found in batch if isinstance(found, Rejection))
                await free.acquire()
                sending.create_task(send([found for found in batch if isinstance(found, SourceRecord)]))
                report(file.tell())
    except ExceptionGroup as group:  # one sentence is enough, and what ended the first batch ended the others
        raise group.exceptions[0] from group


async def _batches(file: BinaryIO) -> AsyncIterator[Sequence[SourceRecord | Rejection]]:
    """Yield what the file holds in batches, letting others run between two."""
    today = datetime.now(UTC).date()
    records: Iterator[SourceRecord | Rejection] = read_records(pieces(file), today=today)
    while batch := list(itertools.islice(records, BATCH)):
        yield batch
        await asyncio.sleep(0)


async def _send(patients: Patients, batch: Sequence[SourceRecord], counts: Counter[str]) -> Sequence[Rejection]:
    records = tuple(
        ImportedPatient(
            patient_id=uuid7(),
            line=record.line,
            document=record.document,
            sources=record.sources,
            registered_date=record.registered_date,
        )
        for record in batch
    )
    report = await _patiently(patients, ImportPatients(batch_id=uuid7(), records=records))
    counts.update(outcome.status for outcome in report.outcomes if outcome.status != "rejected")
    return [
        Rejection(line=outcome.line, reason=outcome.reason or "is not valid")
        for outcome in report.outcomes
        if outcome.status == "rejected"
    ]


async def _patiently(patients: Patients, request: ImportPatients) -> ImportReport:
    """Send a batch until it is answered: what went in the first time is known the second time."""
    for pause in RETRY_PAUSES_SECONDS:
        try:
            return await patients.import_patients(request)
        except (Aborted, Unavailable, DeadlineExceeded):  # Aborted: another import has just brought one of these
            await asyncio.sleep(pause)
    return await patients.import_patients(request)
