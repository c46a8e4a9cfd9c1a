"""The simple view over the record: what is written is read, and nothing else of the record changes."""

import copy
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
)
from careplane.components.patient.record.document import decode, encode
from careplane.components.patient.record.writing import LISTS, compose, read_back

KOEPP: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "extension": [{"url": "urn:x", "valueDecimal": 0.25}],
    "identifier": [
        {"system": "urn:mr", "value": "7", "type": {"coding": [{"code": "MR", "display": "Record"}], "text": "Rec"}},
        {"system": "urn:ss", "value": "8", "assigner": {"display": "State"}},
    ],
    "name": [
        {"use": "maiden", "family": "Mante"},
        {"use": "official", "family": "Koepp", "_family": {"extension": []}, "given": ["Abdul"], "prefix": ["Mr."]},
    ],
    "telecom": [
        {"system": "phone", "value": "1", "use": "old"},
        {"system": "phone", "value": "2", "rank": 2, "extension": [{"url": "urn:y"}]},
        {"system": "phone", "value": "3", "rank": 1},
    ],
    "gender": "male",
    "birthDate": "1956-08-03",
    "_birthDate": {"extension": [{"url": "urn:birthTime"}]},
    "address": [
        {
            "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/geolocation"}, {"url": "urn:z"}],
            "line": ["1 Row", None],
            "city": "Peabody",
            "state": "MA",
            "postalCode": "01940",
            "country": "US",
        }
    ],
    "maritalStatus": {"coding": [{"code": "M"}], "text": "Married"},
    "communication": [{"language": {"coding": [{"code": "en-US", "display": "English"}]}}],
    "multipleBirthInteger": 2,
    "deceasedDateTime": "2001-05-01T10:00:00Z",
}
EVERY = tuple(PatientFields.__struct_fields__)

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=8)
maybe = st.none() | words
several = st.lists(words, max_size=3).map(tuple)
names = st.builds(
    HumanName, use=st.sampled_from([None, "official", "old", "usual"]), text=maybe, family=words, given=several
)
points = st.builds(
    ContactPoint, system=st.sampled_from(["phone", "email", "fax"]), value=words, rank=st.none() | st.integers(1, 9)
)
addresses = st.builds(PostalAddress, use=st.sampled_from([None, "home", "old"]), line=several, city=words, state=maybe)
contacts = st.builds(
    PatientContact, relationship=several, name=st.none() | names, telecom=st.lists(points, max_size=2).map(tuple)
)
fields = st.builds(
    PatientFields,
    name=words,
    email=words,
    address=words,
    date_of_birth=st.dates().map(str),
    gender=st.sampled_from([None, "male", "female"]),
    phone=maybe,
    identifiers=st.lists(st.builds(Identifier, system=maybe, value=words, type=maybe), max_size=3).map(tuple),
    names=st.lists(names, max_size=3).map(tuple),
    telecom=st.lists(points, max_size=3).map(tuple),
    addresses=st.lists(addresses, max_size=3).map(tuple),
    contacts=st.lists(contacts, max_size=2).map(tuple),
    communication=st.lists(
        st.builds(Communication, language=words, preferred=st.none() | st.booleans()), max_size=2
    ).map(tuple),
    links=st.lists(st.builds(PatientLink, other=words, type=st.just("refer")), max_size=2).map(tuple),
    deceased=st.none() | st.booleans(),
    marital_status=maybe,
)


