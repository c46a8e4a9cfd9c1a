"""What ends an emergency opening before its time, in every wiring: losing the right to it, and a new restriction."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from tests.components.patient.callers import ADMIN, ANA, BEN, call, calling, calls_on, clinician, refusal, restricted
from tests.components.patient.registry import ann

from careplane.app.host import Host
from careplane.components.patient.access.store_glass import GlassStore
from careplane.components.patient.api import (
    BreakGlass,
    GetPatient,
    Patients,
    PatientView,
    RestrictPatient,
    SearchPatients,
)
from careplane.kernel.errors import PermissionDenied
from careplane.kernel.principal import Principal

BREAK_GLASS = "patients:break-glass"


@pytest.fixture
async def opened(patients: Patients) -> PatientView:
    """Give a record of Ana's that Ben has opened in an emergency."""
    made = await restricted(patients, await patients.register(ann()), ANA)
    await broken(patients, made)
    return made


async def broken(patients: Patients, closed: PatientView) -> None:
    """Open a record as Ben."""
    with calling(clinician(BEN)):
        await patients.break_glass(BreakGlass(patient_id=closed.id, reason="Unconscious in the emergency room"))
        assert await found_by(patients) == [closed.id]


async def found_by(patients: Patients) -> list[object]:
    """Return what the caller finds."""
    return [view.id for view in (await patients.search(SearchPatients(name="ann"))).patients]


async def is_shut(patients: Patients, closed: PatientView, caller: Principal) -> bool:
    """Tell that the record is closed to somebody in every way."""
    with calling(caller):
        for name, request in calls_on(closed.id).items():
            await refusal(call(patients, name, request), PermissionDenied)
        return await found_by(patients) == []


async def test_who_lost_the_right_to_break_glass_is_out(patients: Patients, opened: PatientView) -> None:
    """What was granted to somebody who may no longer break the glass opens nothing, until they may again."""
    demoted = msgspec.structs.replace(clinician(BEN), scopes=clinician(BEN).scopes - {BREAK_GLASS})
    assert await is_shut(patients, opened, demoted)
    with calling(clinician(BEN)):
        assert (await patients.get(GetPatient(patient_id=opened.id))).id == opened.id


@pytest.mark.parametrize(
    "steps",
    [
        [RestrictPatient(patient_id=ANA, restricted=False), RestrictPatient(patient_id=ANA, restricted=True)],
        [RestrictPatient(patient_id=ANA, restricted=True)],
    ],
    ids=["opened and closed", "another team"],
)
async def test_a_new_restriction_ends_what_was_granted_before(
    patients: Patients, opened: PatientView, steps: list[RestrictPatient]
) -> None:
    """Who may open the record was said anew, so that an emergency must be stated anew, which opens it again."""
    with calling(ADMIN):
        for step in steps:
            await patients.restrict(msgspec.structs.replace(step, patient_id=opened.id))
    assert await is_shut(patients, opened, clinician(BEN))
    await broken(patients, opened)
    with calling(clinician(BEN)):
        assert (await patients.get(GetPatient(patient_id=opened.id))).restricted


async def test_only_what_has_not_ended_counts_as_open(platform: Host, patients: Patients, opened: PatientView) -> None:
    """The number for the metrics leaves out what has run out, what a restriction ended and what opens nothing."""
    store = GlassStore(platform.hosted["patient"].database)
    now = datetime.now(UTC)
    assert await store.count_open(now) == 1
    assert await store.count_open(now + timedelta(hours=1)) == 0
    with calling(ADMIN):
        await patients.restrict(RestrictPatient(patient_id=opened.id, restricted=False))
        assert await store.count_open(now) == 0
        await patients.restrict(RestrictPatient(patient_id=opened.id, restricted=True))
    assert await store.count_open(now) == 0
    await broken(patients, opened)
    assert await store.count_open(now) == 1


async def test_other_changes_end_nothing(patients: Patients, opened: PatientView) -> None:
    """A record that is changed, put away and brought back stays open to who opened it."""
    calls = calls_on(opened.id)
    with calling(clinician(ANA)):
        for name in ("amend", "archive", "restore"):
            await call(patients, name, calls[name])
    with calling(clinician(BEN)):
        assert (await patients.get(GetPatient(patient_id=opened.id))).version == opened.version + 3
        assert (await call(patients, "amend", calls["amend"])).id == opened.id
