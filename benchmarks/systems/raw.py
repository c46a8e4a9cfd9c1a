"""The limit of the storage: the very statement that writes registrations, sent by asyncpg, one batch after another.

Nothing is in front of PostgreSQL, and nobody else works on it. What is written is made before the clock runs: patients,
intents to open accounts, events and audit rows. As in the other systems' registrations there are no idempotency keys.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import msgspec
from benchmarks.population import Someone, people
from benchmarks.systems.deciding import registered, registration_of
from benchmarks.systems.running import Running
from uuid_utils.compat import uuid7

from careplane.app.embedded import EmbeddedPostgres
from careplane.components.events import PATIENT_CHANGED
from careplane.components.patient import domain
from careplane.components.patient.api import PATIENT
from careplane.components.patient.record.mrn import BLOCK
from careplane.components.patient.rows import row_of
from careplane.components.patient.store_writes import PatientWrite, PatientWriter, _words
from careplane.kernel.context import Context, using
from careplane.kernel.events import Event
from careplane.kernel.principal import Principal
from careplane.storage.database import Database
from careplane.storage.journal import _lines, _told, entry_for
from careplane.storage.migrations import migrate

_BLOCKS = "SELECT nextval('mrn_blocks') AS block FROM generate_series(1, $1)"


@contextmanager
def raw(folder: Path) -> Iterator[Running]:
    """Run a PostgreSQL with the registry's tables, and nothing else."""
    with EmbeddedPostgres(folder / "data", components=[PATIENT.name]) as postgres:
        asyncio.run(migrate(postgres.url, [PATIENT.name]))
        yield Running("raw", "", "", database=postgres.url)


def written(system: Running, *, patients: int, batch: int, seed: int) -> float:
    """Write so many patients in batches over one connection; return how many there were a second."""
    return asyncio.run(_written(system.database, patients, batch, seed))


async def _written(url: str, patients: int, batch: int, seed: int) -> float:
    database = await Database.open(url, PATIENT.name, size=2, command_timeout=60.0)
    try:
        blocks = await database.fetch(_BLOCKS, patients // BLOCK + 1)
        numbers = (row["block"] * BLOCK + n for row in blocks for n in range(BLOCK))
        with using(Context(principal=Principal(str(uuid7())))):
            pairs = zip(islice(numbers, patients), people(seed), strict=False)
            writes = [_write(someone, number) for number, someone in pairs]
        writer = PatientWriter(database, lambda: None)
        batches = [_arguments(writer, writes[at : at + batch]) for at in range(0, len(writes), batch)]
        async with database.connection() as connection:
            prepared = await connection.prepare(writer._register._statement)
            begun = time.perf_counter()
            rows = [await prepared.fetch(*arguments) for arguments in batches]
            seconds = time.perf_counter() - begun
    finally:
        await database.close()
    assert sum(map(len, rows)) == patients, "some were not written"
    return patients / seconds


def _arguments(writer: PatientWriter, writes: Sequence[PatientWrite]) -> tuple[object, ...]:
    entries = [write.entry for write in writes]
    arguments = (*writer._first(writes), _lines(entries), _told(entries))
    writer._words.remember(_words(writes))
    return arguments


def _write(someone: Someone, number: int) -> PatientWrite:
    """Make all that is written of a registration, as the actor does."""
    request = registration_of(someone, number)
    patient = registered(request, number, by="raw")
    row = row_of(patient, unique_email=True)
    event = Event(
        id=uuid7(),
        type=PATIENT_CHANGED,
        source=PATIENT.name,
        subject=patient.id,
        version=patient.version,
        time=patient.updated_at,
        body=msgspec.msgpack.encode(domain.event_body(patient, row.found)),
    )
    method = PATIENT.methods["register"]
    return PatientWrite(row, entry_for(method, request, domain.view(patient), subject=patient.id, events=(event,)))
