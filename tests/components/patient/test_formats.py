"""Reading files to import: NDJSON, Bundles on one line or many, CSV; nothing in a file stops the rest of it."""

import io
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.patient import domain
from careplane.components.patient.api import ImportedPatient
from careplane.components.patient.transfer.formats import pieces, read_records
from careplane.components.patient.transfer.sources import LINE_BYTES_MAX, Rejection, SourceRecord

TODAY = date(2024, 5, 31)
STAMP = domain.Stamp(now=datetime(2024, 5, 31, tzinfo=UTC), today=TODAY, by="x")


def read(data: bytes) -> list[SourceRecord | Rejection]:
    """Read a file's bytes."""
    return list(read_records(pieces(io.BytesIO(data)), today=TODAY))


def records(found: Iterable[SourceRecord | Rejection]) -> list[SourceRecord]:
    """Return what could be read."""
    return [f for f in found if isinstance(f, SourceRecord)]


def rejections(found: Iterable[SourceRecord | Rejection]) -> list[tuple[int, str]]:
    """Return what could not."""
    return [(f.line, f.reason) for f in found if isinstance(f, Rejection)]


def person(number: int, **more: Any) -> dict[str, Any]:
    """Return a made-up FHIR Patient."""
    return {"resourceType": "Patient", "id": f"p{number}", "name": [{"text": f"P {number}"}], **more}


def bundle(*people: dict[str, Any]) -> dict[str, Any]:
    """Return a Bundle with the people and something else in it."""
    others: list[dict[str, Any]] = [{"resourceType": "Encounter", "id": "e"}]
    link = [{"relation": "self", "url": "urn:x"}]
    return {"resourceType": "Bundle", "link": link, "entry": [{"resource": r} for r in (*people, *others)]}


def ndjson(*values: Any) -> bytes:
    """Return values one a line."""
    return b"".join(json.dumps(v, ensure_ascii=False).encode() + b"\n" for v in values)


PEOPLE = [
    person(1, identifier=[{"system": "urn:mr", "value": "1"}], birthDate="1980", name=[{"text": 'Ünïcødé 李 }{]["\\'}]),
    person(2, extension=[{"url": "urn:x", "valueDecimal": 42.534202}]),
]


def documents(found: Iterable[SourceRecord | Rejection]) -> list[Any]:
    """Return the documents read."""
    return [json.loads(r.document) for r in records(found)]


def test_ndjson_is_read_line_by_line() -> None:
    """Blank lines, a byte order mark and a missing last newline do not matter."""
    data = b"\xef\xbb\xbf\n" + ndjson(PEOPLE[0]) + b"\r\n" + ndjson(PEOPLE[1])[:-1]
    found = read(data)
    assert [r.line for r in records(found)] == [2, 4]
    assert documents(found) == PEOPLE


def test_bad_lines_are_rejected_and_the_rest_is_read() -> None:
    """Each with its line number and a reason without personal data."""
    bad = [
        b'{"resourceType":"Patient","name":[{"text":"Zq7"}]',
        b'{"resourceType":"Patient","identifier":"Zq7"}',
        b'{"resourceType":"Person","name":"Zq7"}',
        b'["Zq7"]',
        b"Zq7,Zq7",
        b'{"resourceType":"Patient","id":"\xff"}',
        b'{"resourceType":"Patient","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"resourceType":"Patient","x":"' + b"x" * LINE_BYTES_MAX + b'"}',
    ]
    found = read(b"\n".join([ndjson(PEOPLE[0]).strip(), *bad, ndjson(PEOPLE[1])]))
    assert documents(found) == PEOPLE
    assert [line for line, _ in rejections(found)] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert not any("Zq7" in reason for _, reason in rejections(found))


def test_a_bad_first_line_does_not_change_how_the_file_is_read() -> None:
    """NDJSON stays NDJSON when its first line is cut off."""
    found = read(b'{"resourceType":"Patient","name":[{"te\n' + ndjson(*PEOPLE))
    assert (documents(found), [line for line, _ in rejections(found)]) == (PEOPLE, [1])


