"""Reading patients out of CSV whose first line names the columns of the simple API; comma, semicolon or tab between."""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Protocol

from careplane.components.patient.access.confidentiality import labelled
from careplane.components.patient.messages import PatientFields
from careplane.components.patient.record.document import encode
from careplane.components.patient.record.shapes import Identifier
from careplane.components.patient.record.validation import check_fields
from careplane.components.patient.record.writing import compose
from careplane.components.patient.transfer.csv_cells import plain
from careplane.components.patient.transfer.json_source import NOT_UTF8, TOO_LONG, Found
from careplane.components.patient.transfer.sources import NUMBER_SYSTEM, ROW_SYSTEM, Rejection, SourceRecord, digest

NUMBER = "medicalRecordNumber"
RESTRICTED = "restricted"
COLUMNS = {
    "name": "name",
    "email": "email",
    "address": "address",
    "dateofbirth": "date_of_birth",
    "registereddate": "registered_date",
    "gender": "gender",
    "phone": "phone",
    "medicalrecordnumber": NUMBER,
    "restricted": RESTRICTED,
}
_YES_NO = {"true": True, "false": False}
_NEEDED = ("name", "date_of_birth")
_HEADER_FAULT = (
    "the first line must name the columns, out of name, email, address, dateOfBirth, registeredDate, gender, phone, "
    "medicalRecordNumber and restricted, each once, with name and dateOfBirth among them; nothing was read"
)
_NO_ROW = "is not CSV, nothing of it was read: look for a quotation mark that is never closed, or is not doubled"
# Stands in for a line that is too long, whose text is not kept; it cannot come out of a file by itself.
_OVERLONG = "\udcff\udcff"
_SURROGATE = re.compile("[\ud800-\udfff]")


class CsvReader(Protocol):
    """What csv.reader makes, whose own type has no public name."""

    line_num: int

    def __next__(self) -> list[str]:
        """Return the next row's cells."""
        ...


def csv_records(lines: Iterable[tuple[int, bytes | None]], *, today: date) -> Iterator[Found]:
    """Yield the records of a CSV file; e-mail and address may be missing, name and date of birth may not."""
    texts = _texts(lines)
    first = next(texts, "")
    # Strict, or a quotation mark that is never closed would take the rest of the file into one cell, in silence.
    reader = csv.reader(itertools.chain([first], texts), delimiter=max(",;\t", key=first.count), strict=True)
    header = _header(reader)
    if "" in header or len(set(header)) < len(header) or not set(_NEEDED) <= set(header):
        yield Rejection(line=1, reason=_HEADER_FAULT)
        return
    yield from _rows(reader, header, today)


def _header(reader: CsvReader) -> list[str]:
    try:
        return [COLUMNS.get(cell.strip().casefold(), "") for cell in next(reader)]
    except (csv.Error, StopIteration):
        return []


def _texts(lines: Iterable[tuple[int, bytes | None]]) -> Iterator[str]:
    """Yield each line as text; bytes that are not UTF-8 become lone surrogates, to be rejected with their row."""
    for _, line in lines:
        yield _OVERLONG if line is None else line.decode("utf-8", "surrogateescape")


def _rows(reader: CsvReader, header: list[str], today: date) -> Iterator[Found]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Rejection(line=line, reason=f"up to line {reader.line_num}: {_NO_ROW}")
            continue
        if any(cell.strip() for cell in cells):
            yield _row(line, cells, header, today)


def _row(line: int, cells: list[str], header: list[str], today: date) -> Found:
    if cells == [_OVERLONG]:
        return Rejection(line=line, reason=TOO_LONG)
    if _SURROGATE.search("".join(cells)):
        return Rejection(line=line, reason=NOT_UTF8)
    if len(cells) > len(header):
        return Rejection(line=line, reason="has more cells than the first line has columns")
    values = {name: text for name, cell in zip(header, cells, strict=False) if (text := plain(cell))}
    number, restricted = values.pop(NUMBER, ""), values.pop(RESTRICTED, "false").lower()
    if restricted not in _YES_NO:
        return Rejection(line=line, reason=f"{RESTRICTED} must be true or false")
    if "gender" in values:
        values["gender"] = values["gender"].lower()
    fields = PatientFields(**values, identifiers=_numbered(number))  # type: ignore[arg-type]  # the columns are all text
    asserted = tuple(dict.fromkeys([*_NEEDED, *values, *(["identifiers"] if number else [])]))
    if faults := check_fields(fields, asserted, today=today):
        return Rejection(line=line, reason="; ".join(f"{f.field} {f.message}" for f in faults))
    return _record(line, fields, asserted, number, restricted=_YES_NO[restricted])


def _numbered(number: str) -> tuple[Identifier, ...]:
    """Return the number that the record had in the registry it comes from: here it gets one of its own."""
    return (Identifier(system=NUMBER_SYSTEM, value=number, type="MR"),) if number else ()


def _record(
    line: int, fields: PatientFields, asserted: tuple[str, ...], number: str, *, restricted: bool
) -> SourceRecord:
    """Return the row as a FHIR Patient, known again by who it is about, and by its number where it has one."""
    row = digest(fields.name.casefold(), fields.date_of_birth, fields.email.lower(), *([number] if number else []))
    document = compose(fields, asserted, {"resourceType": "Patient"})
    return SourceRecord(
        line=line,
        document=encode(labelled(document, restricted=restricted)),
        sources=(f"{ROW_SYSTEM}|{row}",),
        registered_date=fields.registered_date,
    )
