"""Restricted records, in every wiring: open to the care team, closed to everybody else in every way there is."""

import json
from typing import Any

import pytest
from tests.components.patient.callers import (
    ADMIN,
    ANA,
    BEN,
    call,
    calling,
    calls_on,
    clinician,
    refusal,
    restricted,
)
from tests.components.patient.registry import ann, rows
from uuid_utils.compat import uuid7

from careplane.components.patient.api import (
    PATIENT,
    ArchivePatient,
    GetHistory,
    GetPatient,
    GetVersion,
    Patients,
    RestrictPatient,
    SearchPatients,
)
from careplane.kernel.errors import InvalidArgument, NotFound, PermissionDenied, StaleVersion

_AUDIT = "SELECT action, detail FROM patient.audit WHERE caller = $1 ORDER BY id"


def test_every_method_on_a_record_says_so() -> None:
    """Each method whose request has a patient's id needs the record open, but for the two that make or break it."""
    on_records = {name for name, m in PATIENT.methods.items() if m.record == "patient_id"}
    with_id = {name for name, m in PATIENT.methods.items() if "patient_id" in m.request.__struct_fields__}
    assert with_id - on_records == {"register", "break_glass"} | (with_id & {"audit_trail"}) - on_records
    assert on_records - {"audit_trail"} == set(calls_on(uuid7()))


@pytest.mark.parametrize("archived", [False, True])
async def test_a_closed_record_is_closed_in_every_way(patients: Patients, database_url: str, archived: bool) -> None:
    """Whatever somebody outside of the team tries is refused in the same words, and noted as denied."""
    made = await restricted(patients, await patients.register(ann()), ANA)
    if archived:
        with calling(ADMIN):
            await patients.archive(ArchivePatient(patient_id=made.id))
    words = set()
    with calling(clinician(BEN)):
        for name, request in calls_on(made.id).items():
            error = await refusal(call(patients, name, request), PermissionDenied)
            words.add(error.detail)
    assert len(words) == 1
    assert "restricted" in words.pop()
    noted = await rows(database_url, _AUDIT, str(BEN))
    assert [(row["action"], json.loads(row["detail"])) for row in noted] == [
        (f"patient/{name}", {"outcome": "denied", "reason": "restricted"}) for name in calls_on(made.id)
    ]


async def test_a_version_in_the_request_tells_nothing(patients: Patients) -> None:
    """Neither a right nor a wrong guess of the version is answered otherwise, nor is a version that is not there."""
    made = await restricted(patients, await patients.register(ann()), ANA)
    with calling(clinician(BEN)):
        for version in (1, made.version, 99):
            await refusal(patients.version(GetVersion(patient_id=made.id, version=version)), PermissionDenied)
            change = ArchivePatient(patient_id=made.id, expected_version=version)
            await refusal(patients.archive(change), PermissionDenied)


@pytest.mark.parametrize("who", [clinician(ANA), ADMIN], ids=["team", "admin"])
async def test_the_team_and_administrators_work_with_it(patients: Patients, database_url: str, who: object) -> None:
    """Everything can be done with the record that can be done with any other, and is noted as with any other."""
    made = await restricted(patients, await patients.register(ann()), ANA)
    with calling(who):  # type: ignore[arg-type]  # a principal
        for name, request in calls_on(made.id).items():
            if name != "restrict":
                await call(patients, name, request)
        page = await patients.search(SearchPatients(name="ann"))
    assert [view.id for view in page.patients] == [made.id]
    noted = await rows(database_url, _AUDIT, who.id)  # type: ignore[attr-defined]
    assert len(noted) >= len(calls_on(made.id)) - 1
    assert not [row for row in noted if row["detail"] and ("denied" in row["detail"] or "breakGlass" in row["detail"])]


async def test_a_restriction_is_a_version_and_can_be_read(patients: Patients, database_url: str) -> None:
    """It makes a version, an event and an audit row; the view says restricted, the team is under access."""
    made = await patients.register(ann())
    assert not made.restricted
    with calling(clinician(ANA)):
        done = await patients.restrict(RestrictPatient(patient_id=made.id, restricted=True, care_team=(ANA, BEN, ANA)))
        assert done == await patients.access(GetPatient(patient_id=made.id))
        assert (done.restricted, done.care_team, done.version) == (True, (ANA, BEN), 2)
        assert (await patients.get(GetPatient(patient_id=made.id))).restricted
        again = await patients.restrict(RestrictPatient(patient_id=made.id, restricted=True, care_team=(ANA, BEN)))
        assert again.version == 2, "nothing has changed"
        opened = await patients.restrict(RestrictPatient(patient_id=made.id, restricted=False, expected_version=2))
        assert (opened.restricted, opened.version) == (False, 3)
    history = await patients.history(GetHistory(patient_id=made.id))
    assert [v.change for v in history.versions] == ["unrestricted", "restricted", "registered"]
    events = await rows(database_url, "SELECT version FROM patient.outbox WHERE subject = $1 ORDER BY version", made.id)
    assert [row["version"] for row in events] == [1, 2, 3]


