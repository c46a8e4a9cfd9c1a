"""The life of a patient record: registered or imported, then replaced, amended, restricted, archived and restored.

Pure functions from one record to the next. Each change makes the next version; a replacement or amendment that leaves
the record as it is returns the very same record, so that no version is made of nothing.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from careplane.components.events import NamedPatientEventBody, PatientEventBody
from careplane.components.patient.access.access_messages import PatientAccess, RestrictPatient
from careplane.components.patient.access.confidentiality import is_confidential, labelled
from careplane.components.patient.messages import (
    AmendPatient,
    ArchivePatient,
    ImportedPatient,
    PatientFields,
    PatientView,
    RegisterPatient,
    ReplacePatient,
    RestorePatient,
)
from careplane.components.patient.record.columns import Columns, columns_of
from careplane.components.patient.record.document import canonical, decode, encode
from careplane.components.patient.record.patching import patched
from careplane.components.patient.record.simple import fields_in
from careplane.components.patient.record.validation import JSON_NAMES, REQUIRED, check_fields
from careplane.components.patient.record.writing import compose, read_back
from careplane.components.patient.transfer.imported import check_document
from careplane.kernel.errors import FailedPrecondition, FieldError, Gone, InvalidArgument, StaleVersion

Change = Literal["registered", "replaced", "amended", "archived", "restored", "imported", "restricted", "unrestricted"]

_OPTIONAL = tuple(name for name in JSON_NAMES if name not in REQUIRED)
_FIELDS = {json_name: name for name, json_name in JSON_NAMES.items()}


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a record: `document` is the canonical JSON of its complete FHIR R4 resource.

    A `restricted` one is open to its care team, and to few others (access.py).
    """

    id: UUID
    mrn: str
    version: int
    archived: bool
    restricted: bool = False
    care_team: tuple[UUID, ...] = ()
    document: str
    registered_date: date
    created_at: datetime
    updated_at: datetime
    updated_by: str
    change: Change


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """When and by whom something is done; `today` is the latest date that is not in the future, in any time zone."""

    now: datetime
    today: date
    by: str


def register(request: RegisterPatient, *, mrn: str, stamp: Stamp) -> Patient:
    """Return the first version of a new record; raise InvalidArgument with every field at fault."""
    asserted = (*REQUIRED, *_sent(request))
    _refuse(check_fields(request, asserted, today=stamp.today))
    document = compose(request, asserted, {"resourceType": "Patient", "id": str(request.patient_id)})
    day = date.fromisoformat(request.registered_date) if request.registered_date else stamp.now.date()
    return _first(request.patient_id, mrn, encode(document), day, stamp, "registered")


def import_document(record: ImportedPatient, *, mrn: str, stamp: Stamp) -> Patient:
    """Return the first version of an imported record, every field kept; raise InvalidArgument if not valid."""
    document = decode(record.document)
    _refuse(check_document(document, record.registered_date, today=stamp.today))
    day = date.fromisoformat(record.registered_date) if record.registered_date else stamp.now.date()
    first = _first(record.patient_id, mrn, encode(document), day, stamp, "imported")
    return msgspec.structs.replace(first, restricted=True) if is_confidential(document) else first


def replace(patient: Patient, request: ReplacePatient, stamp: Stamp) -> Patient:
    """Return the record with the request's fields; what it leaves out stays."""
    _editable(patient, request.expected_version)
    _refuse(tuple(FieldError(field=n, message="is not a field") for n in request.cleared if n not in _FIELDS))
    cleared = [_FIELDS[name] for name in request.cleared if _FIELDS[name] in _OPTIONAL]
    asserted = (*REQUIRED, *dict.fromkeys([*_sent(request), *cleared]))
    return _written(patient, request, asserted, stamp, "replaced")


def amend(patient: Patient, request: AmendPatient, stamp: Stamp) -> Patient:
    """Return the record with the merge patch applied."""
    _editable(patient, request.expected_version)
    fields, asserted = patched(_fields(patient), request.patch)
    return _written(patient, fields, asserted, stamp, "amended")


def archive(patient: Patient, request: ArchivePatient, stamp: Stamp) -> Patient:
    """Return the record put away; an archived one is Gone."""
    _editable(patient, request.expected_version)
    return _next(patient, stamp, "archived", archived=True)


def restrict(patient: Patient, request: RestrictPatient, stamp: Stamp) -> Patient:
    """Return the record open to those named, or to all again; its FHIR resource is labelled accordingly."""
    _expect(patient, request.expected_version)
    team = tuple(dict.fromkeys(request.care_team))
    if (request.restricted, team) == (patient.restricted, patient.care_team):
        return patient
    return _next(
        patient,
        stamp,
        "restricted" if request.restricted else "unrestricted",
        restricted=request.restricted,
        care_team=team,
        document=encode(labelled(decode(patient.document), restricted=request.restricted)),
    )


def restore(patient: Patient, request: RestorePatient, stamp: Stamp) -> Patient:
    """Return the record brought back; one that is not archived cannot be."""
    _expect(patient, request.expected_version)
    if not patient.archived:
        raise FailedPrecondition("This patient is not archived. There is nothing to restore.")
    return _next(patient, stamp, "restored", archived=False)


