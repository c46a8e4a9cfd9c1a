"""Writing what is exported: NDJSON of FHIR R4 Patients, which loses nothing, or CSV of the simple fields."""

import csv
import io
from collections.abc import Iterable
from typing import Final, Literal, Protocol

from careplane.components.patient.messages import PatientFields
from careplane.components.patient.record.simple import fields_in
from careplane.components.patient.transfer.csv_cells import neutral
from careplane.components.patient.transfer.export_messages import ExportedPatient

Format = Literal["ndjson", "csv"]

CSV_COLUMNS: Final = (
    "medicalRecordNumber",
    "name",
    "email",
    "address",
    "dateOfBirth",
    "registeredDate",
    "gender",
    "phone",
    "restricted",
)
"""What CSV tells of a patient; an import reads the same columns."""


class Writer(Protocol):
    """Writes records in one format."""

    def head(self) -> bytes:
        """Return what stands before the first record."""
        ...

    def lines(self, patients: Iterable[ExportedPatient]) -> bytes:
        """Return the records, each as a line or a row."""
        ...


class NdjsonWriter:
    """A FHIR R4 Patient a line, as the registry keeps it."""

    def head(self) -> bytes:
        """Return nothing."""
        return b""

    def lines(self, patients: Iterable[ExportedPatient]) -> bytes:
        """Return a line for each record."""
        return "".join(f"{patient.document}\n" for patient in patients).encode()


class CsvWriter:
    """A row each, every cell in quotation marks and none of them a formula."""

    def head(self) -> bytes:
        """Return the names of the columns."""
        return _rows([CSV_COLUMNS])

    def lines(self, patients: Iterable[ExportedPatient]) -> bytes:
        """Return a row for each record."""
        return _rows(map(_cells, patients))


WRITERS: Final[dict[Format, type[Writer]]] = {"ndjson": NdjsonWriter, "csv": CsvWriter}


def _cells(patient: ExportedPatient) -> tuple[str, ...]:
    fields: PatientFields = fields_in(patient.document)
    cells = (
        patient.medical_record_number,
        fields.name,
        fields.email,
        fields.address,
        fields.date_of_birth,
        patient.registered_date.isoformat(),
        fields.gender or "",
        fields.phone or "",
        "true" if patient.restricted else "",
    )
    return tuple(map(neutral, cells))


def _rows(rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
