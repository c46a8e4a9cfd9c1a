"""Imported records that hold more than an index takes: kept whole, and no other record suffers."""

import json
import random
import string

import pytest
from tests.components.patient.test_registry_import import batch, fhir

from careplane.components.patient.api import AmendPatient, GetPatient, Patients, SearchPatients

_LONG = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=9000))


@pytest.mark.parametrize(
    "more",
    [
        {"telecom": [{"system": "email", "value": f"{_LONG}@example.org"}]},
        {"telecom": [{"system": "phone", "value": _LONG}]},
        {"name": [{"family": _LONG, "given": [" ".join(_LONG[n : n + 9] for n in range(0, 9000, 9))]}]},
        {"address": [{"postalCode": _LONG, "country": _LONG, "state": _LONG}]},
    ],
    ids=lambda more: next(iter(more)),
)
async def test_a_text_that_no_index_takes_is_kept(patients: Patients, more: dict[str, object]) -> None:
    """It can be read and changed; its neighbours in the batch are not touched by it."""
    report = await patients.import_patients(batch(fhir(1, **more), fhir(2)))
    assert [outcome.status for outcome in report.outcomes] == ["imported", "imported"]
    found = (await patients.search(SearchPatients(identifier="urn:test|1"))).patients[0]
    document = await patients.document(GetPatient(patient_id=found.id))
    assert json.loads(document.document) == json.loads(fhir(1, **more))
    changed = await patients.amend(AmendPatient(patient_id=found.id, patch='{"maritalStatus": "M"}'))
    assert changed.version == 2
