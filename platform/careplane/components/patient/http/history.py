"""The versions of a patient, and the account that was opened with the first."""

from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, PathParameter, QueryParameter

from careplane.components.patient.api import (
    LIMIT_MAX,
    GetHistory,
    GetPatient,
    GetVersion,
    PatientAccount,
    PatientHistory,
    Patients,
    PatientView,
)
from careplane.components.patient.examples import ACCOUNT, SHOWN, VERSIONS
from careplane.components.patient.http.parts import TAGS
from careplane.web.notes import Notes, noted
from careplane.web.reply import Reply
from careplane.web.versioned import versioned


def endpoints(patients: Patients) -> list[HTTPRouteHandler]:
    """Return the handlers."""
    return [*_history(patients), _billing_account(patients)]


def _history(patients: Patients) -> list[HTTPRouteHandler]:
    @get(
        "/api/patients/{patient_id:str}/history",
        summary="List who changed a patient, and when",
        tags=TAGS,
        opt=noted(Notes(answer=VERSIONS)),
    )
    async def list_versions(
        patient_id: FromPath[UUID],
        limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="How many versions a page holds.")] = 50,
        before_version: Annotated[
            int | None,
            QueryParameter(name="beforeVersion", ge=1, description="The nextBeforeVersion of the page before."),
        ] = None,
    ) -> Reply[PatientHistory]:
        request = GetHistory(patient_id=patient_id, limit=limit, before_version=before_version)
        return Reply(await patients.history(request))

    @get(
        "/api/patients/{patient_id:str}/history/{version:str}",
        summary="Read a patient as it was",
        tags=TAGS,
        opt=noted(Notes(gives=("ETag",), answer=SHOWN)),
    )
    async def get_version(
        patient_id: FromPath[UUID], version: Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
    ) -> Reply[PatientView]:
        return versioned(await patients.version(GetVersion(patient_id=patient_id, version=version)))

    return [list_versions, get_version]


def _billing_account(patients: Patients) -> HTTPRouteHandler:
    @get(
        "/api/patients/{patient_id:str}/billing-account",
        summary="Read a patient's account",
        tags=TAGS,
        opt=noted(Notes(fails=(410,), answer=ACCOUNT)),
    )
    async def get_billing_account(patient_id: FromPath[UUID]) -> Reply[PatientAccount]:
        return Reply(await patients.billing_account(GetPatient(patient_id=patient_id)))

    return get_billing_account
