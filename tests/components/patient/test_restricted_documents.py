"""The confidentiality label of a FHIR resource: heeded where a record arrives with it, set where we restrict one."""

import json
from importlib.resources import files
from typing import Any

import pytest
from tests.components.patient.callers import ADMIN, ANA, calling, refusal
from tests.components.patient.registry import ann, rows
from uuid_utils.compat import uuid7

from careplane.components.patient.access.confidentiality import SYSTEM, is_confidential, labelled
from careplane.components.patient.api import (
    GetPatient,
    ImportedPatient,
    ImportPatients,
    Patients,
    RestrictPatient,
)
from careplane.kernel.errors import PermissionDenied

R = {"system": SYSTEM, "code": "R", "display": "restricted"}
OTHER = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "R"}


def person(**more: Any) -> dict[str, Any]:
    """Return a FHIR Patient."""
    return {"resourceType": "Patient", "id": "p", "name": [{"family": "Østergård"}], **more}


@pytest.mark.parametrize(
    ("meta", "closed"),
    [
        ({"security": [R]}, True),
        ({"security": [OTHER, {"system": SYSTEM, "code": "V"}]}, True),
        ({"security": [{"code": "R"}]}, True),
        ({"security": [{"system": "http://hl7.org/fhir/v3/Confidentiality", "code": "V"}]}, True),
        ({"security": R}, True),
        ({"security": [{"system": "urn:oid:2.16.840.1.113883.5.25", "code": "R"}]}, True),
        ({"security": [{"system": f"{SYSTEM}|2.0.0", "code": "r"}]}, True),
        ({"security": [{"system": SYSTEM, "code": "N"}]}, False),
        ({"security": [OTHER]}, False),
        ({"security": []}, False),
        ({"security": ["R", None, 1, {"code": ["R"]}]}, False),
        ({"tag": [R]}, False),
        ("R", False),
        (None, False),
    ],
)
async def test_a_labelled_record_arrives_restricted(
    patients: Patients, database_url: str, meta: Any, closed: bool
) -> None:
    """R and V close it to all but administrators until somebody names a team; its resource stays as it came."""
    document = json.dumps(person(meta=meta))
    record = ImportedPatient(patient_id=uuid7(), line=1, document=document, sources=("s|1",))
    report = await patients.import_patients(ImportPatients(batch_id=uuid7(), records=(record,)))
    assert [outcome.status for outcome in report.outcomes] == ["imported"]
    kept = await rows(database_url, "SELECT id, restricted, care_team, version FROM patient.patients")
    assert [tuple(row)[1:] for row in kept] == [(closed, [], 1)]
    ask = GetPatient(patient_id=kept[0]["id"])
    if closed:
        await refusal(patients.get(ask), PermissionDenied)
    with calling(ADMIN):
        assert json.loads((await patients.document(ask)).document) == person(meta=meta)


async def test_restricting_sets_the_label_and_opening_takes_it_away(patients: Patients) -> None:
    """A record that was registered without one ends without one; other labels and the rest of meta stay."""
    made = await patients.register(ann())
    ask = GetPatient(patient_id=made.id)
    with calling(ADMIN):
        before = json.loads((await patients.document(ask)).document)
        await patients.restrict(RestrictPatient(patient_id=made.id, restricted=True, care_team=(ANA,)))
        during = json.loads((await patients.document(ask)).document)
        await patients.restrict(RestrictPatient(patient_id=made.id, restricted=False))
        after = json.loads((await patients.document(ask)).document)
    assert during == {**before, "meta": {"security": [R]}}
    assert after == before


def test_a_label_changes_nothing_else() -> None:
    """What stands beside it in meta and in the list of labels stays there, in its order."""
    meta = {"tag": [{"code": "x"}], "security": [OTHER, {"code": "V", "system": SYSTEM}, "odd"], "versionId": "3"}
    labelled_before = person(meta=meta)
    opened = labelled(labelled_before, restricted=False)
    assert opened["meta"] == {**meta, "security": [OTHER, "odd"]}
    assert not is_confidential(opened)
    closed = labelled(opened, restricted=True)
    assert closed["meta"] == {**meta, "security": [OTHER, "odd", R]}
    assert labelled(closed, restricted=True) is closed
    assert labelled_before == person(meta=meta), "the one handed in stays as it is"