def test_a_bundle_on_a_line_is_read_among_others() -> None:
    """Its patients are taken, and what else it holds is skipped."""
    found = read(ndjson(person(9), bundle(*PEOPLE)))
    assert documents(found) == [person(9), *PEOPLE]
    assert rejections(found) == []


@pytest.mark.parametrize("indent", [0, 1, "\t"])
def test_a_bundle_over_many_lines_is_read_entry_by_entry(indent: Any) -> None:
    """A pretty-printed Bundle, with braces inside its strings."""
    found = read(json.dumps(bundle(*PEOPLE), indent=indent, ensure_ascii=False).encode())
    assert documents(found) == PEOPLE
    assert rejections(found) == []


def test_a_bundle_larger_than_a_line_may_be_is_read_in_pieces() -> None:
    """One line of 3 MiB, and the same over many lines."""
    people = [person(n, photo="x" * 1000 + '\\"{') for n in range(3000)]
    assert documents(read(json.dumps(bundle(*people)).encode())) == people
    assert documents(read(json.dumps(bundle(*people), indent=1).encode())) == people


def test_an_array_and_a_single_patient_are_read_too() -> None:
    """Patients in an array, and one alone, pretty-printed."""
    assert documents(read(json.dumps(PEOPLE).encode())) == PEOPLE
    assert documents(read(json.dumps(PEOPLE, indent=2).encode())) == PEOPLE
    assert documents(read(json.dumps(PEOPLE[0], indent=2).encode())) == PEOPLE[:1]


def test_an_entry_that_is_too_large_is_rejected_alone() -> None:
    """The entries before and after it are read."""
    big = person(5, photo=["x" * 1000] * 1100)
    found = read(json.dumps(bundle(PEOPLE[0], big, PEOPLE[1]), indent=1).encode())
    assert documents(found) == PEOPLE
    assert [reason for _, reason in rejections(found)] == ["is longer than 1 MiB"]


@pytest.mark.parametrize("cut", [1, 40, 120])
def test_a_file_cut_off_is_told_so(cut: int) -> None:
    """What came before the end is read; the loss is not silent."""
    data = json.dumps(bundle(*PEOPLE), indent=1).encode()
    found = read(data[:-cut])
    assert "ends in the middle" in rejections(found)[-1][1]
    assert documents(found) == PEOPLE[: len(documents(found))]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=5), st.integers(1, 50))
def test_any_text_survives_any_cut_into_pieces(texts: list[str], size: int) -> None:
    """Strings with quotes, backslashes and brackets do not confuse the cutting, wherever pieces end."""
    people = [person(n, note=text) for n, text in enumerate(texts)]
    data = json.dumps(bundle(*people), indent=1, ensure_ascii=False).encode()
    cut = [data[i : i + size] for i in range(0, len(data), size)]
    assert documents(read_records(iter(cut), today=TODAY)) == people


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything(data: bytes) -> None:
    """Any file is read to its end, with records and rejections only."""
    read(data)
    read(b"{\n" + data)
    read(b'{"a":[{' + data)
    read(b"name,dateOfBirth\n" + data)


