"""The request and the reply of an export; import them from `api`, which is all that others may know."""

from datetime import date
from uuid import UUID

from careplane.kernel.message import Message

EXPORT_MAX = 1000


class ExportPatients(Message, frozen=True, kw_only=True):
    """Ask for a page of complete records in the order of their ids; `after` is the last id of the page before."""

    after: UUID | None = None
    limit: int = 500
    archived: bool = True


class ExportedPatient(Message, frozen=True, kw_only=True):
    """A record as it is carried away: its FHIR JSON text, and what stands beside it in the registry."""

    patient_id: UUID
    medical_record_number: str
    archived: bool
    restricted: bool
    registered_date: date
    document: str


class ExportPage(Message, frozen=True, kw_only=True):
    """A page of an export, the last one if `next_after` is None; the first page says how many there are in `total`."""

    patients: tuple[ExportedPatient, ...] = ()
    next_after: UUID | None = None
    total: int | None = None
