"""The life of a record: versions, refusals, amendments, and a view of whatever was accepted."""

import contextlib
import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.patient import domain
from careplane.components.patient.api import (
    AmendPatient,
    ArchivePatient,
    Identifier,
    ImportedPatient,
    PatientView,
    RegisterPatient,
    ReplacePatient,
    RestorePatient,
)
from careplane.components.patient.domain import Patient, Stamp
from careplane.kernel.errors import FailedPrecondition, Gone, InvalidArgument, StaleVersion

ID = UUID("01890000-0000-7000-8000-000000000001")
FIRST = Stamp(now=datetime(2024, 5, 31, 8, tzinfo=UTC), today=date(2024, 5, 31), by="ann")
LATER = Stamp(now=datetime(2024, 6, 1, 9, tzinfo=UTC), today=date(2024, 6, 1), by="bob")
SIMPLE: dict[str, Any] = {
    "name": "Ann Lee",
    "email": "Ann@Example.org",
    "address": "1 High St",
    "date_of_birth": "1980-02-29",
}
FHIR: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "x1",
    "name": [{"family": "Lee", "given": ["Ann"]}],
    "birthDate": "1980-02",
    "extension": [{"url": "urn:x", "valueDecimal": 1.5}],
    "address": [{"city": "Leeds", "postalCode": "LS1 4AP", "country": "GB"}],
}


def registered(**changes: Any) -> Patient:
    """Return a registered patient."""
    return domain.register(RegisterPatient(patient_id=ID, **(SIMPLE | changes)), mrn="MRN-1", stamp=FIRST)


def imported(**changes: Any) -> Patient:
    """Return an imported patient."""
    record = ImportedPatient(patient_id=ID, line=1, document=json.dumps(FHIR | changes))
    return domain.import_document(record, mrn="MRN-1", stamp=FIRST)


def amended(patient: Patient, **patch: Any) -> Patient:
    """Return a patient with a merge patch applied."""
    return domain.amend(patient, AmendPatient(patient_id=ID, patch=json.dumps(patch)), LATER)


def faults(caught: pytest.ExceptionInfo[InvalidArgument]) -> list[str]:
    """Return the fields at fault."""
    return [f.field for f in caught.value.fields]


def test_a_registered_patient_shows_what_was_sent() -> None:
    """The first version holds the request, to the letter."""
    view = domain.view(registered(gender="female", phone="555", identifiers=(Identifier(system="urn:x", value="7"),)))
    assert (view.id, view.medical_record_number, view.version, view.archived) == (ID, "MRN-1", 1, False)
    assert (view.name, view.email, view.address, view.date_of_birth) == tuple(SIMPLE.values())
    assert (view.gender, view.phone, view.registered_date) == ("female", "555", date(2024, 5, 31))
    assert (view.created_at, view.updated_at, view.updated_by) == (FIRST.now, FIRST.now, "ann")
    assert view.identifiers == (Identifier(system="urn:x", value="7"),)


def test_the_view_is_written_in_camel_case_with_the_simple_fields_always_there() -> None:
    """What an imported record lacks is null, and dates are ISO."""
    written = json.loads(msgspec.json.encode(domain.view(imported())))
    assert written["email"] is None
    assert (written["dateOfBirth"], written["registeredDate"]) == ("1980-02", "2024-05-31")
    assert written["addresses"] == [{"city": "Leeds", "postalCode": "LS1 4AP", "country": "GB"}]
    assert written["medicalRecordNumber"] == "MRN-1"


def test_a_bad_registration_names_every_field() -> None:
    """Nothing is made of a request with faults."""
    with pytest.raises(InvalidArgument) as caught:
        domain.register(RegisterPatient(patient_id=ID, email="x"), mrn="M", stamp=FIRST)
    assert faults(caught) == ["name", "email", "address", "dateOfBirth"]


def test_columns_and_events_hold_what_is_searched_and_counted() -> None:
    """Partial dates count from their first day, and events have no names."""
    columns = domain.columns(imported(identifier=[{"system": "s", "value": "1"}, {"value": "1"}], gender="other"))
    assert (columns.name_key, columns.birth_date) == ("ann lee", date(1980, 2, 1))
    assert columns.identifiers == ("s|1", "1")
    assert domain.columns(registered()).email == "ann@example.org"
    body = domain.event_body(imported())
    assert (body.birth_year, body.postal_area, body.change, body.version) == (1980, "GB-LS1", "imported", 1)
    assert b"Lee" not in msgspec.msgpack.encode(body)


