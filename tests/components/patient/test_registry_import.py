"""Importing into the registry, in every wiring: once, losslessly, and one bad record keeps no other out."""

import json

from tests.components.patient.registry import account_of
from uuid_utils.compat import uuid7

from careplane.components.patient.api import (
    GetPatient,
    ImportedPatient,
    ImportPatients,
    Patients,
    SearchPatients,
)


def fhir(number: int, **more: object) -> str:
    """Write a FHIR Patient."""
    identifier = [{"system": "urn:test", "value": str(number)}]
    name = [{"family": "Import", "given": [f"No{number}"]}]
    return json.dumps({"resourceType": "Patient", "identifier": identifier, "name": name, **more})


def batch(*documents: str) -> ImportPatients:
    """Make a batch of documents, known by their identifier."""
    return ImportPatients(
        batch_id=uuid7(),
        records=tuple(
            ImportedPatient(
                patient_id=uuid7(),
                line=line,
                document=document,
                sources=tuple("|".join(i.values()) for i in json.loads(document)["identifier"]),
            )
            for line, document in enumerate(documents, 1)
        ),
    )


async def test_an_import_can_be_run_again(patients: Patients) -> None:
    """Records known by a source identifier are not taken in twice, within a batch or in another."""
    first = await patients.import_patients(batch(fhir(1), fhir(2), fhir(1)))
    assert [outcome.status for outcome in first.outcomes] == ["imported", "imported", "known"]
    again = await patients.import_patients(batch(fhir(2), fhir(3)))
    assert [outcome.status for outcome in again.outcomes] == ["known", "imported"]
    assert len((await patients.search(SearchPatients(name="import"))).patients) == 3


async def test_an_imported_record_keeps_every_field(patients: Patients) -> None:
    """The FHIR document comes back with everything in it; a rejected one says why and keeps no other out."""
    extension = [{"url": "urn:x", "valueDecimal": 42.5342020}]
    good = fhir(1, extension=extension, multipleBirthInteger=2)
    bad = fhir(2, birthDate="2021-02-30")
    report = await patients.import_patients(batch(bad, good))
    assert [outcome.status for outcome in report.outcomes] == ["rejected", "imported"]
    assert "birthDate" in (report.outcomes[0].reason or "")
    found = (await patients.search(SearchPatients(identifier="urn:test|1"))).patients
    document = await patients.document(GetPatient(patient_id=found[0].id))
    assert json.loads(document.document) == json.loads(good)
    assert (await account_of(patients, found[0].id)).status == "ACTIVE"