def view(patient: Patient) -> PatientView:
    """Return the record as the simple API shows it."""
    f = _fields(patient)
    return PatientView(
        id=patient.id,
        medical_record_number=patient.mrn,
        version=patient.version,
        archived=patient.archived,
        restricted=patient.restricted,
        name=f.name,
        email=f.email or None,
        address=f.address or None,
        date_of_birth=f.date_of_birth or None,
        registered_date=patient.registered_date,
        gender=f.gender,
        phone=f.phone,
        identifiers=f.identifiers,
        names=f.names,
        telecom=f.telecom,
        addresses=f.addresses,
        contacts=f.contacts,
        communication=f.communication,
        links=f.links,
        deceased=f.deceased,
        deceased_at=f.deceased_at,
        marital_status=f.marital_status,
        created_at=patient.created_at,
        updated_at=patient.updated_at,
        updated_by=patient.updated_by,
    )


def access(patient: Patient) -> PatientAccess:
    """Return who may open the record."""
    return PatientAccess(
        patient_id=patient.id, restricted=patient.restricted, care_team=patient.care_team, version=patient.version
    )


def columns(patient: Patient) -> Columns:
    """Return what the record is searched and counted by."""
    return columns_of(fields_in(patient.document))


def event_body(patient: Patient, found: Columns | None = None) -> PatientEventBody:
    """Return what the world is told of this version; pass the `columns` if they are at hand."""
    found = found or columns(patient)
    return PatientEventBody(
        patient_id=patient.id,
        version=patient.version,
        at=patient.updated_at,
        change=patient.change,
        birth_year=found.birth_date.year if found.birth_date else None,
        gender=found.gender,
        postal_area=found.postal_area,
        registered_date=patient.registered_date,
        archived=patient.archived,
    )


def named_event_body(patient: Patient, body: PatientEventBody) -> PatientEventBody:
    """Return the same with whom it is about, unless the record is restricted."""
    if patient.restricted:
        return body
    fields = _fields(patient)
    return NamedPatientEventBody(**msgspec.structs.asdict(body), name=fields.name, email=fields.email or None)


def _first(patient_id: UUID, mrn: str, document: str, day: date, stamp: Stamp, change: Change) -> Patient:
    return Patient(
        id=patient_id,
        mrn=mrn,
        version=1,
        archived=False,
        document=document,
        registered_date=day,
        created_at=stamp.now,
        updated_at=stamp.now,
        updated_by=stamp.by,
        change=change,
    )


def _next(patient: Patient, stamp: Stamp, change: Change, **changes: object) -> Patient:
    return msgspec.structs.replace(
        patient, version=patient.version + 1, updated_at=stamp.now, updated_by=stamp.by, change=change, **changes
    )


def _written(
    patient: Patient, fields: PatientFields, asserted: tuple[str, ...], stamp: Stamp, change: Change
) -> Patient:
    """Check and write what differs; what an imported record already lacks or bends is no fault of this change."""
    before = _fields(patient)
    _refuse(check_fields(fields, _changed(before, fields, asserted), today=stamp.today))
    document = compose(fields, asserted, decode(patient.document))
    _refuse(_lost(before, read_back(document)))
    day = date.fromisoformat(fields.registered_date) if fields.registered_date else patient.registered_date
    text = encode(document)
    if day == patient.registered_date and text == canonical(patient.document):
        return patient
    return _next(patient, stamp, change, document=text, registered_date=day)


def _changed(before: PatientFields, fields: PatientFields, asserted: tuple[str, ...]) -> tuple[str, ...]:
    changed = [name for name in asserted if getattr(fields, name) != getattr(before, name)]
    # The two speak of one thing, so that a change of one is checked against the other where both were sent.
    if "deceased" in changed and "deceased_at" in asserted and "deceased_at" not in changed:
        changed.append("deceased_at")
    return tuple(changed)


def _lost(before: PatientFields, after: PatientFields) -> tuple[FieldError, ...]:
    """Name the required fields that a change of the lists would take away, such as the only e-mail in `telecom`."""
    lost = [n for n in REQUIRED if getattr(before, n) and not getattr(after, n)]
    return tuple(FieldError(field=JSON_NAMES[n], message="is required and would be left without a value") for n in lost)


def _fields(patient: Patient) -> PatientFields:
    fields = fields_in(patient.document)
    return msgspec.structs.replace(fields, registered_date=patient.registered_date.isoformat())


def _sent(fields: PatientFields) -> tuple[str, ...]:
    return tuple(name for name in _OPTIONAL if getattr(fields, name) is not None and getattr(fields, name) != ())


def _editable(patient: Patient, expected: int | None) -> None:
    if patient.archived:
        raise Gone
    _expect(patient, expected)


def _expect(patient: Patient, expected: int | None) -> None:
    if expected is not None and expected != patient.version:
        raise StaleVersion


def _refuse(faults: tuple[FieldError, ...]) -> None:
    if faults:
        raise InvalidArgument(fields=faults)
