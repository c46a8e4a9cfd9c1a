"""The patient actor: the registry's commands and queries, each as plain sequential code."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from careplane.components.billing.api import Billing, GetAccount
from careplane.components.events import PATIENT_CHANGED, EventsPage, ReadEvents
from careplane.components.patient import domain
from careplane.components.patient.access.access import UNDER_GRANT, check_restriction, is_open, reader_of
from careplane.components.patient.access.doors import Doors, Entered
from careplane.components.patient.access.glass import Alarm, Glass
from careplane.components.patient.api import (
    PATIENT,
    AmendPatient,
    ArchivePatient,
    BreakGlass,
    BreakGlassByNumber,
    BrokenGlass,
    ExportPage,
    ExportPatients,
    GetHistory,
    GetPatient,
    GetVersion,
    GlassPage,
    ImportPatients,
    ImportReport,
    ListBrokenGlass,
    PatientAccess,
    PatientAccount,
    PatientDocument,
    PatientHistory,
    PatientPage,
    PatientView,
    RegisterPatient,
    ReplacePatient,
    RestorePatient,
    RestrictPatient,
    SearchPatients,
)
from careplane.components.patient.domain import Patient, Stamp
from careplane.components.patient.queries import filters_of, page_limit
from careplane.components.patient.rows import PatientRow, row_of
from careplane.components.patient.settings import PatientSettings
from careplane.components.patient.store import PatientStore
from careplane.components.patient.store_writes import PatientWrite
from careplane.components.patient.transfer.exporting import Exporter
from careplane.components.patient.transfer.importing import Importer
from careplane.kernel.clock import Clock
from careplane.kernel.context import current
from careplane.kernel.contract import Method
from careplane.kernel.errors import Gone, NotFound
from careplane.kernel.events import Event
from careplane.kernel.ids import NewId
from careplane.kernel.message import Message
from careplane.storage.journal import Applied, entry_for

_EARLIEST_TIMEZONE = timedelta(hours=14)  # where it is tomorrow first: a date there is not yet in the future here
_PENDING = "PENDING"
_METHODS = PATIENT.methods

Change = Callable[[Patient, Stamp], Patient]
Reply = TypeVar("Reply", bound=Message)


class PatientActor:
    """Implements `Patients` on the registry's store, with billing behind its interface."""

    def __init__(
        self,
        store: PatientStore,
        billing: Billing,
        clock: Clock,
        new_id: NewId,
        settings: PatientSettings,
        alarm: Alarm,
    ) -> None:
        """Take what the actor works with; it keeps no state of its own."""
        self._store = store
        self._billing = billing
        self._clock = clock
        self._new_id = new_id
        self._settings = settings
        self._importer = Importer(store, self._write)
        self._doors = Doors(store, clock)
        self._glass = Glass(store, clock, new_id, settings, alarm)
        self._exporter = Exporter(store, self._doors)

    async def register(self, request: RegisterPatient, /) -> PatientView:
        """Register a patient; the intent to open a billing account commits with it."""
        patient = domain.register(request, mrn=await self._store.mrn(), stamp=self._stamp())
        view = domain.view(patient)
        applied = await self._store.register(self._write(_METHODS["register"], request, view, patient))
        return _answer(applied, view)

    async def get(self, request: GetPatient, /) -> PatientView:
        """Return the patient; Gone when archived."""
        return domain.view(await self._read(request, _METHODS["get"]))

    async def document(self, request: GetPatient, /) -> PatientDocument:
        """Return the complete FHIR resource."""
        patient = await self._read(request, _METHODS["document"])
        return PatientDocument(patient_id=patient.id, version=patient.version, document=patient.document)

    async def replace(self, request: ReplacePatient, /) -> PatientView:
        """Replace the simple fields."""
        return await self._change(_METHODS["replace"], request, lambda p, stamp: domain.replace(p, request, stamp))

    async def amend(self, request: AmendPatient, /) -> PatientView:
        """Apply a merge patch."""
        return await self._change(_METHODS["amend"], request, lambda p, stamp: domain.amend(p, request, stamp))

    async def archive(self, request: ArchivePatient, /) -> PatientView:
        """Put the record away."""
        return await self._change(_METHODS["archive"], request, lambda p, stamp: domain.archive(p, request, stamp))

    async def restore(self, request: RestorePatient, /) -> PatientView:
        """Bring an archived record back."""
        return await self._change(_METHODS["restore"], request, lambda p, stamp: domain.restore(p, request, stamp))

    async def search(self, request: SearchPatients, /) -> PatientPage:
        """Return a page of patients; who was shown is in the audit log before the answer goes out."""
        filters, reader = filters_of(request), reader_of(current().principal)
        found, following = await self._store.search(filters, request.limit, request.after, self._doors.visible())
        shown: dict[str, Any] = {"patients": [str(patient.id) for patient in found]}
        shown |= {} if all(is_open(patient, reader) for patient in found) else UNDER_GRANT
        await self._store.audit.note(_METHODS["search"].path, detail=shown)
        return PatientPage(patients=tuple(map(domain.view, found)), next_after=following)

    async def history(self, request: GetHistory, /) -> PatientHistory:
        """Return who changed the record and when; an archived record has its history too."""
        limit = page_limit(request.limit)
        present = await self._doors.read(request, _METHODS["history"])
        before = min(request.before_version or present.version + 1, present.version + 1)
        versions = await self._store.versions(request.patient_id, before, limit + 1)
        more = len(versions) > limit
        return PatientHistory(
            versions=tuple(versions[:limit]), next_before_version=versions[limit - 1].version if more else None
        )

    async def version(self, request: GetVersion, /) -> PatientView:
        """Return the patient as it was at one version."""
        present = await self._doors.read(request, _METHODS["version"])
        if present.version == request.version:
            return domain.view(present)
        older = 0 < request.version < present.version  # what is newer than the judged version nobody has judged
        patient = await self._store.version(request.patient_id, request.version) if older else None
        if patient is None:
            raise NotFound("There is no such version of a patient. Look the versions up under history.")
        return domain.view(patient)

    async def billing_account(self, request: GetPatient, /) -> PatientAccount:
        """Return the account opened at registration, PENDING while billing has not opened it yet."""
        await self._read(request, _METHODS["billing_account"])
        try:
            account = await self._billing.account(GetAccount(patient_id=request.patient_id))
        except NotFound:
            return PatientAccount(patient_id=request.patient_id, status=_PENDING)
        return PatientAccount(
            patient_id=request.patient_id,
            status=account.status,
            account_id=account.account_id,
            currency=account.currency,
            balance_minor=account.balance_minor,
        )

    async def import_patients(self, request: ImportPatients, /) -> ImportReport:
        """Import a batch, each record by itself: one that cannot go in keeps no other out."""
        return await self._importer.run(request, self._stamp())

    async def access(self, request: GetPatient, /) -> PatientAccess:
        """Return who may open the record."""
        return domain.access(await self._doors.read(request, _METHODS["access"]))

    async def restrict(self, request: RestrictPatient, /) -> PatientAccess:
        """Say who may open the record; who got in by an emergency may not."""
        entered = await self._doors.enter(request, _METHODS["restrict"], grants=False)
        check_restriction(request, reader_of(current().principal))
        after = domain.restrict(entered.patient, request, self._stamp())
        return await self._commit(_METHODS["restrict"], request, entered, after, domain.access(after))

    async def break_glass(self, request: BreakGlass, /) -> BrokenGlass:
        """Open a restricted record in an emergency."""
        return await self._glass.break_by_id(_METHODS["break_glass"], request)

    async def break_glass_by_number(self, request: BreakGlassByNumber, /) -> BrokenGlass:
        """Likewise, by the medical record number."""
        return await self._glass.break_by_number(_METHODS["break_glass_by_number"], request)

    async def broken_glass(self, request: ListBrokenGlass, /) -> GlassPage:
        """Return a page of the emergency openings."""
        return await self._glass.page(_METHODS["broken_glass"], request)

    async def export(self, request: ExportPatients, /) -> ExportPage:
        """Return a page of complete records."""
        return await self._exporter.page(_METHODS["export"], request)

    async def events(self, request: ReadEvents, /) -> EventsPage:
        """Return a page of the event log."""
        return await self._store.events.page(request, _METHODS["events"])

    async def _read(self, request: GetPatient, method: Method) -> Patient:
        patient = await self._doors.read(request, method)
        if patient.archived:
            raise Gone
        return patient

    async def _change(self, method: Method, request: Message, change: Change) -> PatientView:
        entered = await self._doors.enter(request, method)
        after = change(entered.patient, self._stamp())
        return await self._commit(method, request, entered, after, domain.view(after))

    async def _commit(self, method: Method, request: Message, entered: Entered, after: Patient, reply: Reply) -> Reply:
        """Write the next version, or, where nothing has changed, only that it was asked for."""
        detail: dict[str, Any] = UNDER_GRANT if entered.by_grant else {}
        if after is entered.patient:
            entry = entry_for(method, request, reply, subject=after.id, detail={"changed": False, **detail})
            return _answer(await self._store.record(entry), reply)
        expected = getattr(request, "expected_version", None) is not None
        write = self._write(method, request, reply, after, detail=detail or None)
        return _answer(await self._store.change(msgspec.structs.replace(write, expected=expected)), reply)

    def _write(
        self, method: Method, request: Message, reply: Message, patient: Patient, detail: dict[str, Any] | None = None
    ) -> PatientWrite:
        row = row_of(patient, unique_email=self._settings.unique_email)
        entry = entry_for(method, request, reply, subject=patient.id, events=(self._event(row),), detail=detail)
        return PatientWrite(row, entry)

    def _event(self, row: PatientRow) -> Event:
        body = domain.event_body(row.patient, row.found)
        if self._settings.personal_data_in_events:
            body = domain.named_event_body(row.patient, body)
        return Event(
            id=self._new_id(),
            type=PATIENT_CHANGED,
            source=PATIENT.name,
            subject=row.patient.id,
            version=row.patient.version,
            time=row.patient.updated_at,
            body=msgspec.msgpack.encode(body),
        )

    def _stamp(self) -> Stamp:
        now = self._clock.now()
        return Stamp(now=now, today=(now + _EARLIEST_TIMEZONE).date(), by=current().principal.id)


def _answer(applied: Applied, reply: Reply) -> Reply:
    return reply if applied.reply is None else msgspec.msgpack.decode(applied.reply, type=type(reply))