def test_replacing_sets_what_was_sent_and_keeps_the_rest() -> None:
    """PUT keeps the registration date and the optional fields that it leaves out."""
    before = registered(gender="female", phone="555", registered_date="2020-01-01")
    after = domain.replace(before, ReplacePatient(patient_id=ID, **(SIMPLE | {"name": "Ann Ray"})), LATER)
    view = domain.view(after)
    assert (view.name, view.gender, view.phone, view.registered_date) == ("Ann Ray", "female", "555", date(2020, 1, 1))
    assert (after.version, after.change, after.updated_by, after.created_at) == (2, "replaced", "bob", FIRST.now)


def test_replacing_clears_what_was_sent_as_empty() -> None:
    """A null or an empty list in the body is a wish, not an omission."""
    before = registered(gender="female", identifiers=(Identifier(value="7"),))
    request = ReplacePatient(patient_id=ID, cleared=("gender", "identifiers", "phone"), **SIMPLE)
    view = domain.view(domain.replace(before, request, LATER))
    assert (view.gender, view.identifiers) == (None, ())
    with pytest.raises(InvalidArgument):
        domain.replace(before, ReplacePatient(patient_id=ID, cleared=("ssn",), **SIMPLE), LATER)


def test_the_same_again_makes_no_version() -> None:
    """A replacement or amendment that changes nothing returns the very same record."""
    before = registered()
    assert domain.replace(before, ReplacePatient(patient_id=ID, **SIMPLE), LATER) is before
    assert amended(before, name="Ann Lee", phone=None) is before
    reordered = msgspec.structs.replace(before, document=json.dumps(json.loads(before.document), indent=2))
    assert amended(reordered, name="Ann Lee") is reordered


def test_amending_changes_and_removes_fields() -> None:
    """Null takes away; what the patch does not mention stays."""
    before = registered(gender="female", phone="555")
    view = domain.view(amended(before, gender=None, address="2 Low St", identifiers=[{"value": "9"}]))
    assert (view.gender, view.address, view.phone, view.name) == (None, "2 Low St", "555", "Ann Lee")
    assert view.identifiers == (Identifier(value="9"),)
    assert amended(before, registeredDate="2021-02-03").registered_date == date(2021, 2, 3)


def test_amending_names_derives_the_simple_name() -> None:
    """Who changes the names without the name means the name to follow."""
    after = amended(registered(), names=[{"use": "official", "family": "Ray", "given": ["Ann"]}])
    assert domain.view(after).name == "Ann Ray"


@pytest.mark.parametrize(
    ("patch", "fields"),
    [
        ({"id": "x", "version": 2, "createdAt": "x"}, ["id", "version", "createdAt"]),
        ({"medicalRecordNumber": "x", "archived": True, "updatedBy": "x"}, None),
        ({"secretName": 1}, ["(unknown)"]),
        ({"name": None}, ["name"]),
        ({"name": 7, "gender": [], "names": "x"}, ["name", "gender", "names"]),
        ({"email": None}, ["email"]),
        ({"telecom": []}, ["email"]),
        ({"names": []}, ["name"]),
        ({"names": [{"Zq7": 1}], "identifiers": [7]}, None),
        ({"deceased": False, "deceasedAt": "2020"}, ["deceasedAt"]),
        ({"identifiers": {"value": "1"}}, ["identifiers"]),
    ],
)
def test_what_an_amendment_may_not_do(patch: dict[str, Any], fields: list[str] | None) -> None:
    """Each wrong field is named; names of the sender's own making are not repeated."""
    with pytest.raises(InvalidArgument) as caught:
        amended(registered(), **patch)
    assert faults(caught) == (fields or list(patch))
    assert not any("Zq7" in f.message for f in caught.value.fields)


@pytest.mark.parametrize("patch", ["", "[]", "null", "7", '{"name":"\\ud800"}', "[" * 100_000])
def test_a_patch_that_is_no_object_is_refused(patch: str) -> None:
    """Whatever text comes as a patch, the answer is InvalidArgument."""
    with pytest.raises(InvalidArgument):
        domain.amend(registered(), AmendPatient(patient_id=ID, patch=patch), LATER)


