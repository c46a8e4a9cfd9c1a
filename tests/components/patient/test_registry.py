"""The registry as its callers see it, in every wiring: who is registered, found, told of, archived and refused."""

import asyncio

import msgspec
import pytest
from tests.components.patient.registry import account_of, ann, rows, until
from uuid_utils.compat import uuid7

from careplane.app.host import Host
from careplane.components.analytics.api import ANALYTICS, GetSummary, Summary
from careplane.components.patient.api import (
    AmendPatient,
    ArchivePatient,
    GetHistory,
    GetPatient,
    Patients,
    RestorePatient,
    SearchPatients,
)
from careplane.kernel.context import current, using
from careplane.kernel.errors import (
    AlreadyExists,
    Gone,
    InvalidArgument,
    NotFound,
    PermissionDenied,
)
from careplane.kernel.invoke import proxy
from careplane.kernel.principal import Principal


async def test_a_registered_patient_is_found_as_sent(patients: Patients) -> None:
    """What was registered comes back the same, under version 1 and a medical record number."""
    made = await patients.register(ann())
    assert (made.name, made.version, made.archived) == ("Ann Østergård", 1, False)
    assert await patients.get(GetPatient(patient_id=made.id)) == made
    assert (await patients.search(SearchPatients(name="ostergard ann"))).patients == (made,)


async def test_every_patient_gets_exactly_one_account(patients: Patients, database_url: str) -> None:
    """The account follows the registration by itself, once."""
    made = [await patients.register(ann(email=f"a{i}@example.org")) for i in range(5)]
    accounts = [await account_of(patients, patient.id) for patient in made]
    assert {account.status for account in accounts} == {"ACTIVE"}
    assert len({account.account_id for account in accounts}) == 5
    counted = await rows(database_url, "SELECT count(*) FROM billing.account")
    assert counted[0][0] == 5


async def test_analytics_hears_of_it(patients: Patients, platform: Host) -> None:
    """Registrations reach the counts through events."""
    analytics = proxy(ANALYTICS, platform.calls)
    for i in range(3):
        await patients.register(ann(email=f"a{i}@example.org"))

    async def counted() -> Summary | None:
        summary = await analytics.summary(GetSummary())
        return summary if summary.patients_total == 3 else None

    assert (await until(counted)).patients_active == 3


async def test_one_audit_row_for_each_command_and_each_reading(patients: Patients, database_url: str) -> None:
    """Who registered, read and changed a record is in the audit log, once each."""
    made = await patients.register(ann())
    await patients.get(GetPatient(patient_id=made.id))
    await patients.amend(AmendPatient(patient_id=made.id, patch='{"phone": "555"}'))
    done = "SELECT action, caller FROM patient.audit WHERE subject = $1 AND detail IS NULL ORDER BY id"
    found = await rows(database_url, done, made.id)
    assert [tuple(row) for row in found] == [
        ("patient/register", "tester"),
        ("patient/get", "tester"),
        ("patient/amend", "tester"),
    ]


async def test_faults_are_named_all_at_once(patients: Patients) -> None:
    """A registration that is wrong in several fields is told so for each, and nothing is stored."""
    with pytest.raises(InvalidArgument) as caught:
        await patients.register(ann(name=" ", email="nonsense", date_of_birth="1980-02-30"))
    assert {fault.field for fault in caught.value.fields} == {"name", "email", "dateOfBirth"}
    assert (await patients.search(SearchPatients())).patients == ()


async def test_an_email_belongs_to_one_active_patient(patients: Patients) -> None:
    """A second active patient with the e-mail is refused, in any case of letters; archiving the first frees it."""
    made = await patients.register(ann())
    with pytest.raises(AlreadyExists) as caught:
        await patients.register(ann(email="ANN@example.org"))
    assert [fault.field for fault in caught.value.fields] == ["email"]
    await patients.archive(ArchivePatient(patient_id=made.id))
    second = await patients.register(ann())
    with pytest.raises(AlreadyExists):
        await patients.restore(RestorePatient(patient_id=made.id))
    assert (await patients.get(GetPatient(patient_id=second.id))).email == "ann@example.org"


async def test_of_many_registrations_with_one_email_one_wins(patients: Patients) -> None:
    """A race for an e-mail has one winner; the others are told why."""
    answers = await asyncio.gather(*(patients.register(ann()) for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyExists) for answer in answers) == 19


async def test_an_archived_patient_is_gone_and_comes_back(patients: Patients) -> None:
    """Archived records are not read or changed, are listed apart, and can be restored."""
    made = await patients.register(ann())
    await patients.archive(ArchivePatient(patient_id=made.id))
    for call in (
        patients.get(GetPatient(patient_id=made.id)),
        patients.amend(AmendPatient(patient_id=made.id, patch="{}")),
        patients.archive(ArchivePatient(patient_id=made.id)),
    ):
        with pytest.raises(Gone):
            await call
    assert (await patients.search(SearchPatients())).patients == ()
    assert [p.id for p in (await patients.search(SearchPatients(archived=True))).patients] == [made.id]
    await patients.restore(RestorePatient(patient_id=made.id))
    assert (await patients.get(GetPatient(patient_id=made.id))).archived is False


async def test_an_unknown_patient_is_not_found(patients: Patients) -> None:
    """Every call about nobody says so."""
    nobody = uuid7()
    for call in (
        patients.get(GetPatient(patient_id=nobody)),
        patients.history(GetHistory(patient_id=nobody)),
        patients.amend(AmendPatient(patient_id=nobody, patch="{}")),
        patients.billing_account(GetPatient(patient_id=nobody)),
    ):
        with pytest.raises(NotFound):
            await call


async def test_who_may_not_is_refused_by_the_component_itself(patients: Patients) -> None:
    """The scope is checked behind the interface, not in the gateway only."""
    reader = Principal(id="reader", scopes=frozenset({"patients:read"}))
    with using(msgspec.structs.replace(current(), principal=reader)), pytest.raises(PermissionDenied):
        await patients.register(ann())
