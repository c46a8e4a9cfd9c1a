"""Importing a batch of records: each is decided and written by itself, all of them in the same group commits."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from careplane.components.patient import domain
from careplane.components.patient.api import PATIENT, ImportedPatient, ImportOutcome, ImportPatients, ImportReport
from careplane.components.patient.domain import Patient, Stamp
from careplane.components.patient.store import PatientStore
from careplane.components.patient.store_writes import KnownSource, PatientWrite, source_key
from careplane.kernel.contract import Method
from careplane.kernel.errors import AlreadyExists, FieldError, InvalidArgument
from careplane.kernel.message import Empty, Message
from careplane.storage.journal import entry_for

BATCH_MAX = 1000

_METHOD = PATIENT.methods["import_patients"]
_KNOWN = "known"
_REJECTED = "rejected"

MakeWrite = Callable[[Method, Message, Message, Patient], PatientWrite]


class Importer:
    """Brings a batch of records into the registry; what it must not do twice, the source identifiers prevent."""

    def __init__(self, store: PatientStore, write: MakeWrite) -> None:
        """Write through `store` what `write` makes of a record."""
        self._store = store
        self._write = write

    async def run(self, request: ImportPatients, stamp: Stamp) -> ImportReport:
        """Import all the records and say of each what became of it; raise Unavailable when that is not known."""
        if len(request.records) > BATCH_MAX:
            raise InvalidArgument(fields=(FieldError(field="records", message=f"must be at most {BATCH_MAX}"),))
        report = ImportReport(outcomes=await self._outcomes(request.records, stamp))
        counts = Counter(outcome.status for outcome in report.outcomes)
        applied = await self._store.record(entry_for(_METHOD, request, report, detail=dict(counts)))
        return report if applied.reply is None else msgspec.msgpack.decode(applied.reply, type=ImportReport)

    async def _outcomes(self, records: Sequence[ImportedPatient], stamp: Stamp) -> tuple[ImportOutcome, ...]:
        """Import side by side what shares no source; of those that do the first good one goes in, whichever it is."""
        outcomes: dict[int, ImportOutcome] = {}
        taken: set[str] = set()
        while len(outcomes) < len(records):
            asked: set[str] = set()
            chosen: list[int] = []
            for place, record in enumerate(records):
                if place in outcomes:
                    continue
                if not taken.isdisjoint(record.sources):
                    outcomes[place] = ImportOutcome(line=record.line, status=_KNOWN)
                elif asked.isdisjoint(record.sources):
                    chosen.append(place)
                    asked.update(record.sources)
            made = await _all(self._import(records[place], stamp) for place in chosen)
            outcomes.update(zip(chosen, made, strict=True))
            for place, outcome in zip(chosen, made, strict=True):
                if outcome.status != _REJECTED:
                    taken.update(records[place].sources)
        return tuple(outcomes[place] for place in range(len(records)))

    async def _import(self, record: ImportedPatient, stamp: Stamp) -> ImportOutcome:
        try:
            patient = domain.import_document(record, mrn=await self._store.mrn(), stamp=stamp)
            keys = tuple(source_key(source) for source in dict.fromkeys(record.sources))
            write = self._write(_METHOD, record, Empty(), patient)
            # The batch's idempotency key is not the record's: its sources are what makes importing it again safe.
            entry = msgspec.structs.replace(write.entry, key=None)
            await self._store.register(PatientWrite(write.row, entry, sources=keys))
        except KnownSource:
            return ImportOutcome(line=record.line, status=_KNOWN)
        except (InvalidArgument, AlreadyExists) as error:
            return ImportOutcome(line=record.line, status=_REJECTED, reason=_reason(error))
        return ImportOutcome(line=record.line, status="imported")


async def _all(imports: Iterable[Awaitable[ImportOutcome]]) -> list[ImportOutcome]:
    """Wait for all, whatever becomes of one: a batch that is sent again must not meet what is left of itself."""
    made = await asyncio.gather(*imports, return_exceptions=True)
    for outcome in made:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in made if isinstance(outcome, ImportOutcome)]


def _reason(error: InvalidArgument | AlreadyExists) -> str:
    return "; ".join(f"{fault.field} {fault.message}" for fault in error.fields) or error.detail