def test_sources_are_the_identifiers_of_the_record() -> None:
    """Social security and passport numbers count only where nothing else does."""
    ss = {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-99-9999"}
    passport = {"system": "urn:pp", "value": "7", "type": {"coding": [{"code": "PPN"}]}}
    found = records(
        read(
            ndjson(
                person(1, identifier=[{"system": "urn:mr", "value": "1"}, ss, passport]),
                person(2, identifier=[ss]),
                person(3, identifier=[{"value": "no system"}]),
                {"resourceType": "Patient", "name": [{"text": "X"}]},
            )
        )
    )
    assert [r.sources for r in found[:3]] == [
        ("urn:mr|1",),
        ("http://hl7.org/fhir/sid/us-ssn|999-99-9999",),
        ("urn:careplane:source|p3",),
    ]
    assert found[3].sources[0].startswith("urn:careplane:document|")


CSV = (
    "name,email,address,dateOfBirth,registeredDate,gender,phone\r\n"
    '"García, José",jose@example.org,"1 High St\nLeeds",1980-02-29,2020-01-01,Male,555\r\n'
    "李小龍,,,1990-01-01,,,\r\n"
    ",,,,,,\r\n"
    "Zq7,Zq7,x,1980-02-30,,x,\r\n"
    "Zq7,a@b.co,x,1980-02-28,,,,Zq7\r\n"
)


def test_csv_is_read_by_its_header() -> None:
    """Quoted commas and newlines, missing e-mails, and rows with faults named by field."""
    found = read(CSV.encode("utf-8-sig"))
    first, second = records(found)
    patient = domain.import_document(
        ImportedPatient(
            patient_id=UUID(int=1), line=first.line, document=first.document, registered_date=first.registered_date
        ),
        mrn="M",
        stamp=STAMP,
    )
    view = domain.view(patient)
    assert (view.name, view.email, view.address) == ("García, José", "jose@example.org", "1 High St\nLeeds")
    assert (view.date_of_birth, view.gender, view.phone) == ("1980-02-29", "male", "555")
    assert view.registered_date == date(2020, 1, 1)
    assert (first.line, second.line) == (2, 4)
    (faulty, reason), (wide, _) = rejections(found)
    assert (faulty, wide) == (6, 7)
    assert all(field in reason for field in ("email", "dateOfBirth", "gender"))
    assert not any("Zq7" in why for _, why in rejections(found))


def test_csv_rows_have_the_same_source_every_time() -> None:
    """So importing a file again makes no second patient, and two people are two."""
    first, again = records(read(CSV.encode())), records(read(CSV.replace("555", "777").encode()))
    assert [r.sources for r in first] == [r.sources for r in again]
    assert len({r.sources for r in first}) == 2


@pytest.mark.parametrize("separator", [";", "\t"])
def test_csv_with_other_separators(separator: str) -> None:
    """As spreadsheets write it in much of Europe."""
    text = f"Name{separator}DateOfBirth\nAnn, the first{separator}1980-01-01\n"
    assert documents(read(text.encode()))[0]["name"][0]["text"] == "Ann, the first"


@pytest.mark.parametrize("header", ["Ann,1980-01-01", "name,email", "name,dateOfBirth,ssn", "name,name,dateOfBirth"])
def test_a_csv_without_the_right_header_is_refused_as_a_whole(header: str) -> None:
    """Columns that would be lost, or people taken for a header, are told at once."""
    found = read(f"{header}\nAnn,1980-01-01\n".encode())
    assert [line for line, _ in rejections(found)] == [1]
    assert "Ann" not in rejections(found)[0][1]


def test_bad_csv_lines_are_rejected_alone() -> None:
    """Bytes that are not UTF-8, NUL, over-long lines and a quotation mark never closed."""
    rows = [b"A\xff,1980-01-01", b"A\x00,1980-01-01", b"x" * (LINE_BYTES_MAX + 1) + b",1980-01-01", b"Ann,1980-01-01"]
    found = read(b"name,dateOfBirth\n" + b"\n".join(rows))
    assert [r.line for r in records(found)] == [5]
    assert [line for line, _ in rejections(found)] == [2, 3, 4]
    unclosed = read(b'name,dateOfBirth\n"Ann,1980-01-01\n' + b"Bo,1980-01-01\n" * 20_000)
    assert rejections(unclosed)[0][0] == 2
    assert len(records(unclosed)) > 9_000


def test_an_empty_file_holds_nothing() -> None:
    """No records; the missing header is told."""
    assert records(read(b"")) == []
