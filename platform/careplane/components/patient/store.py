"""The registry's tables: what the actor asks of them, in the registry's own terms."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from careplane.components.events import PATIENT_STREAM
from careplane.components.patient.access.store_glass import GlassStore
from careplane.components.patient.access.store_reads import PATIENT, Asked, Found, guarded_reads
from careplane.components.patient.domain import Patient
from careplane.components.patient.messages import VersionSummary
from careplane.components.patient.record.mrn import BLOCK, medical_record_number
from careplane.components.patient.rows import patient_of
from careplane.components.patient.search.filters import Filters
from careplane.components.patient.search.store_conditions import Condition
from careplane.components.patient.search.store_search import search
from careplane.components.patient.store_events import EventPages
from careplane.components.patient.store_writes import EmailTaken, PatientWrite, PatientWriter
from careplane.components.patient.transfer.store_export import ExportStore
from careplane.kernel.contract import Method
from careplane.kernel.errors import AlreadyExists, PlatformError
from careplane.storage.audit import AuditLog
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.journal import Applied, Bare, Entry, bare_journal

T = TypeVar("T")

_LOAD = f"SELECT {PATIENT} FROM patients WHERE id = ANY($1::uuid[])"  # noqa: S608 - a constant
_VERSIONS = """
SELECT version, updated_at, updated_by, change FROM (
    SELECT id AS patient_id, version, updated_at, updated_by, change FROM patients
    UNION ALL
    SELECT patient_id, version, updated_at, updated_by, change FROM patient_versions
) AS versions WHERE patient_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3
"""
_VERSION = """
SELECT p.id, p.mrn, v.version, v.archived, v.restricted, v.care_team, v.document, v.registered_date, p.created_at,
    v.updated_at, v.updated_by, v.change
FROM patients p JOIN patient_versions v ON v.patient_id = p.id WHERE p.id = $1 AND v.version = $2
"""
IMPORT_FLUSH: Final = 1000
_EMAIL_TAKEN: Final = {"outcome": "refused", "reason": "email taken"}


class PatientStore:
    """Reads are gathered into one query for all who wait; writes go through group commits."""

    def __init__(self, database: Database, committed: Callable[[], None]) -> None:
        """Tell `committed` of every commit, since events and intents wait in it."""
        writer = PatientWriter(database, committed)
        self._database = database
        self._mrns = _SerialNumbers(database)
        self.audit = AuditLog(database)
        self.events = EventPages(database, PATIENT_STREAM, self.audit)
        self.registrations: GroupCommit[PatientWrite, Applied] = GroupCommit(writer.register)
        self.imports: GroupCommit[PatientWrite, Applied] = GroupCommit(writer.register, limit=IMPORT_FLUSH)
        self.changes: GroupCommit[PatientWrite, Applied] = GroupCommit(writer.change)
        self.records: GroupCommit[Bare, Applied] = GroupCommit(bare_journal(database).flush)
        self.loads: GroupCommit[UUID, Patient | None] = GroupCommit(self._load)
        self.reads = guarded_reads(database)
        self.glass = GlassStore(database)
        self.exports = ExportStore(database)

    @property
    def commits(self) -> Mapping[str, GroupCommit[Any, Any]]:
        """The group commits by what is gathered in them, for the metrics."""
        return {
            "register": self.registrations,
            "import": self.imports,
            "change": self.changes,
            "record": self.records,
            "break_glass": self.glass.grants,
            "load": self.loads,
            "read": self.reads.commit,
            "audit": self.audit.commits,
        }

    async def mrn(self) -> str:
        """Give out the next medical record number."""
        return medical_record_number(await self._mrns.next())

    async def mrns(self, count: int) -> Sequence[str]:
        """Give out so many medical record numbers."""
        return [medical_record_number(await self._mrns.next()) for _ in range(count)]

    async def register(self, write: PatientWrite) -> Applied:
        """Write a first version; raise AlreadyExists where something that must be unique is taken."""
        return await self._noted(self.registrations.submit(write), write.entry.action)

    async def register_all(self, writes: Sequence[PatientWrite]) -> Sequence[Applied | PlatformError]:
        """Write first versions in transactions of many, and return what became of each."""
        answers = await self.imports.submit_all(writes)
        return [await self._told(a, w.entry.action) for a, w in zip(answers, writes, strict=True)]

    async def change(self, write: PatientWrite) -> Applied:
        """Write the next version; raise StaleVersion or Aborted where another one came first."""
        return await self._noted(self.changes.submit(write), write.entry.action, write.row.patient.id)

    async def record(self, entry: Entry) -> Applied:
        """Write the journal entry of a command that has changed nothing, or whose changes have entries of their own."""
        return await self.records.submit(Bare(entry))

    async def load(self, patient_id: UUID) -> Patient | None:
        """Return the present version, for a command that will write its own audit row."""
        return await self.loads.submit(patient_id)

    async def read(self, asked: Asked, method: Method) -> Found | None:
        """Return the present version, and whether it is open, once the audit row of the reading is durable."""
        return await self.reads.read(method, asked, subject=asked.patient_id)

    async def version(self, patient_id: UUID, version: int) -> Patient | None:
        """Return a superseded version."""
        row = await self._database.fetch_row(_VERSION, patient_id, version)
        return None if row is None else patient_of(row)

    async def versions(self, patient_id: UUID, before: int, limit: int) -> Sequence[VersionSummary]:
        """Return at most `limit` versions, newest first."""
        rows = await self._database.fetch(_VERSIONS, patient_id, before, limit)
        return [
            VersionSummary(version=r["version"], at=r["updated_at"], by=r["updated_by"], change=r["change"])
            for r in rows
        ]

    async def search(
        self, filters: Filters, limit: int, after: str | None, visible: Condition | None
    ) -> tuple[list[Patient], str | None]:
        """Return a page of the patients that are `visible` (None: all), and where the next one begins."""
        async with self._database.connection() as connection:
            rows, following = await search(connection, filters, limit, after, visible)
        return [patient_of(row) for row in rows], following

    async def _noted(self, applied: Awaitable[Applied], action: str, subject: UUID | None = None) -> Applied:
        """Note a refusal that tells of another record, so that who tries one address after another is seen to do so."""
        try:
            return await applied
        except EmailTaken as error:
            raise await self._told(error, action, subject) from None

    async def _told(self, answer: T, action: str, subject: UUID | None = None) -> T | AlreadyExists:
        if not isinstance(answer, EmailTaken):
            return answer
        await self.audit.note(action, subject=subject, detail=_EMAIL_TAKEN)
        return AlreadyExists(answer.detail, fields=answer.fields)

    async def _load(self, ids: Sequence[UUID]) -> Sequence[Patient | None]:
        rows = await self._database.fetch(_LOAD, ids)
        found = {row["id"]: patient_of(row) for row in rows}
        return [found.get(patient_id) for patient_id in ids]


class _SerialNumbers:
    """Hands out serial numbers from blocks of the database's sequence, so that most cost no query."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left = iter(range(0))
        self._refill = asyncio.Lock()

    async def next(self) -> int:
        number = next(self._left, None)
        while number is None:
            async with self._refill:
                number = next(self._left, None)
                if number is None:
                    row = await self._database.fetch_row("SELECT nextval('mrn_blocks') AS block")
                    self._left = iter(range(row["block"] * BLOCK, (row["block"] + 1) * BLOCK))
        return number
