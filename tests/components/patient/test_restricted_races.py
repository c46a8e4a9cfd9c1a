"""What another process does between the two statements of one reading: the door was judged before it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.components.conftest import StartPlatform
from tests.components.patient.callers import ADMIN, ANA, BEN, calling, clinician, refusal
from tests.components.patient.registry import ann

from careplane.components.patient.api import (
    PATIENT,
    AmendPatient,
    GetHistory,
    GetVersion,
    Patients,
    PatientView,
    RestrictPatient,
)
from careplane.components.patient.store import PatientStore
from careplane.kernel.context import Context, using
from careplane.kernel.errors import NotFound, PermissionDenied
from careplane.kernel.invoke import proxy


@pytest.fixture
async def processes(start_platform: StartPlatform) -> AsyncIterator[tuple[Patients, Patients]]:
    """Give the registries of two processes."""
    async with AsyncExitStack() as stack:
        hosts = [await stack.enter_async_context(start_platform()) for _ in range(2)]
        yield proxy(PATIENT, hosts[0].calls), proxy(PATIENT, hosts[1].calls)


class Meanwhile:
    """Restricts and changes a record, in another process, once the door has been judged."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, other: Patients, made: PatientView) -> None:
        """Come between the door and whatever statement is next."""
        self._other = other
        self._made = made
        self.done = 0
        judge = PatientStore.read

        async def read(store: PatientStore, *args: Any) -> Any:
            found = await judge(store, *args)
            if not self.done:
                self.done += 1
                await self._change()
            return found

        monkeypatch.setattr(PatientStore, "read", read)

    async def _change(self) -> None:
        with using(Context(principal=ADMIN, request_id="meanwhile")):
            closing = RestrictPatient(patient_id=self._made.id, restricted=True, care_team=(ANA,))
            await self._other.restrict(closing)
            await self._other.amend(AmendPatient(patient_id=self._made.id, patch='{"name": "Secret Name"}'))
            await self._other.amend(AmendPatient(patient_id=self._made.id, patch='{"phone": "555 0199"}'))


@pytest.mark.parametrize("before", [None, 2, 3, 99])
async def test_history_ends_at_the_version_that_was_judged(
    processes: tuple[Patients, Patients], monkeypatch: pytest.MonkeyPatch, before: int | None
) -> None:
    """Versions of which the door knew nothing are not listed to somebody outside of the team."""
    made = await processes[0].register(ann())
    seen = Meanwhile(monkeypatch, processes[1], made)
    ask = GetHistory(patient_id=made.id, before_version=before)
    with calling(clinician(BEN)):
        history = await processes[0].history(ask)
    assert seen.done == 1
    assert [version.version for version in history.versions] == [1]
    assert history.next_before_version is None
    with calling(clinician(BEN)):
        await refusal(processes[0].history(ask), PermissionDenied)


@pytest.mark.parametrize("version", [2, 3])
async def test_no_version_is_shown_that_is_newer_than_the_judged_one(
    processes: tuple[Patients, Patients], monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """A version that was written after the door was judged is not found, though it is kept by then."""
    made = await processes[0].register(ann())
    seen = Meanwhile(monkeypatch, processes[1], made)
    with calling(clinician(BEN)):
        await refusal(processes[0].version(GetVersion(patient_id=made.id, version=version)), NotFound)
    assert seen.done == 1
    with calling(clinician(ANA)):
        assert (await processes[0].version(GetVersion(patient_id=made.id, version=version))).version == version
