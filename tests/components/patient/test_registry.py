"""The registry as its callers see it, on a real database, in every wiring: what is answered, kept, told and noted."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from uuid_utils.compat import uuid7

from careplane.app.host import Host
from careplane.components.analytics.api import ANALYTICS, GetSummary, Summary
from careplane.components.patient.api import (
    PATIENT,
    AmendPatient,
    ArchivePatient,
    GetHistory,
    GetPatient,
    GetVersion,
    ImportedPatient,
    ImportPatients,
    PatientAccount,
    Patients,
    RegisterPatient,
    ReplacePatient,
    RestorePatient,
    SearchPatients,
)
from careplane.kernel.context import current, using
from careplane.kernel.errors import (
    AlreadyExists,
    Gone,
    IdempotencyMismatch,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    StaleVersion,
    StillRunning,
)
from careplane.kernel.invoke import proxy
from careplane.kernel.principal import Principal

T = TypeVar("T")


def ann(**changes: object) -> RegisterPatient:
    """Make a registration."""
    request = RegisterPatient(
        patient_id=uuid7(),
        name="Ann Østergård",
        email="ann@example.org",
        address="1 High Street",
        date_of_birth="1980-02-29",
    )
    return msgspec.structs.replace(request, **changes)


@pytest.fixture
def patients(platform: Host) -> Patients:
    """Give the interface of the registry."""
    return proxy(PATIENT, platform.calls)


async def until(ask: Callable[[], Awaitable[T | None]]) -> T:
    """Ask until there is an answer, for ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            answer = await ask()
            if answer is not None:
                return answer
            await asyncio.sleep(0.005)


async def account_of(patients: Patients, patient_id: UUID) -> PatientAccount:
    """Wait until the patient's account is open."""

    async def ask() -> PatientAccount | None:
        account = await patients.billing_account(GetPatient(patient_id=patient_id))
        return None if account.status == "PENDING" else account

    return await until(ask)


async def rows(url: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
    """Ask the database itself."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetch(statement, *arguments)
    finally:
        await connection.close()


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
    found = await rows(database_url, "SELECT action, caller FROM patient.audit WHERE subject = $1 ORDER BY id", made.id)
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


async def test_changes_make_versions_and_history_keeps_them(patients: Patients) -> None:
    """Every change is a version without a gap, and each can be read again."""
    made = await patients.register(ann())
    amended = await patients.amend(AmendPatient(patient_id=made.id, patch='{"name": "Ann Smith"}'))
    replaced = await patients.replace(
        ReplacePatient(
            patient_id=made.id,
            name="Ann Jones",
            email="ann@example.org",
            address="2 Low Street",
            date_of_birth="1980-02-29",
        )
    )
    archived = await patients.archive(ArchivePatient(patient_id=made.id))
    restored = await patients.restore(RestorePatient(patient_id=made.id))
    assert [v.version for v in (amended, replaced, archived, restored)] == [2, 3, 4, 5]
    history = await patients.history(GetHistory(patient_id=made.id))
    changes = [(v.version, v.change, v.by) for v in history.versions]
    assert changes == [
        (5, "restored", "tester"),
        (4, "archived", "tester"),
        (3, "replaced", "tester"),
        (2, "amended", "tester"),
        (1, "registered", "tester"),
    ]
    assert (await patients.version(GetVersion(patient_id=made.id, version=1))).name == "Ann Østergård"
    assert (await patients.version(GetVersion(patient_id=made.id, version=5))) == restored
    with pytest.raises(NotFound):
        await patients.version(GetVersion(patient_id=made.id, version=6))


async def test_history_comes_in_pages(patients: Patients) -> None:
    """A page says where the next one begins."""
    made = await patients.register(ann())
    for i in range(4):
        await patients.amend(AmendPatient(patient_id=made.id, patch=json.dumps({"phone": f"555 010{i}"})))
    first = await patients.history(GetHistory(patient_id=made.id, limit=2))
    assert [v.version for v in first.versions] == [5, 4]
    second = await patients.history(GetHistory(patient_id=made.id, limit=10, before_version=first.next_before_version))
    assert [v.version for v in second.versions] == [3, 2, 1]
    assert second.next_before_version is None


async def test_a_change_on_a_stale_version_is_refused(patients: Patients) -> None:
    """Optimistic concurrency: only the present version can be changed."""
    made = await patients.register(ann())
    await patients.amend(AmendPatient(patient_id=made.id, patch='{"phone": "555 0100"}', expected_version=1))
    with pytest.raises(StaleVersion):
        await patients.amend(AmendPatient(patient_id=made.id, patch='{"phone": "555 0101"}', expected_version=1))
    assert (await patients.get(GetPatient(patient_id=made.id))).phone == "555 0100"


async def test_concurrent_changes_of_one_patient_all_count(patients: Patients) -> None:
    """Commands on one patient run one after another: none is lost."""
    made = await patients.register(ann())
    await asyncio.gather(
        *(
            patients.amend(AmendPatient(patient_id=made.id, patch=json.dumps({"phone": f"555 {i:04}"})))
            for i in range(10)
        )
    )
    assert (await patients.get(GetPatient(patient_id=made.id))).version == 11


async def test_a_change_that_changes_nothing_makes_no_version(patients: Patients) -> None:
    """The version stays, and so does the ETag."""
    made = await patients.register(ann())
    same = await patients.amend(AmendPatient(patient_id=made.id, patch='{"name": "Ann Østergård"}'))
    assert same == made


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


async def test_a_repeated_registration_gets_the_first_answer(patients: Patients, database_url: str) -> None:
    """The same key and request give one patient and one answer, under whatever new id the repeat came."""
    with using(msgspec.structs.replace(current(), idempotency_key="k1")):
        first = await patients.register(ann())
        again = await patients.register(ann())
        assert again == first
        with pytest.raises(IdempotencyMismatch):
            await patients.register(ann(name="Somebody Else"))
    counted = await rows(database_url, "SELECT count(*) FROM patient.patients")
    assert counted[0][0] == 1


async def test_a_repeated_amendment_gets_the_first_answer(patients: Patients) -> None:
    """The repeat is answered from memory, although its If-Match is stale by now."""
    made = await patients.register(ann())
    with using(msgspec.structs.replace(current(), idempotency_key="k2")):
        request = AmendPatient(patient_id=made.id, patch='{"phone": "555 0100"}', expected_version=1)
        first = await patients.amend(request)
        assert await patients.amend(request) == first


async def test_a_registration_that_still_runs_is_not_started_again(patients: Patients) -> None:
    """Two at once under one key: one is done, the other is told to wait or gets the same answer."""
    with using(msgspec.structs.replace(current(), idempotency_key=str(uuid4()))):
        answers = await asyncio.gather(*(patients.register(ann()) for _ in range(2)), return_exceptions=True)
    done = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert done
    assert all(isinstance(answer, StillRunning) or answer == done[0] for answer in answers)


async def test_who_may_not_is_refused_by_the_component_itself(patients: Patients) -> None:
    """The scope is checked behind the interface, not in the gateway only."""
    reader = Principal(id="reader", scopes=frozenset({"patients:read"}))
    with using(msgspec.structs.replace(current(), principal=reader)), pytest.raises(PermissionDenied):
        await patients.register(ann())


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
