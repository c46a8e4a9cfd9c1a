"""A patient as the registry's table keeps it: the record, and beside it the columns that it is found by."""

import msgspec

from careplane.components.patient.domain import Patient
from careplane.components.patient.messages import PatientFields
from careplane.components.patient.record.columns import Columns, columns_of
from careplane.components.patient.record.simple import fields_in
from careplane.components.patient.search.ports import Row
from careplane.components.patient.search.words import words_of


class PatientRow(msgspec.Struct, frozen=True):
    """A version of a record, ready to be written."""

    patient: Patient
    found: Columns
    words: tuple[str, ...]
    email_claim: str | None


def row_of(patient: Patient, *, unique_email: bool) -> PatientRow:
    """Return the row of a record; an active patient claims the e-mail where it must be unique."""
    fields = fields_in(patient.document)
    found = columns_of(fields)
    claim = found.email if unique_email and not patient.archived else None
    return PatientRow(patient, found, words_of(_all_names(fields)), claim)


def patient_of(row: Row) -> Patient:
    """Return the record that a row of the table holds."""
    return Patient(
        id=row["id"],
        mrn=row["mrn"],
        version=row["version"],
        archived=row["archived"],
        restricted=row["restricted"],
        care_team=tuple(row["care_team"]),
        document=row["document"],
        registered_date=row["registered_date"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        updated_by=row["updated_by"],
        change=row["change"],
    )


def _all_names(fields: PatientFields) -> str:
    names = [fields.name]
    for name in fields.names:
        names += [name.text or "", name.family or "", *name.given]
    return " ".join(dict.fromkeys(" ".join(names).split()))
