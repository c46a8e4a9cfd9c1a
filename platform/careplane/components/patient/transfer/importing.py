"""Importing a batch of records: each is decided by itself, and all are written together, with an answer for each."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from careplane.components.patient import domain
from careplane.components.patient.api import PATIENT, ImportedPatient, ImportOutcome, ImportPatients, ImportReport
from careplane.components.patient.domain import Patient, Stamp
from careplane.components.patient.store import PatientStore
from careplane.components.patient.store_writes import KnownSource, PatientWrite, source_key
from careplane.kernel.context import current, using
from careplane.kernel.contract import Method
from careplane.kernel.errors import AlreadyExists, FieldError, InvalidArgument, PlatformError
from careplane.kernel.message import Empty, Message
from careplane.storage.journal import Applied, entry_for

BATCH_MAX = 1000
AT_ONCE = 50
"""So many records are prepared before others have their turn: a few milliseconds."""

_METHOD = PATIENT.methods["import_patients"]
_IMPORTED = "imported"
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
            made = await self._import([records[place] for place in chosen], stamp)
            outcomes.update(zip(chosen, made, strict=True))
            for place, outcome in zip(chosen, made, strict=True):
                if outcome.status != _REJECTED:
                    taken.update(records[place].sources)
        return tuple(outcomes[place] for place in range(len(records)))

    async def _import(self, records: Sequence[ImportedPatient], stamp: Stamp) -> list[ImportOutcome]:
        numbers = await self._store.mrns(len(records))
        prepared: list[PatientWrite | PlatformError] = []
        # The batch's idempotency key is not the records': their sources are what makes importing them again safe.
        with using(msgspec.structs.replace(current(), idempotency_key=None)):
            for number, record in zip(numbers, records, strict=True):
                prepared.append(self._prepared(record, number, stamp))
                if len(prepared) % AT_ONCE == 0:
                    await asyncio.sleep(0)  # for others, and so that the next flush begins as soon as one ends
        answers = iter(await self._store.register_all([write for write in prepared if isinstance(write, PatientWrite)]))
        settled = [next(answers) if isinstance(one, PatientWrite) else one for one in prepared]
        return [_outcome(record.line, answer) for record, answer in zip(records, settled, strict=True)]

    def _prepared(self, record: ImportedPatient, number: str, stamp: Stamp) -> PatientWrite | PlatformError:
        try:
            patient = domain.import_document(record, mrn=number, stamp=stamp)
        except InvalidArgument as error:
            return error
        write = self._write(_METHOD, record, Empty(), patient)
        return PatientWrite(write.row, write.entry, sources=tuple(map(source_key, dict.fromkeys(record.sources))))


def _outcome(line: int, answer: Applied | PlatformError) -> ImportOutcome:
    """Say what became of a record; raise what may pass, for then the batch is to be sent again."""
    if isinstance(answer, Applied):
        return ImportOutcome(line=line, status=_IMPORTED)
    if isinstance(answer, KnownSource):
        return ImportOutcome(line=line, status=_KNOWN)
    if isinstance(answer, InvalidArgument | AlreadyExists):
        return ImportOutcome(line=line, status=_REJECTED, reason=_reason(answer))
    raise answer


def _reason(error: InvalidArgument | AlreadyExists) -> str:
    return "; ".join(f"{fault.field} {fault.message}" for fault in error.fields) or error.detail
