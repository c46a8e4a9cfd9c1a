"""Validation names every fault at once, in the API's names, and never repeats a value."""

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.patient.api import (
    Communication,
    ContactPoint,
    HumanName,
    Identifier,
    PatientContact,
    PatientFields,
    PatientLink,
    Period,
    PostalAddress,
    SearchPatients,
)
from careplane.components.patient.record.dates import first_day, instant_day, whole
from careplane.components.patient.record.validation import check_fields, check_search, is_email

TODAY = date(2024, 5, 31)
GOOD = {"name": "Ann Lee", "email": "ann@example.org", "address": "1 High St", "date_of_birth": "1980-02-29"}
EVERY = tuple(PatientFields.__struct_fields__)


def faults(**changes: Any) -> list[str]:
    """Return the names of the fields at fault when some differ from a good registration."""
    return [f.field for f in check_fields(PatientFields(**(GOOD | changes)), EVERY, today=TODAY)]


def test_a_good_registration_has_no_faults() -> None:
    """The five simple fields are enough."""
    assert faults() == []


def test_all_faults_are_named_at_once() -> None:
    """Whoever sends an empty form learns everything that is missing."""
    found = [f.field for f in check_fields(PatientFields(gender="x"), EVERY, today=TODAY)]
    assert found == ["name", "email", "address", "dateOfBirth", "gender"]


@pytest.mark.parametrize("name", ["A", "李小龍", "Ó" * 100, "  Ann  ", "مُحَمَّد", "👩🏽‍⚕️", "ᚠᚢᚦ"])
def test_names_of_every_script_are_taken(name: str) -> None:
    """From 1 to 100 characters, not counting spaces around."""
    assert faults(name=name) == []


@pytest.mark.parametrize("name", ["", "   ", "\u3000", "x" * 101, " " * 200 + "x"])
def test_blank_and_long_names_are_refused(name: str) -> None:
    """A name must say something, and not too much."""
    assert faults(name=name) == ["name"]


GOOD_MAILS = [
    "a@b.co",
    "first.last+tag@sub.example.org",
    "o'brien@example.ie",
    "użytkownik@przykład.pl",
    "x_y@a-b.info",
]
BAD_MAILS = [
    "a",
    "a@b",
    "@b.co",
    "a@",
    "a@@b.co",
    "a b@c.de",
    " a@b.co",
    "a@b.co ",
    "a@b.co\n",
    ".a@b.co",
    "a.@b.co",
    "a..b@c.de",
    "a@-b.co",
    "a@b-.co",
    "a@b..co",
    "a@b.123",
    "a@b_c.de",
    "a@[127.0.0.1]",
    '"a"@b.co',
    "a@b.co,c@d.co",
    "x" * 65 + "@b.co",
    "a@" + "b" * 64 + ".co",
    "a@" + "b." * 130 + "co",
    "a\x00@b.co",
]


@pytest.mark.parametrize("email", GOOD_MAILS)
def test_good_mail_addresses(email: str) -> None:
    """Tags, apostrophes and other scripts are part of real addresses."""
    assert is_email(email)


@pytest.mark.parametrize("email", BAD_MAILS)
def test_bad_mail_addresses(email: str) -> None:
    """What no mail would reach is refused."""
    assert not is_email(email)


def test_no_mail_address_takes_long_to_refuse() -> None:
    """The pattern does not go back and forth over hostile input."""
    started = time.perf_counter()
    for hostile in ("a" * 64 + "@" + "a" * 63 + "-" * 120, "a." * 32 + "@", "a@" + "a." * 125 + "-", "@" * 254):
        assert not is_email(hostile)
    assert time.perf_counter() - started < 0.1


@given(st.emails())
def test_addresses_in_the_usual_form_are_taken(email: str) -> None:
    """Whatever a generator of RFC 5322 addresses comes up with, short of an all-digit top domain."""
    assert is_email(email) or email.rpartition(".")[2].isdigit() or len(email.partition("@")[0]) > 64


@pytest.mark.parametrize("birth", ["2024-05-31", "1900-01-01", "2000-02-29"])
def test_real_dates_of_birth(birth: str) -> None:
    """Born today is fine."""
    assert faults(date_of_birth=birth) == []


@pytest.mark.parametrize(
    "birth", ["2024-06-01", "1873-12-31", "2023-02-29", "1980-13-01", "1980-1-1", "19800101", "1980-W01-1", "1980", "x"]
)
def test_dates_of_birth_that_cannot_be(birth: str) -> None:
    """Not in the future, not 150 years ago, in the calendar, and written YYYY-MM-DD."""
    assert faults(date_of_birth=birth) == ["dateOfBirth"]


