"""Who calls in the tests of restricted records: clinicians by id, an administrator, an auditor."""

from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
import pytest
from uuid_utils.compat import uuid7

from careplane.components.identity.domain import ROLES
from careplane.components.patient.api import (
    AmendPatient,
    ArchivePatient,
    GetHistory,
    GetPatient,
    GetVersion,
    Patients,
    PatientView,
    ReplacePatient,
    RestorePatient,
    RestrictPatient,
)
from careplane.kernel.context import current, using
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal

T = TypeVar("T")

ANA, BEN = uuid7(), uuid7()
ADMIN = Principal(id=str(uuid7()), roles=("admin",), scopes=ROLES["admin"])
AUDITOR = Principal(id=str(uuid7()), roles=("auditor",), scopes=ROLES["auditor"])


def clinician(user_id: UUID) -> Principal:
    """Return a clinician."""
    return Principal(id=str(user_id), roles=("clinician",), scopes=ROLES["clinician"])


def calling(principal: Principal, key: str | None = None) -> using:
    """Call as somebody, for the body."""
    return using(msgspec.structs.replace(current(), principal=principal, idempotency_key=key))


async def restricted(patients: Patients, view: PatientView, *team: UUID) -> PatientView:
    """Restrict a record to a team, as an administrator, and return how it stands now."""
    with calling(ADMIN):
        await patients.restrict(RestrictPatient(patient_id=view.id, restricted=True, care_team=team))
        return await patients.get(GetPatient(patient_id=view.id))


def calls_on(patient_id: UUID) -> dict[str, Message]:
    """Return a call of each method that works on one record."""
    ask = GetPatient(patient_id=patient_id)
    return {
        "get": ask,
        "document": ask,
        "billing_account": ask,
        "access": ask,
        "history": GetHistory(patient_id=patient_id),
        "version": GetVersion(patient_id=patient_id, version=1),
        "replace": ReplacePatient(
            patient_id=patient_id, name="Ann", email="ann@example.org", address="x", date_of_birth="1980-02-29"
        ),
        "amend": AmendPatient(patient_id=patient_id, patch=f'{{"phone": "{uuid4().int % 10**9}"}}'),
        "archive": ArchivePatient(patient_id=patient_id),
        "restore": RestorePatient(patient_id=patient_id),
        "restrict": RestrictPatient(patient_id=patient_id, restricted=False),
    }


async def call(patients: Patients, name: str, request: Message) -> Any:
    """Call a method by its name."""
    return await getattr(patients, name)(request)


async def refusal(waited_for: Awaitable[T], kind: type[BaseException]) -> Any:
    """Return the error with which a call is refused."""
    with pytest.raises(kind) as caught:
        await waited_for
    return caught.value
