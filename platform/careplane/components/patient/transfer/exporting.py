"""Exporting: pages of complete records, and in the audit log which ones, before a page goes out."""

from typing import Any

from careplane.components.patient.access.doors import Doors
from careplane.components.patient.domain import Patient
from careplane.components.patient.record.document import decode, encode
from careplane.components.patient.store import PatientStore
from careplane.components.patient.transfer.export_messages import (
    EXPORT_MAX,
    ExportedPatient,
    ExportPage,
    ExportPatients,
)
from careplane.kernel.contract import Method
from careplane.kernel.errors import FieldError, InvalidArgument


class Exporter:
    """Carries records away in the order of their ids; those that are closed to the caller stay."""

    def __init__(self, store: PatientStore, doors: Doors) -> None:
        """Read from `store` what `doors` lets be seen."""
        self._store = store
        self._doors = doors

    async def page(self, method: Method, request: ExportPatients) -> ExportPage:
        """Return a page; the audit row says how many, and from which id to which."""
        if not 1 <= request.limit <= EXPORT_MAX:
            raise InvalidArgument(fields=(FieldError(field="limit", message=f"must be from 1 to {EXPORT_MAX}"),))
        portable = self._doors.portable()
        found = await self._store.exports.page(request.after, request.limit, portable, archived=request.archived)
        total = None if request.after else await self._store.exports.count(portable, archived=request.archived)
        detail: dict[str, Any] = {"count": len(found)}
        if found:
            detail |= {"first": str(found[0].id), "last": str(found[-1].id)}
        await self._store.audit.note(method.path, detail=detail)
        more = len(found) == request.limit
        return ExportPage(patients=tuple(map(_exported, found)), next_after=found[-1].id if more else None, total=total)


def _exported(patient: Patient) -> ExportedPatient:
    return ExportedPatient(
        patient_id=patient.id,
        medical_record_number=patient.mrn,
        archived=patient.archived,
        restricted=patient.restricted,
        registered_date=patient.registered_date,
        document=_document(patient),
    )


def _document(patient: Patient) -> str:
    """Return the FHIR resource; that of an archived record says that it is not in use."""
    return encode({**decode(patient.document), "active": False}) if patient.archived else patient.document
