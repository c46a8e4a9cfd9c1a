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


METAS: tuple[Any, ...] = (
    {"security": [R]},
    {"security": [OTHER, {"system": SYSTEM, "code": "V"}]},
    {"security": [{"code": "R"}]},
    {"security": R},
    {"security": [{"system": "urn:oid:2.16.840.1.113883.5.25", "code": "V"}]},
    {"security": [{"system": SYSTEM, "code": "N"}]},
    {"security": [OTHER]},
    {"security": []},
    {"tag": [R]},
    None,
)


async def test_records_from_before_are_restricted_by_the_migration(database_url: str) -> None:
    """What the migration's SQL takes for confidential is what the registry does."""
    text = (files("careplane.components.patient") / "migrations" / "0002_restricted.sql").read_text()
    update = text[text.index("UPDATE patients") : text.index(";", text.index("UPDATE patients"))]
    documents = [json.dumps(person(id=str(n), meta=meta)) for n, meta in enumerate(METAS)]
    await rows(
        database_url,
        "INSERT INTO patient.patients (id, mrn, version, name_key, registered_date, identifiers, name_words, document,"
        " created_at, updated_at, updated_by, change) SELECT gen_random_uuid(), d, 1, '', now(), '{}', '{}', d::jsonb,"
        " now(), now(), '', 'imported' FROM unnest($1::text[]) AS d",
        documents,
    )
    await rows(database_url, update.replace("UPDATE patients", "UPDATE patient.patients"))
    found = await rows(database_url, "SELECT mrn FROM patient.patients WHERE restricted")
    assert {row["mrn"] for row in found} == {d for d in documents if is_confidential(json.loads(d))}
    assert len(found) == 5
