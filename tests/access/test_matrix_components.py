"""Every method of every component, for every caller, in every way of standing to it: asked without any gateway."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from tests.access.callers import CALLERS, Caller
from tests.access.messages import message_for, somebody
from tests.access.policy import Stand, Verdict, cells, stands_of_method, verdict_on_method
from tests.components.conftest import StartPlatform, start_platform

from careplane.app.catalog import CATALOG
from careplane.app.host import Host
from careplane.components.identity.api import ROLES
from careplane.components.patient.api import PATIENT, ArchivePatient, BreakGlass, RestrictPatient
from careplane.kernel.context import Context, using
from careplane.kernel.contract import Method
from careplane.kernel.errors import Internal, PermissionDenied, PlatformError, Unauthenticated
from careplane.kernel.invoke import proxy
from careplane.kernel.principal import ANONYMOUS, Principal

__all__ = ["start_platform"]

METHODS = tuple(method for entry in CATALOG for method in entry.component.methods.values())
ADMIN = Principal(id=str(uuid4()), scopes=frozenset(ROLES["admin"]))


@pytest.fixture
async def host(start_platform: StartPlatform) -> AsyncIterator[Host]:
    """Give the running components."""
    async with start_platform() as host:
        yield host


def principal_of(caller: Caller) -> Principal:
    """Return a caller as a component sees one."""
    if not caller.signed_in:
        return ANONYMOUS
    return Principal(id=str(caller.id), roles=caller.roles, scopes=caller.scopes)


async def subject_of(host: Host, caller: Caller, stand: Stand) -> UUID:
    """Return the id of what the call is about, after making it."""
    if stand in {Stand.SELF, Stand.OTHER, Stand.NONE}:
        return caller.id if stand is Stand.SELF else uuid4()
    patients, patient = proxy(PATIENT, host.calls), uuid4()
    with using(Context(principal=ADMIN)):
        await patients.register(somebody(patient))
        if stand is Stand.ARCHIVED:
            await patients.archive(ArchivePatient(patient_id=patient))
        elif stand is not Stand.OPEN:
            team = (caller.id if stand is Stand.TEAM else uuid4(),)
            await patients.restrict(RestrictPatient(patient_id=patient, restricted=True, care_team=team))
    if stand is Stand.GRANTED:
        clinician = Principal(id=principal_of(caller).id, scopes=frozenset({"patients:break-glass"}))
        with using(Context(principal=clinician)):
            await patients.break_glass(BreakGlass(patient_id=patient, reason="Unconscious in the emergency room"))
    return patient


async def verdict(host: Host, method: Method, caller: Caller, subject: UUID) -> Verdict | str:
    """Tell what becomes of a call; a fault of ours is none of the verdicts."""
    with using(Context(principal=principal_of(caller), request_id="matrix")):
        try:
            await host.calls(method, message_for(method, subject, caller.id))
        except PermissionDenied:
            return Verdict.DENIED
        except Unauthenticated as error:
            # Anonymous is turned away in these words; other words are about what the message itself shows.
            return Verdict.UNAUTHENTICATED if error.detail == Unauthenticated.default_detail else Verdict.PASSES
        except Internal as error:
            return f"a fault: {error.meta}"
        except PlatformError:
            pass
    return Verdict.PASSES


def test_the_matrix_is_large() -> None:
    """Two thousand cells or more here too."""
    assert cells(map(stands_of_method, METHODS), len(CALLERS)) >= 2000


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
async def test_a_caller_gets_in_where_the_policy_says_so_and_nowhere_else(host: Host, caller: Caller) -> None:
    """One caller's row of the matrix: each method, each way of standing to it."""
    faults = []
    for method in METHODS:
        for stand in stands_of_method(method):
            subject = await subject_of(host, caller, stand)
            expected, found = verdict_on_method(method, caller, stand), await verdict(host, method, caller, subject)
            if found is not expected:
                faults.append(f"{method.path} ({stand}): {expected} expected, {found} found")
    assert not faults, "\n".join(faults)


def test_what_names_a_patient_says_whether_the_record_must_be_open() -> None:
    """A method of the registry about one patient is about an open record, or is here with the reason why not."""
    about_none = {
        "patient/register": "makes the record",
        "patient/break_glass": "is for those to whom the record is closed",
    }
    named = {m.path for m in METHODS if m.component == "patient" and "patient_id" in m.request.__struct_fields__}
    guarded = {m.path for m in METHODS if m.record is not None}
    assert named - guarded == about_none.keys()
