"""Repeated commands, in every wiring: the same key and request have one effect and one answer."""

import asyncio
from uuid import uuid4

import msgspec
import pytest
from tests.components.patient.registry import ann, rows

from careplane.components.patient.api import (
    AmendPatient,
    Patients,
)
from careplane.kernel.context import current, using
from careplane.kernel.errors import (
    IdempotencyMismatch,
    StillRunning,
)


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