def written(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Write some fields into a document, as what is read of it with those changed."""
    return compose(PatientFields(**changes), tuple(changes), document)


@given(fields)
def test_what_is_written_is_read(sent: PatientFields) -> None:
    """The simple fields, and the lists that they do not overrule, read as they were sent."""
    # A phone taken away takes the phones of the list with it; a phone left out is not written at all.
    asserted = tuple(n for n in EVERY if n != "phone" or sent.phone)
    read = read_back(compose(sent, asserted, {"resourceType": "Patient"}))
    for name in ("name", "email", "address", "date_of_birth", "gender", "identifiers", "contacts", "links", "deceased"):
        assert getattr(read, name) == getattr(sent, name)
    assert read.communication == sent.communication
    assert read.marital_status == sent.marital_status
    assert sent.phone is None or read.phone == sent.phone


@given(fields, fields)
def test_writing_over_another_record_reads_likewise(first: PatientFields, second: PatientFields) -> None:
    """The same holds when a record was there before, whatever was in it."""
    document = compose(first, EVERY, {"resourceType": "Patient"})
    read = read_back(compose(second, EVERY, document))
    for name in ("name", "email", "address", "phone", "identifiers", "contacts", "communication", "links", "deceased"):
        assert getattr(read, name) == getattr(second, name)


@given(fields)
def test_writing_what_is_read_changes_nothing(sent: PatientFields) -> None:
    """A view sent back as it was received leaves the document alone."""
    document = compose(sent, EVERY, {"resourceType": "Patient"})
    assert encode(compose(read_back(document), EVERY, document)) == encode(document)


def test_writing_what_is_read_keeps_a_rich_record_to_the_letter() -> None:
    """Extensions, unknown fields and primitives' siblings stay when the whole view is written back."""
    before = copy.deepcopy(KOEPP)
    assert compose(read_back(KOEPP), EVERY, KOEPP) == KOEPP == before


def test_the_view_shows_the_official_name_the_best_phone_and_one_line_of_address() -> None:
    """Of several names, phones and parts, the simple fields show what is current."""
    read = read_back(KOEPP)
    assert (read.name, read.phone, read.email) == ("Mr. Abdul Koepp", "3", "")
    assert read.address == "1 Row, Peabody, MA 01940, US"
    assert (read.deceased, read.deceased_at, read.marital_status) == (True, "2001-05-01T10:00:00Z", "M")
    assert [i.type for i in read.identifiers] == ["MR", None]


def test_a_new_name_keeps_the_parts_that_still_fit() -> None:
    """A family name that the new text no longer holds would contradict it, and goes with what describes it."""
    official = written(KOEPP, name="Abdul Smith")["name"][1]
    assert official == {"use": "official", "text": "Abdul Smith", "given": ["Abdul"]}
    assert written(KOEPP, name="Abdul Smith")["name"][0] == KOEPP["name"][0]


def test_names_sent_with_the_name_keep_their_parts() -> None:
    """Whoever sends both has said how they belong together."""
    sent = (HumanName(use="official", family="García", given=("José",)),)
    document = written(KOEPP, name="Pepe", names=sent)
    assert document["name"] == [{"use": "official", "family": "García", "given": ["José"], "text": "Pepe"}]


def test_a_move_drops_the_coordinates_and_keeps_other_extensions() -> None:
    """Coordinates of the old address would point at the wrong house."""
    address = written(KOEPP, address="9 Elm, Peabody")["address"][0]
    assert address == {"extension": [{"url": "urn:z"}], "city": "Peabody", "text": "9 Elm, Peabody"}


def test_a_changed_element_keeps_what_the_view_does_not_show() -> None:
    """An identifier with a new period keeps its assigner and its type's display."""
    read = read_back(KOEPP)
    changed = tuple(
        Identifier(system=i.system, value=i.value, type=i.type, period=Period(start="2020")) for i in read.identifiers
    )
    document = written(KOEPP, identifiers=changed)
    assert document["identifier"] == [i | {"period": {"start": "2020"}} for i in KOEPP["identifier"]]


def test_lists_keep_their_elements_when_reordered() -> None:
    """Each element goes on with its own extensions, wherever it comes to stand."""
    document = written(KOEPP, telecom=tuple(reversed(read_back(KOEPP).telecom)))
    assert document["telecom"] == KOEPP["telecom"][::-1]


def test_no_phone_takes_away_those_in_use() -> None:
    """After null there is no phone to show, and the old number stays on record."""
    document = written(KOEPP, phone=None)
    assert document["telecom"] == KOEPP["telecom"][:1]
    assert read_back(document).phone is None


def test_a_new_birth_date_drops_what_described_the_old_one() -> None:
    """The time of birth beside the date belongs to that date."""
    document = written(KOEPP, date_of_birth="1957-01-01")
    assert document["birthDate"] == "1957-01-01"
    assert "_birthDate" not in document


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"deceased": None}, {}),
        ({"deceased": False}, {"deceasedBoolean": False}),
        ({"deceased": True}, {"deceasedDateTime": "2001-05-01T10:00:00Z"}),
        ({"deceased_at": None}, {"deceasedBoolean": True}),
        ({"deceased_at": "2002"}, {"deceasedDateTime": "2002"}),
        ({"deceased": None, "deceased_at": "2002"}, {"deceasedDateTime": "2002"}),
    ],
)
def test_deceased_is_one_of_two_in_fhir(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    """FHIR allows deceasedBoolean or deceasedDateTime; the view's two fields set the right one."""
    document = written(KOEPP, **changes)
    assert {k: v for k, v in document.items() if k.startswith("deceased")} == expected


def test_emptied_lists_leave_no_trace() -> None:
    """An empty array is not FHIR."""
    document = written(KOEPP, **dict.fromkeys(LISTS, ()))
    assert not document.keys() & set(LISTS.values())
    assert decode(encode(document))["multipleBirthInteger"] == 2
