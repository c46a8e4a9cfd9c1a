"""Exporting from the registry, in every wiring: whole records, page by page, audited, and only what is open."""

import json
from typing import Any

import pytest
from tests.components.patient.callers import ADMIN, ANA, calling, refusal, restricted
from tests.components.patient.registry import ann, rows
from uuid_utils.compat import uuid7

from careplane.components.patient.api import (
    ArchivePatient,
    BreakGlass,
    ExportedPatient,
    ExportPatients,
    GetPatient,
    ImportedPatient,
    ImportPatients,
    Patients,
    PatientView,
)
from careplane.kernel.errors import InvalidArgument, PermissionDenied
from careplane.kernel.principal import Principal

EXPORTER = Principal(id=str(uuid7()), scopes=frozenset({"patients:export", "patients:break-glass"}))
RICH = (
    '{"resourceType":"Patient","id":"x","meta":{"tag":[{"code":"t"}]},"name":[{"family":"Łącki","given":["Jan",null],'
    '"_given":[null,{"id":"e"}]}],"extension":[{"url":"urn:a","valueDecimal":63.679710126000}],"birthDate":"1956-08"}'
)


async def crowd(patients: Patients, count: int) -> list[PatientView]:
    """Register people."""
    return [await patients.register(ann(email=f"ann{n}@example.org", name=f"Ann Nr{n}")) for n in range(count)]


async def exported(patients: Patients, limit: int = 3, **asked: Any) -> list[ExportedPatient]:
    """Export all there is, page by page."""
    found: list[ExportedPatient] = []
    page = await patients.export(ExportPatients(limit=limit, **asked))
    total = page.total
    while True:
        found += page.patients
        if page.next_after is None:
            break
        page = await patients.export(ExportPatients(limit=limit, after=page.next_after, **asked))
        assert page.total is None
    assert total == len(found)
    return found


@pytest.mark.parametrize("limit", [1, 3, 7, 8])
async def test_every_record_is_exported_once(patients: Patients, limit: int) -> None:
    """In pages of whatever size, in the order in which they came, with what the registry knows of them."""
    made = await crowd(patients, 7)
    with calling(ADMIN):
        found = await exported(patients, limit)
    assert [(one.patient_id, one.medical_record_number, one.registered_date) for one in found] == [
        (view.id, view.medical_record_number, view.registered_date) for view in made
    ]


async def test_a_record_comes_out_as_it_went_in(patients: Patients) -> None:
    """Every field of an imported resource, and each digit of its fractions; and it is what reading it gives."""
    record = ImportedPatient(patient_id=uuid7(), line=1, document=RICH, sources=("s|1",))
    await patients.import_patients(ImportPatients(batch_id=uuid7(), records=(record,)))
    with calling(ADMIN):
        (found,) = await exported(patients)
        assert found.document == (await patients.document(GetPatient(patient_id=found.patient_id))).document
    assert json.loads(found.document, parse_float=str) == json.loads(RICH, parse_float=str)


async def test_archived_records_say_so(patients: Patients) -> None:
    """They are not active in FHIR's words, and can be left out."""
    made = await crowd(patients, 3)
    await patients.archive(ArchivePatient(patient_id=made[1].id))
    with calling(ADMIN):
        found = await exported(patients)
        assert [json.loads(one.document).get("active") for one in found] == [None, False, None]
        assert [one.archived for one in found] == [False, True, False]
        found = await exported(patients, archived=False)
        assert [one.patient_id for one in found] == [made[0].id, made[2].id]


async def test_closed_records_stay_where_they_are(patients: Patients) -> None:
    """Neither the scope to export nor an emergency lets one go; who opens all of them exports all, labelled."""
    made = await crowd(patients, 3)
    await restricted(patients, made[1], ANA)
    with calling(EXPORTER):
        await patients.break_glass(BreakGlass(patient_id=made[1].id, reason="An emergency is no reason to export"))
        assert [one.patient_id for one in await exported(patients)] == [made[0].id, made[2].id]
    with calling(ADMIN):
        found = await exported(patients)
    assert [one.restricted for one in found] == [False, True, False]
    assert json.loads(found[1].document)["meta"]["security"][0]["code"] == "R"


async def test_each_page_is_noted(patients: Patients, database_url: str) -> None:
    """How many, from which id to which; the last page too."""
    made = await crowd(patients, 3)
    with calling(EXPORTER):
        await exported(patients, limit=2)
    noted = await rows(
        database_url, "SELECT action, detail FROM patient.audit WHERE caller = $1 ORDER BY id", EXPORTER.id
    )
    assert [(row["action"], json.loads(row["detail"])) for row in noted] == [
        ("patient/export", {"count": 2, "first": str(made[0].id), "last": str(made[1].id)}),
        ("patient/export", {"count": 1, "first": str(made[2].id), "last": str(made[2].id)}),
    ]


async def test_export_needs_its_scope_and_a_page_that_can_be(patients: Patients) -> None:
    """Reading patients does not give it; a page has a size."""
    await refusal(patients.export(ExportPatients()), PermissionDenied)
    with calling(EXPORTER):
        for limit in (0, -1, 1001):
            error = await refusal(patients.export(ExportPatients(limit=limit)), InvalidArgument)
            assert [fault.field for fault in error.fields] == ["limit"]
