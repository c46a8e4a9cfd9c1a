"""An e-mail address that is another patient's: refused in words that tell nothing of that record, and noted."""

import json
from uuid import UUID

import pytest
from tests.components.patient.callers import ADMIN, ANA, BEN, calling, clinician, refusal, restricted
from tests.components.patient.registry import ann, rows
from uuid_utils.compat import uuid7

from careplane.components.patient.api import (
    AmendPatient,
    ArchivePatient,
    ImportedPatient,
    ImportPatients,
    Patients,
    RestorePatient,
)
from careplane.kernel.errors import AlreadyExists

_REFUSED = "SELECT action, subject, detail FROM patient.audit WHERE detail->>'outcome' = 'refused' AND caller = $1"
_TAKEN = {"outcome": "refused", "reason": "email taken"}


async def refusals(database_url: str, user: UUID) -> list[tuple[str, UUID | None, object]]:
    """Return what is noted of a user's refused commands."""
    noted = await rows(database_url, f"{_REFUSED} ORDER BY id", str(user))
    return [(row["action"], row["subject"], json.loads(row["detail"])) for row in noted]


@pytest.mark.parametrize("closed", [False, True])
async def test_it_is_refused_in_the_same_words_and_noted(patients: Patients, database_url: str, closed: bool) -> None:
    """Whether the other record is open to the caller makes no difference; whom they tried to change is noted."""
    taken = await patients.register(ann())
    mine = await patients.register(ann(email="mine@example.org"))
    if closed:
        await restricted(patients, taken, ANA)
    with calling(clinician(BEN)):
        errors = [
            await refusal(patients.register(ann()), AlreadyExists),
            await refusal(
                patients.amend(AmendPatient(patient_id=mine.id, patch='{"email": "ANN@example.org"}')), AlreadyExists
            ),
        ]
    for error in errors:
        assert error.detail == (
            "This e-mail address belongs to another active patient. Use another address, or ask whoever looks after "
            "the registry to find out whose it is."
        )
        assert [fault.field for fault in error.fields] == ["email"]
    assert await refusals(database_url, BEN) == [
        ("patient/register", None, _TAKEN),
        ("patient/amend", mine.id, _TAKEN),
    ]


async def test_restoring_onto_a_taken_address_is_noted(patients: Patients, database_url: str) -> None:
    """The address was another's by the time the record was to come back."""
    away = await patients.register(ann())
    await patients.archive(ArchivePatient(patient_id=away.id))
    await patients.register(ann())
    with calling(clinician(BEN)):
        await refusal(patients.restore(RestorePatient(patient_id=away.id)), AlreadyExists)
    assert await refusals(database_url, BEN) == [("patient/restore", away.id, _TAKEN)]


async def test_an_import_that_meets_a_taken_address_is_noted(patients: Patients, database_url: str) -> None:
    """Each record that is kept out for its address leaves a row, beside the one of the batch."""
    await patients.register(ann())
    who = {"resourceType": "Patient", "name": [{"family": "X"}], "telecom": [{"system": "email", "value": ann().email}]}
    record = ImportedPatient(patient_id=uuid7(), line=1, document=json.dumps(who), sources=("s|1",))
    with calling(ADMIN):
        report = await patients.import_patients(ImportPatients(batch_id=uuid7(), records=(record,)))
    assert [outcome.status for outcome in report.outcomes] == ["rejected"]
    assert ("patient/import_patients", None, _TAKEN) in await refusals(database_url, UUID(ADMIN.id))


async def test_what_is_refused_for_other_reasons_is_not_noted_as_that(patients: Patients, database_url: str) -> None:
    """An id that is taken is no address."""
    request = ann()
    await patients.register(request)
    with calling(clinician(BEN)):
        again = ann(patient_id=request.patient_id, email="other@example.org")
        await refusal(patients.register(again), AlreadyExists)
    assert await refusals(database_url, BEN) == []