def test_an_imported_record_can_be_amended_as_it_is() -> None:
    """What it lacks or has only in part is no fault of a change elsewhere, and none of it is lost."""
    before = imported()
    after = amended(before, phone="555", dateOfBirth="1980-02")
    assert domain.view(after).date_of_birth == "1980-02"
    document = json.loads(after.document)
    assert document.pop("telecom") == [{"system": "phone", "value": "555"}]
    assert document == json.loads(before.document) == FHIR


def test_a_stale_version_is_refused_and_the_right_one_is_taken() -> None:
    """Every change honours the version that the caller read."""
    patient = registered()
    with pytest.raises(StaleVersion):
        domain.replace(patient, ReplacePatient(patient_id=ID, expected_version=2, **SIMPLE), LATER)
    with pytest.raises(StaleVersion):
        domain.amend(patient, AmendPatient(patient_id=ID, expected_version=2, patch="{}"), LATER)
    with pytest.raises(StaleVersion):
        domain.archive(patient, ArchivePatient(patient_id=ID, expected_version=9), LATER)
    assert domain.archive(patient, ArchivePatient(patient_id=ID, expected_version=1), LATER).version == 2


def test_an_archived_record_is_gone_until_it_is_restored() -> None:
    """Archiving and restoring are versions; the record itself stays as it was."""
    patient = registered()
    away = domain.archive(patient, ArchivePatient(patient_id=ID), LATER)
    assert (away.archived, away.change, away.document) == (True, "archived", patient.document)
    with pytest.raises(Gone):
        amended(away, name="X")
    with pytest.raises(Gone):
        domain.archive(away, ArchivePatient(patient_id=ID), LATER)
    back = domain.restore(away, RestorePatient(patient_id=ID, expected_version=2), LATER)
    assert (back.archived, back.version, back.change) == (False, 3, "restored")
    with pytest.raises(FailedPrecondition):
        domain.restore(back, RestorePatient(patient_id=ID), LATER)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"resourceType": "Person"}, "resourceType"),
        ({"name": []}, "name"),
        ({"name": [{"use": "official"}]}, "name"),
        ({"name": "Ann"}, "document"),
        ({"name": [None]}, "document"),
        ({"birthDate": "29/02/1980"}, "birthDate"),
        ({"birthDate": "2025"}, "birthDate"),
        ({"gender": "F"}, "gender"),
        ({"deceasedDateTime": "soon"}, "deceasedDateTime"),
        ({"identifier": [{"value": "x" * 201}]}, "identifier[0]"),
        ({"extension": [{"valueString": "a\x00b"}]}, "document"),
        ({"telecom": [{"system": "phone", "value": "1"}] * 201}, "telecom"),
    ],
)
def test_what_is_not_imported(changes: dict[str, Any], field: str) -> None:
    """Documents that are not FHIR R4 Patients are refused with the place, without the value."""
    with pytest.raises(InvalidArgument) as caught:
        imported(**changes)
    assert faults(caught) == [field]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "2001", "old", "phone", "email"]),
    lambda v: (
        st.lists(v, max_size=3) | st.dictionaries(st.sampled_from(["use", "text", "value", "system"]), v, max_size=3)
    ),
    max_leaves=6,
)
likely = st.fixed_dictionaries(
    {"resourceType": st.just("Patient"), "name": st.just([{"text": "A"}]) | json_values},
    optional=dict.fromkeys(("identifier", "telecom", "address", "birthDate", "contact", "link", "gender"), json_values),
)


@given(likely)
def test_whatever_is_accepted_can_be_viewed_searched_told_and_amended(document: dict[str, Any]) -> None:
    """No accepted document makes a later step fail, and each keeps every field."""
    record = ImportedPatient(patient_id=ID, line=1, document=json.dumps(document))
    try:
        patient = domain.import_document(record, mrn="M", stamp=FIRST)
    except InvalidArgument:
        return
    view = domain.view(patient)
    assert msgspec.json.decode(msgspec.json.encode(view), type=PatientView) == view
    assert json.loads(patient.document) == document
    domain.event_body(patient)
    assert domain.view(amended(patient, name="Bo")).name == "Bo"


@given(st.dictionaries(st.sampled_from(sorted(PatientView.__struct_encode_fields__)), json_values, max_size=4))
def test_no_patch_raises_anything_but_the_platforms_errors(patch: dict[str, Any]) -> None:
    """Whatever the patch, there is a next version or a refusal."""
    with contextlib.suppress(InvalidArgument):
        domain.view(amended(registered(), **patch))