async def test_an_old_version_is_as_closed_as_the_present_one(patients: Patients) -> None:
    """What the record was before it was restricted is not to be had either, and the team sees what it was."""
    made = await patients.register(ann())
    await restricted(patients, made, ANA)
    with calling(clinician(BEN)):
        await refusal(patients.version(GetVersion(patient_id=made.id, version=1)), PermissionDenied)
    with calling(clinician(ANA)):
        assert not (await patients.version(GetVersion(patient_id=made.id, version=1))).restricted
        assert (await patients.version(GetVersion(patient_id=made.id, version=2))).restricted


async def test_nobody_locks_themselves_out(patients: Patients) -> None:
    """Who is not on the team they name is told so, unless they open all records anyway."""
    made = await patients.register(ann())
    locked = RestrictPatient(patient_id=made.id, restricted=True, care_team=(BEN,))
    with calling(clinician(ANA)):
        error = await refusal(patients.restrict(locked), InvalidArgument)
        assert [fault.field for fault in error.fields] == ["careTeam"]
        assert not (await patients.get(GetPatient(patient_id=made.id))).restricted
    with calling(ADMIN):
        assert (await patients.restrict(locked)).care_team == (BEN,)
        crowd = tuple(uuid7() for _ in range(201))
        too_many = RestrictPatient(patient_id=made.id, restricted=True, care_team=crowd)
        await refusal(patients.restrict(too_many), InvalidArgument)


async def test_a_stale_restriction_changes_nothing(patients: Patients) -> None:
    """Optimistic concurrency holds for access as for anything else; a record that is not there is not found."""
    made = await patients.register(ann())
    with calling(ADMIN):
        stale = RestrictPatient(patient_id=made.id, restricted=True, care_team=(ANA,), expected_version=7)
        await refusal(patients.restrict(stale), StaleVersion)
        await refusal(patients.restrict(RestrictPatient(patient_id=uuid7(), restricted=True)), NotFound)


async def test_a_repeated_restriction_gets_the_first_answer(patients: Patients) -> None:
    """Under its idempotency key, although the record has moved on; and so does a change made while it was open."""
    made = await patients.register(ann())
    ask = RestrictPatient(patient_id=made.id, restricted=True, care_team=(ANA,))
    with calling(clinician(ANA), "k1"):
        first = await patients.restrict(ask)
    with calling(clinician(ANA)):
        await patients.restrict(RestrictPatient(patient_id=made.id, restricted=False))
    with calling(clinician(ANA), "k1"):
        assert await patients.restrict(ask) == first


async def test_search_finds_what_is_open(patients: Patients) -> None:
    """Whatever the search, a closed record is not in it, pages are full all the same, and the team finds it."""
    made = [await patients.register(ann(email=f"ann{n}@example.org", name=f"Ann Nr{n}")) for n in range(6)]
    for view in made[::2]:
        await restricted(patients, view, ANA)
    searches: tuple[dict[str, Any], ...] = (
        {"name": "ann"},
        {"q": "ann"},
        {"sort": "name"},
        {"sort": "-updatedAt"},
        {"sort": "dateOfBirth"},
        {"date_of_birth": "1980-02-29"},
        {},
    )
    expected = {ANA: {v.id for v in made}, BEN: {v.id for v in made[1::2]}}
    for user, ids in expected.items():
        with calling(clinician(user)):
            for search in searches:
                found, after = [], None
                while True:
                    page = await patients.search(SearchPatients(limit=2, after=after, **search))
                    found += [view.id for view in page.patients]
                    after = page.next_after
                    if after is None:
                        break
                    assert len(page.patients) == 2, search
                assert sorted(found) == sorted(ids), search
            for view in made:
                for by in ({"email": view.email}, {"q": view.email}, {"q": view.medical_record_number}):
                    page = await patients.search(SearchPatients(**by))
                    assert {one.id for one in page.patients} == {view.id} & ids, by
