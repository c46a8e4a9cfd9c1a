"""The requests and replies of the patient component; import them from `api`, which is all that others may know."""

from datetime import date, datetime
from uuid import UUID

from careplane.components.patient.record.shapes import (
    Communication,
    ContactPoint,
    HumanName,
    Identifier,
    PatientContact,
    PatientLink,
    PostalAddress,
)
from careplane.kernel.message import Message

SORTS = ("name", "-name", "registeredDate", "-registeredDate", "dateOfBirth", "-dateOfBirth", "updatedAt", "-updatedAt")
LIMIT_MAX = 200


class PatientFields(Message, frozen=True, kw_only=True):
    """What a caller may write of a patient: the five simple fields and the optional ones.

    Dates are text here, and required fields have an empty default, so that validation can name every fault at once.
    """

    name: str = ""
    email: str = ""
    address: str = ""
    date_of_birth: str = ""
    registered_date: str | None = None
    gender: str | None = None
    phone: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    names: tuple[HumanName, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    addresses: tuple[PostalAddress, ...] = ()
    contacts: tuple[PatientContact, ...] = ()
    communication: tuple[Communication, ...] = ()
    links: tuple[PatientLink, ...] = ()
    deceased: bool | None = None
    deceased_at: str | None = None
    marital_status: str | None = None


class RegisterPatient(PatientFields, frozen=True, kw_only=True):
    """Register a new patient under a fresh id of the caller's making."""

    patient_id: UUID


class ReplacePatient(PatientFields, frozen=True, kw_only=True):
    """Replace the simple fields (HTTP PUT).

    Optional fields left out keep their value; those named in `cleared` (by their JSON names: they were sent as null
    or empty) are emptied. No `registered_date` keeps the old one.
    """

    patient_id: UUID
    expected_version: int | None = None
    cleared: tuple[str, ...] = ()


class AmendPatient(Message, frozen=True, kw_only=True):
    """Change some fields: `patch` is the JSON text of an RFC 7396 merge patch over the view's writable fields."""

    patient_id: UUID
    patch: str
    expected_version: int | None = None


class ArchivePatient(Message, frozen=True, kw_only=True):
    """Put a record away; it is kept and can be restored."""

    patient_id: UUID
    expected_version: int | None = None


class RestorePatient(Message, frozen=True, kw_only=True):
    """Bring an archived record back."""

    patient_id: UUID
    expected_version: int | None = None


class GetPatient(Message, frozen=True, kw_only=True):
    """Ask for something about one patient."""

    patient_id: UUID


class SearchPatients(Message, frozen=True, kw_only=True):
    """Ask for a page of patients; conditions given together must all hold.

    `sort` is one of `SORTS`, None leaves the order to the registry; `identifier` is "value" or "system|value";
    `archived` asks for the archived ones instead of the active ones; `after` is a `next_after` given before.
    """

    limit: int = 50
    after: str | None = None
    sort: str | None = None
    name: str | None = None
    email: str | None = None
    date_of_birth: str | None = None
    identifier: str | None = None
    q: str | None = None
    archived: bool = False


class PatientView(Message, frozen=True, kw_only=True):
    """A patient as the simple API shows it: the simple fields, read out of the record, and the FHIR shapes in full.

    `date_of_birth` and `deceased_at` are as recorded, and may be partial ("1956-08") when they were imported so.
    Imported records may lack `email`, `address` and `date_of_birth`; others have them.
    """

    id: UUID
    medical_record_number: str
    version: int
    archived: bool
    restricted: bool = False
    name: str
    email: str | None
    address: str | None
    date_of_birth: str | None
    registered_date: date
    gender: str | None = None
    phone: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    names: tuple[HumanName, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    addresses: tuple[PostalAddress, ...] = ()
    contacts: tuple[PatientContact, ...] = ()
    communication: tuple[Communication, ...] = ()
    links: tuple[PatientLink, ...] = ()
    deceased: bool | None = None
    deceased_at: str | None = None
    marital_status: str | None = None
    created_at: datetime
    updated_at: datetime
    updated_by: str


class PatientDocument(Message, frozen=True, kw_only=True):
    """The complete FHIR R4 resource of a patient, as JSON text."""

    patient_id: UUID
    version: int
    document: str


class PatientPage(Message, frozen=True, kw_only=True):
    """A page of patients; `next_after` is None on the last one."""

    patients: tuple[PatientView, ...] = ()
    next_after: str | None = None


class GetHistory(Message, frozen=True, kw_only=True):
    """Ask for a patient's versions, newest first, those below `before_version` if given."""

    patient_id: UUID
    limit: int = 50
    before_version: int | None = None


class VersionSummary(Message, frozen=True, kw_only=True):
    """One version: `change` is registered, imported, replaced, amended, archived, restored, (un)restricted."""

    version: int
    at: datetime
    by: str
    change: str


class PatientHistory(Message, frozen=True, kw_only=True):
    """A page of versions; `next_before_version` is None on the last one."""

    versions: tuple[VersionSummary, ...] = ()
    next_before_version: int | None = None


class GetVersion(Message, frozen=True, kw_only=True):
    """Ask for a patient as it was at one version."""

    patient_id: UUID
    version: int


class PatientAccount(Message, frozen=True, kw_only=True):
    """The billing account opened at registration; "PENDING", without an id, while it is on its way."""

    patient_id: UUID
    status: str
    account_id: UUID | None = None
    currency: str | None = None
    balance_minor: int = 0


class ImportedPatient(Message, frozen=True, kw_only=True):
    """One record to import: FHIR JSON text, the line it came from, and the source identifiers it is known again by."""

    patient_id: UUID
    line: int
    document: str
    sources: tuple[str, ...] = ()
    registered_date: str | None = None


class ImportPatients(Message, frozen=True, kw_only=True):
    """Import a batch of records; a batch sent again under the same id changes nothing."""

    batch_id: UUID
    records: tuple[ImportedPatient, ...] = ()


class ImportOutcome(Message, frozen=True, kw_only=True):
    """What became of one record: imported, known or rejected, the last with a reason free of personal data."""

    line: int
    status: str
    reason: str | None = None


class ImportReport(Message, frozen=True, kw_only=True):
    """What became of each record of a batch, in its order."""

    outcomes: tuple[ImportOutcome, ...] = ()
