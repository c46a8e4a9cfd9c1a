"""Breaking the glass, in every wiring: a restricted record is open for a while, for a reason, and never quietly."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.components.conftest import StartPlatform
from tests.components.patient.callers import (
    ADMIN,
    ANA,
    AUDITOR,
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

from careplane.app.host import Host
from careplane.components.patient.api import (
    PATIENT,
    BreakGlass,
    BreakGlassByNumber,
    GetPatient,
    ListBrokenGlass,
    Patients,
    PatientView,
    RestrictPatient,
    SearchPatients,
)
from careplane.kernel.clock import FixedClock
from careplane.kernel.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from careplane.kernel.invoke import Middleware

REASON = "Unconscious in the emergency room"
_AUDIT = """
SELECT action, subject, detail FROM patient.audit
WHERE caller = $1 AND detail->>'outcome' IS DISTINCT FROM 'replayed' ORDER BY id
"""


@pytest.fixture
def clock() -> FixedClock:
    """Give the clock by which grants end."""
    return FixedClock(datetime(2026, 7, 30, 12, tzinfo=UTC))


@pytest.fixture
async def platform(
    start_platform: StartPlatform, wiring: tuple[Middleware, ...], clock: FixedClock
) -> AsyncIterator[Host]:
    """Give the running platform in each wiring, on a clock of the test's own."""
    async with start_platform(*wiring, clock=clock) as host:
        yield host


@pytest.fixture
async def closed(patients: Patients) -> PatientView:
    """Give a record that only Ana may open."""
    return await restricted(patients, await patients.register(ann()), ANA)


async def test_it_opens_the_record_for_a_while(patients: Patients, clock: FixedClock, closed: PatientView) -> None:
    """Everything but saying who may open it can be done until the time is over, and nothing after."""
    with calling(clinician(BEN)):
        await refusal(patients.get(GetPatient(patient_id=closed.id)), PermissionDenied)
        broken = await patients.break_glass(BreakGlass(patient_id=closed.id, reason=REASON))
        assert (broken.patient_id, broken.until) == (closed.id, clock.now() + timedelta(minutes=30))
        clock.at += timedelta(minutes=29, seconds=59)
        for name, request in calls_on(closed.id).items():
            if name != "restrict":
                await call(patients, name, request)
        found = await patients.search(SearchPatients(name="ann"))
        assert [view.id for view in found.patients] == [closed.id]
        clock.at += timedelta(seconds=1)
        for name, request in calls_on(closed.id).items():
            await refusal(call(patients, name, request), PermissionDenied)
        assert (await patients.search(SearchPatients(name="ann"))).patients == ()


async def test_it_opens_it_to_nobody_else(patients: Patients, closed: PatientView) -> None:
    """A grant is one user's."""
    with calling(clinician(BEN)):
        await patients.break_glass(BreakGlass(patient_id=closed.id, reason=REASON))
    with calling(clinician(uuid7())):
        for name, request in calls_on(closed.id).items():
            await refusal(call(patients, name, request), PermissionDenied)
        assert (await patients.search(SearchPatients(name="ann"))).patients == ()


async def test_it_gives_no_right_to_say_who_may_open_the_record(patients: Patients, closed: PatientView) -> None:
    """Nobody makes themselves a member of the team for good on the way of an emergency."""
    with calling(clinician(BEN)):
        await patients.break_glass(BreakGlass(patient_id=closed.id, reason=REASON))
        for ask in (
            RestrictPatient(patient_id=closed.id, restricted=True, care_team=(ANA, BEN)),
            RestrictPatient(patient_id=closed.id, restricted=False),
        ):
            error = await refusal(patients.restrict(ask), PermissionDenied)
            assert "emergency" in error.detail


async def test_a_denial_tells_those_who_can_how(patients: Patients, closed: PatientView) -> None:
    """Who holds the scope is told of break-glass, others are not."""
    ask = GetPatient(patient_id=closed.id)
    with calling(clinician(BEN)):
        assert "break-glass" in (await refusal(patients.get(ask), PermissionDenied)).detail
    assert "break-glass" not in (await refusal(patients.get(ask), PermissionDenied)).detail


async def test_everything_under_a_grant_is_noted_as_that(
    patients: Patients, database_url: str, clock: FixedClock, closed: PatientView
) -> None:
    """The grant has its own row, with its end and without its reason; what is done under it says so."""
    calls = calls_on(closed.id)
    with calling(clinician(BEN)):
        broken = await patients.break_glass(BreakGlass(patient_id=closed.id, reason=REASON))
        for name, request in calls.items():
            if name != "restrict":
                await call(patients, name, request)
        await patients.search(SearchPatients(name="ann"))
    noted = await rows(database_url, _AUDIT, str(BEN))
    details = {row["action"].removeprefix("patient/"): json.loads(row["detail"]) for row in noted}
    assert details.pop("break_glass") == {"until": broken.until.isoformat().replace("+00:00", "Z")}
    assert details.pop("search") == {"patients": [str(closed.id)], "breakGlass": True}
    assert details == {name: {"breakGlass": True} for name in calls if name != "restrict"}
    assert REASON not in str(noted)