def label(system: Any, code: Any = "R") -> dict[str, Any]:
    """Return a meta with one label."""
    return {"security": [{"system": system, "code": code}]}


CASES: tuple[tuple[Any, bool], ...] = (
    ({"security": [R]}, True),
    ({"security": [OTHER, {"system": SYSTEM, "code": "V"}]}, True),
    ({"security": [{"code": "R"}]}, True),
    ({"security": R}, True),
    ({"security": [[R]]}, False),
    ({"security": ["R", None, 1, {"code": ["R"]}]}, False),
    ({"security": []}, False),
    ({"tag": [R]}, False),
    ([{"security": [R]}], False),
    (None, False),
    *((label(system), True) for system in (None, "", " ", "\u00a0", "|", "/", 5, ["x"])),
    *((label(SYSTEM + end), True) for end in ("", "/", "|2.0.0", "/|", " ", "\n", "?x=1", "#R", ".html")),
    (label(SYSTEM.replace("http:", "https:")), True),
    (label(SYSTEM.upper()), True),
    (label("http://hl7.org/fhir/v3/Confidentiality", "V"), True),
    (label("http://hl7.org/fhir/v3/Confidentiality/"), True),
    (label("http://terminology.hl7.org/ValueSet/v3-Confidentiality"), True),
    (label("urn:oid:2.16.840.1.113883.5.25", "V"), True),
    (label("URN:OID:2.16.840.1.113883.5.25"), True),
    (label("2.16.840.1.113883.5.25"), True),
    (label(" 2.16.840.1.113883.5.25|x"), True),
    (label("urn:oid:2.16.840.1.113883.5.250"), False),
    (label("urn:oid:2.16.840.1.113883.5.25.1"), False),
    (label("urn:oid:12.16.840.1.113883.5.25"), False),
    (label("urn:oid:2.16.840.1.113883.5.4"), False),
    (label("urn:oid:2x16.840.1.113883.5.25"), False),
    (label("conf\u0131dentiality"), False),
    (label("\u6f22x"), False),
    *((label(system, code), True) for system in (SYSTEM, "", None) for code in ("r", "v", " R", "V\n", "R|")),
    *((label(SYSTEM, code), False) for code in ("N", "U", "L", "M", "RV", "R2", "", " ", 5, None, ["V"])),
    ({"security": [OTHER]}, False),
    ({"security": [{"system": OTHER["system"], "code": "V"}]}, False),
)


@pytest.mark.parametrize(("meta", "closed"), CASES)
def test_what_is_nearly_a_label_closes_a_record(meta: Any, closed: bool) -> None:
    """R or V of no system, or of confidentiality in any spelling, is heeded, and gone once the record is opened."""
    assert is_confidential(person(meta=meta)) == closed
    assert not is_confidential(labelled(person(meta=meta), restricted=False))


async def test_records_from_before_are_restricted_by_the_migration(database_url: str) -> None:
    """What the migration's SQL takes for confidential is what the registry does."""
    text = (files("careplane.components.patient") / "migrations" / "0002_restricted.sql").read_text()
    update = text[text.index("UPDATE patients") : text.index(";", text.index("UPDATE patients"))]
    documents = [json.dumps(person(id=str(n), meta=meta)) for n, (meta, _) in enumerate(CASES)]
    await rows(
        database_url,
        "INSERT INTO patient.patients (id, mrn, version, name_key, registered_date, identifiers, name_words, document,"
        " created_at, updated_at, updated_by, change) SELECT gen_random_uuid(), d, 1, '', now(), '{}', '{}', d::jsonb,"
        " now(), now(), '', 'imported' FROM unnest($1::text[]) AS d",
        documents,
    )
    await rows(database_url, update.replace("UPDATE patients", "UPDATE patient.patients"))
    found = await rows(database_url, "SELECT mrn FROM patient.patients WHERE restricted")
    closed = {document for document, (_, closed) in zip(documents, CASES, strict=True) if closed}
    assert {row["mrn"] for row in found} == closed == {d for d in documents if is_confidential(json.loads(d))}
