"""Cells that no spreadsheet runs, and CSV that comes back as it went out."""

import csv
import io
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from careplane.components.patient.access.confidentiality import is_confidential
from careplane.components.patient.api import ExportedPatient, PatientFields
from careplane.components.patient.record.document import decode, encode
from careplane.components.patient.record.simple import fields_in
from careplane.components.patient.record.writing import compose
from careplane.components.patient.transfer.csv_cells import neutral, plain
from careplane.components.patient.transfer.export_formats import CSV_COLUMNS, CsvWriter
from careplane.components.patient.transfer.formats import pieces, read_records
from careplane.components.patient.transfer.sources import Rejection, SourceRecord

TODAY = date(2026, 7, 30)
FORMULAS = ("=1+1", "+31 10 555", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK(1)", "'=1", "''=1", "＝1")
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
TEXTS = st.one_of(_TEXTS, st.tuples(st.sampled_from(FORMULAS), _TEXTS).map("".join), st.sampled_from(FORMULAS))


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_becomes_text(cell: str) -> None:
    """It begins with an apostrophe, and is itself again when it is read."""
    assert neutral(cell) == f"'{cell}"
    assert plain(neutral(cell)) == cell


@pytest.mark.parametrize("cell", ["Ann", "1 - 2", "'s-Gravenhage", "O'Brien", "", "a=b"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    """Those too that begin with an apostrophe of their own."""
    assert neutral(cell) == cell
    assert plain(cell) == cell


@given(TEXTS)
@example("' =1")
@example("'\u00a0")
def test_reading_undoes_exactly_what_writing_did(cell: str) -> None:
    """Whatever the cell, down to its spaces where it was made neutral; elsewhere spaces around it are trimmed."""
    written = neutral(cell)
    assert written[:1] not in set("=+-@\t\r\n")
    assert plain(written) == (cell if written != cell else cell.strip())


def record_of(fields: PatientFields, *, restricted: bool = False) -> ExportedPatient:
    """Return a record as an export gives it."""
    asserted = ("name", "email", "address", "date_of_birth", "gender", "phone")
    return ExportedPatient(
        patient_id=uuid7(),
        medical_record_number="000000042-2",
        archived=False,
        restricted=restricted,
        registered_date=date(2025, 1, 15),
        document=encode(compose(fields, asserted, {"resourceType": "Patient"})),
    )


def read(data: bytes) -> list[SourceRecord | Rejection]:
    """Read a file's bytes as an import does."""
    return list(read_records(pieces(io.BytesIO(data)), today=TODAY))


@given(name=TEXTS, address=TEXTS, phone=TEXTS)
def test_a_row_comes_back_as_it_went_out(name: str, address: str, phone: str) -> None:
    """Quotes, newlines, separators, formulas: every field of a record that an import takes, letter for letter."""
    fields = PatientFields(
        name=name, email="a@example.org", address=address, date_of_birth="1980-02-29", gender="other", phone=phone
    )
    writer = CsvWriter()
    (found,) = read(writer.head() + writer.lines([record_of(fields)]))
    if not (name.strip() and address.strip() and phone.strip()):
        return
    assert isinstance(found, SourceRecord), found
    again = fields_in(found.document)
    for before, after in ((name, again.name), (address, again.address), (phone, again.phone)):
        assert after == (before if neutral(before) != before else before.strip())
    assert (again.email, again.date_of_birth, again.gender) == ("a@example.org", "1980-02-29", "other")
    assert found.registered_date == "2025-01-15"
    assert [(i.value, i.type) for i in again.identifiers] == [("000000042-2", "MR")]


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
def test_no_cell_of_an_export_is_a_formula(people: list[tuple[str, str]]) -> None:
    """As a spreadsheet reads the file, which is as anybody else reads CSV."""
    writer = CsvWriter()
    records = [record_of(PatientFields(name=name, address=address)) for name, address in people]
    text = (writer.head() + writer.lines(records)).decode()
    table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert tuple(table[0]) == CSV_COLUMNS
    assert len(table) == len(people) + 1
    assert not [cell for row in table for cell in row if cell[:1] and cell[0] in "=+-@\t\r\n"]


@pytest.mark.parametrize("closed", [False, True])
def test_a_restricted_row_stays_restricted(closed: bool) -> None:
    """CSV carries the restriction, and a word that is neither yes nor no is rejected."""
    fields = PatientFields(name="Ann", email="a@example.org", address="x", date_of_birth="1980-02-29")
    writer = CsvWriter()
    data = writer.head() + writer.lines([record_of(fields, restricted=closed)])
    (found,) = read(data)
    assert isinstance(found, SourceRecord)
    assert is_confidential(decode(found.document)) is closed
    (rejected,) = read(b"name,dateOfBirth,restricted\nAnn,1980-02-29,perhaps\n")
    assert isinstance(rejected, Rejection)
    assert "restricted" in rejected.reason


def test_people_who_share_a_name_and_a_birthday_are_two() -> None:
    """Their numbers tell them apart, so that the second is not taken for the first."""
    rows = b"name,dateOfBirth,medicalRecordNumber\nAnn,1980-02-29,1\nAnn,1980-02-29,2\n"
    first, second = read(rows)
    assert isinstance(first, SourceRecord)
    assert isinstance(second, SourceRecord)
    assert first.sources != second.sources