async def test_breaking_it_again_is_another_grant(
    patients: Patients, database_url: str, clock: FixedClock, closed: PatientView
) -> None:
    """Nothing is extended in silence: each time has its own row, reason, end and audit."""
    with calling(clinician(BEN)):
        first = await patients.break_glass(BreakGlass(patient_id=closed.id, reason=REASON))
        clock.at += timedelta(minutes=20)
        second = await patients.break_glass(BreakGlass(patient_id=closed.id, reason="Still unconscious, new tests"))
    assert second.until - first.until == timedelta(minutes=20)
    kept = await rows(database_url, "SELECT user_id, reason, until FROM patient.break_glass ORDER BY id")
    assert [(row["reason"], row["until"]) for row in kept] == [
        (REASON, first.until),
        ("Still unconscious, new tests", second.until),
    ]
    noted = await rows(database_url, _AUDIT, str(BEN))
    assert [row["action"] for row in noted] == ["patient/break_glass"] * 2


async def test_it_is_loud_once(platform: Host, patients: Patients, closed: PatientView) -> None:
    """A warning with the ids and the end, and a number that rises; a repeat under its key is no new one."""
    with capture_logs() as logs, calling(clinician(BEN), "once"):
        broken = await patients.break_glass(BreakGlass(patient_id=closed.id, reason=REASON))
        assert await patients.break_glass(BreakGlass(patient_id=closed.id, reason=REASON)) == broken
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert "break-glass" in warning.pop("event")
    assert warning == {
        "log_level": "warning",
        "user_id": str(BEN),
        "patient_id": str(closed.id),
        "until": broken.until.isoformat(),
    }
    assert platform.hosted["patient"].assembly.gauges["break_glass_granted"]() == 1


async def test_the_wristband_is_enough(patients: Patients, closed: PatientView) -> None:
    """By the medical record number the answer says whose record it is; a number of nobody is not found."""
    number = closed.medical_record_number
    with calling(clinician(BEN)):
        broken = await patients.break_glass_by_number(BreakGlassByNumber(mrn=f" {number} ", reason=REASON))
        assert broken.patient_id == closed.id
        assert (await patients.get(GetPatient(patient_id=closed.id))).medical_record_number == number
        await refusal(patients.break_glass_by_number(BreakGlassByNumber(mrn="999999999-9", reason=REASON)), NotFound)
        for mrn in ("", "x" * 30, "0\0", "٠٠٠"):
            ask = BreakGlassByNumber(mrn=mrn, reason=REASON)
            error = await refusal(patients.break_glass_by_number(ask), InvalidArgument)
            assert [fault.field for fault in error.fields] == ["mrn"]


async def test_there_must_be_a_glass(patients: Patients, closed: PatientView, database_url: str) -> None:
    """What is open needs no emergency, and what is not there cannot be opened; nothing is granted."""
    other = await patients.register(ann(email="other@example.org"))
    for who, patient_id, kind in (
        (clinician(BEN), other.id, FailedPrecondition),
        (clinician(ANA), closed.id, FailedPrecondition),
        (ADMIN, closed.id, FailedPrecondition),
        (clinician(BEN), uuid7(), NotFound),
        (AUDITOR, closed.id, PermissionDenied),
    ):
        with calling(who):
            await refusal(patients.break_glass(BreakGlass(patient_id=patient_id, reason=REASON)), kind)
    assert await rows(database_url, "SELECT FROM patient.break_glass") == []


@pytest.mark.parametrize(
    "reason",
    ["", "short", " " * 40, "a" * 501, "aaaaaaaaaaaa", "1234567890", "..........", "with \0 in it"],
)
async def test_a_reason_must_say_something(patients: Patients, closed: PatientView, reason: str) -> None:
    """Blank, short, endless and senseless ones are refused by name."""
    with calling(clinician(BEN)):
        error = await refusal(patients.break_glass(BreakGlass(patient_id=closed.id, reason=reason)), InvalidArgument)
        assert [fault.field for fault in error.fields] == ["reason"]
        await refusal(patients.get(GetPatient(patient_id=closed.id)), PermissionDenied)


async def test_auditors_review_what_was_opened_and_why(
    patients: Patients, closed: PatientView, database_url: str
) -> None:
    """Newest first, in pages, with the reason; looking is noted, and nobody else may."""
    reasons = [f"Reason number {n} of five" for n in range(5)]
    with calling(clinician(BEN)):
        for reason in reasons:
            await patients.break_glass(BreakGlass(patient_id=closed.id, reason=reason))
        await refusal(patients.broken_glass(ListBrokenGlass()), PermissionDenied)
    with calling(AUDITOR):
        found: list[Any] = []
        after: str | None = None
        while not found or after:
            page = await patients.broken_glass(ListBrokenGlass(limit=2, after=after))
            found += page.grants
            after = page.next_after
        error = await refusal(patients.broken_glass(ListBrokenGlass(after="x")), InvalidArgument)
        assert [fault.field for fault in error.fields] == ["cursor"]
    assert [grant.reason for grant in found] == reasons[::-1]
    assert {(grant.user_id, grant.patient_id) for grant in found} == {(str(BEN), closed.id)}
    assert len(await rows(database_url, _AUDIT, AUDITOR.id)) == 3


@pytest.mark.parametrize("statement", ["UPDATE break_glass SET reason = ''", "DELETE FROM break_glass"])
async def test_a_grant_cannot_be_undone(
    platform: Host, patients: Patients, closed: PatientView, statement: str
) -> None:
    """The component's own role may add grants and read them, and has no way to change what was."""
    with calling(clinician(BEN)):
        await patients.break_glass(BreakGlass(patient_id=closed.id, reason=REASON))
    with pytest.raises(Exception, match="permission denied"):
        await platform.hosted[PATIENT.name].database.execute(statement)
