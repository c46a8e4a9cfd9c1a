"""`careplane export FILE`: stream the registry into a file page by page, which is there whole or not at all."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from careplane.app.access import REGISTRY, platform_access
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import progress, say
from careplane.components.patient.api import PATIENT, ExportPage, ExportPatients, Patients
from careplane.components.patient.transfer.export_formats import WRITERS, Format, Writer
from careplane.kernel.invoke import proxy

PAGE = 500
OWNER_ONLY = 0o600


async def run_export(
    settings: Settings, path: Path, file_format: Format | None, *, archived: bool, force: bool
) -> None:
    """Export to the file and say how many records it holds."""
    started = time.monotonic()
    chosen = file_format or format_of(path)
    # CSV has no way to say that a record is archived, and an import would bring it back to life.
    archived = archived and chosen == "ndjson"
    with _whole_file(path, force=force) as file:
        async with platform_access(settings, REGISTRY) as host:
            count = await _export(proxy(PATIENT, host.calls), file, WRITERS[chosen](), archived=archived)
    seconds = time.monotonic() - started
    left_out = "" if archived else ", without the archived ones"
    say(f"{count} records exported to {path} in {seconds:.1f} s{left_out}. It holds health data: guard it.")


def format_of(path: Path) -> Format:
    """Return the format that a file's name asks for."""
    match path.suffix.lower():
        case ".csv":
            return "csv"
        case ".ndjson" | ".jsonl":
            return "ndjson"
    raise SetupError(f"The name {path.name} does not say the format: end it in .ndjson or .csv, or give --format.")


async def _export(patients: Patients, file: BinaryIO, writer: Writer, *, archived: bool) -> int:
    file.write(writer.head())
    page = await _page(patients, None, archived=archived)
    count = 0
    with progress("exporting", page.total or 0) as report:
        while True:
            file.write(writer.lines(page.patients))
            count += len(page.patients)
            report(count)
            if page.next_after is None:
                return count
            page = await _page(patients, page.next_after, archived=archived)


async def _page(patients: Patients, after: UUID | None, *, archived: bool) -> ExportPage:
    return await patients.export(ExportPatients(after=after, limit=PAGE, archived=archived))


@contextmanager
def _whole_file(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Give a file that only its owner may read, and that takes the place of `path` once it is complete and on disk."""
    part = path.with_name(f"{path.name}.part")
    _refuse_existing(path, force=force)
    with _writing(path):
        if force:
            part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            with _writing(path):
                file.flush()
                os.fsync(file.fileno())
        _refuse_existing(path, force=force)  # it may have come meanwhile
        with _writing(path):
            part.replace(path)
            _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _refuse_existing(path: Path, *, force: bool) -> None:
    if path.is_dir() or (path.exists() and not (force and path.is_file())):
        sentence = f"{path} is there already: choose another name, or let --force replace a file."
        raise SetupError(sentence)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        sentence = f"{path}.part is there: another export runs, or one was killed. Let --force replace what it left."
        raise SetupError(sentence) from error
    except OSError as error:
        sentence = f"{path} cannot be written ({error.strerror}): check the folder, its owner and its free space."
        raise SetupError(sentence) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