def test_the_optional_fields_have_rules_too() -> None:
    """Each of them is named under its JSON name."""
    found = faults(
        registered_date="2024-06-01",
        gender="M",
        phone=" ",
        marital_status="x" * 101,
        deceased=False,
        deceased_at="2020-01-01",
    )
    assert found == ["registeredDate", "gender", "phone", "deceasedAt", "maritalStatus"]


@pytest.mark.parametrize("bad", ["\x00", "\ud800"])
def test_text_that_cannot_be_stored_is_named_wherever_it_is(bad: str) -> None:
    """NUL and lone surrogates are found in nested fields as well."""
    contact = PatientContact(name=HumanName(given=("A", bad)))
    assert faults(name=f"A{bad}", contacts=(contact,)) == ["name", "contacts[0].name.given[1]"]


def test_text_about_an_escape_is_not_the_escape() -> None:
    """A backslash and the letters u0000 are six harmless characters."""
    assert faults(name="\\u0000") == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"identifiers": (Identifier(system="urn:x"),)}, "identifiers[0].value"),
        ({"identifiers": (Identifier(value="1"), Identifier(value="1"))}, "identifiers[1]"),
        ({"identifiers": (Identifier(value="x" * 201),)}, "identifiers[0].value"),
        ({"identifiers": (Identifier(value="1", use="x"),)}, "identifiers[0].use"),
        ({"identifiers": tuple(Identifier(value=str(i)) for i in range(51))}, "identifiers"),
        ({"names": (HumanName(),)}, "names[0]"),
        ({"names": (HumanName(given=("x",) * 21),)}, "names[0].given"),
        ({"names": (HumanName(family=""),)}, "names[0]"),
        ({"telecom": (ContactPoint(value="1"),)}, "telecom[0].system"),
        ({"telecom": (ContactPoint(system="phone", value="1", rank=0),)}, "telecom[0].rank"),
        ({"addresses": (PostalAddress(city="x" * 501),)}, "addresses[0].city"),
        ({"addresses": (PostalAddress(city="x", postal_code=" "),)}, "addresses[0].postalCode"),
        ({"contacts": (PatientContact(),)}, "contacts[0]"),
        ({"contacts": (PatientContact(gender="f"),)}, "contacts[0].gender"),
        (
            {"contacts": (PatientContact(telecom=(ContactPoint(system="x", value="1"),)),)},
            "contacts[0].telecom[0].system",
        ),
        ({"communication": (Communication(language="not a tag"),)}, "communication[0].language"),
        ({"links": (PatientLink(other="Patient/1", type="x"),)}, "links[0].type"),
        ({"names": (HumanName(family="x", period=Period(start="soon")),)}, "names[0].period.start"),
    ],
)
def test_faults_in_lists_are_named_by_their_place(changes: dict[str, Any], field: str) -> None:
    """Codes, bounds, repeats and elements that say nothing."""
    assert field in faults(**changes)


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_no_message_repeats_a_value(name: str, email: str, birth: str) -> None:
    """A value may be personal data, so messages are made of constants only."""
    marked: dict[str, Any] = {
        "name": "Zq7" * 40 + name,
        "email": "Zq7" + email,
        "date_of_birth": "Zq7" + birth,
        "gender": "Zq7",
    }
    for fault in check_fields(PatientFields(**marked), EVERY, today=TODAY):
        assert "Zq7" not in fault.message + fault.field


def test_a_search_is_checked_at_once() -> None:
    """Limit, sort, date, lengths and NUL."""
    request = SearchPatients(limit=0, sort="ssn", date_of_birth="1/1/80", name="x" * 201, q="\x00", after="x" * 4001)
    assert {f.field for f in check_search(request)} == {"limit", "sort", "dateOfBirth", "name", "q", "cursor"}
    assert check_search(SearchPatients(sort="-updatedAt", date_of_birth="1980-01-01", q="'; DROP TABLE x; --")) == ()


@pytest.mark.parametrize(
    ("text", "day"),
    [("1956", date(1956, 1, 1)), ("1956-08", date(1956, 8, 1)), ("1956-08-03", date(1956, 8, 3)), ("1956-13", None)],
)
def test_partial_dates_begin_on_their_first_day(text: str, day: date | None) -> None:
    """A year is searched as its first of January."""
    assert first_day(text) == day


@pytest.mark.parametrize(
    "text", ["", "195", "0000", "1956-8", "١٩٥٦", "1956-08-03T", "1956-08-03T25:00:00Z", "1956T10:00:00Z"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    """Neither a date nor an instant."""
    assert whole(text) is None
    assert instant_day(text) is None


@given(st.datetimes(timezones=st.just(None)))
def test_instants_have_a_day(moment: Any) -> None:
    """Any ISO instant with a zone belongs to its day."""
    assert instant_day(moment.isoformat(timespec="milliseconds") + "+02:00") == moment.date()
