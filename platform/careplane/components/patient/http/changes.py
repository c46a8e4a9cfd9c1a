"""Registering, changing, archiving and restoring a patient."""

from uuid import UUID

import msgspec
from litestar import delete, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from careplane.components.patient.api import (
    AmendPatient,
    ArchivePatient,
    Patients,
    PatientView,
    RegisterPatient,
    ReplacePatient,
    RestorePatient,
)
from careplane.components.patient.examples import AMENDING, ARCHIVING, CHANGING, REGISTERING, REPLACING
from careplane.components.patient.http.bodies import PatientBody
from careplane.components.patient.http.parts import TAGS
from careplane.web.bodies import StrictRequest, header
from careplane.web.etags import expected_version
from careplane.web.notes import noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply
from careplane.web.versioned import made, versioned

_encode = msgspec.json.Encoder().encode


def endpoints(patients: Patients, web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""
    return [_register(patients, web), *_changes(patients), *_archive(patients)]


def _register(patients: Patients, web: WebParts) -> HTTPRouteHandler:
    @post("/api/patients", summary="Register a patient", tags=TAGS, opt=noted(REGISTERING))
    async def register_patient(data: JSONBody[PatientBody]) -> Reply[PatientView]:
        view = await patients.register(RegisterPatient(patient_id=web.new_id(), **data.written()))
        return made(view, f"/api/patients/{view.id}")

    return register_patient


def _changes(patients: Patients) -> list[HTTPRouteHandler]:
    @put("/api/patients/{patient_id:str}", summary="Replace a patient", tags=TAGS, opt=noted(REPLACING))
    async def replace_patient(
        patient_id: FromPath[UUID], data: JSONBody[PatientBody], request: StrictRequest
    ) -> Reply[PatientView]:
        version = expected_version(header(request, b"if-match"))
        change = ReplacePatient(
            patient_id=patient_id, expected_version=version, cleared=data.cleared(), **data.written()
        )
        return versioned(await patients.replace(change))

    @patch("/api/patients/{patient_id:str}", summary="Change a patient (RFC 7396)", tags=TAGS, opt=noted(AMENDING))
    async def amend_patient(
        patient_id: FromPath[UUID], data: JSONBody[PatientBody], request: StrictRequest
    ) -> Reply[PatientView]:
        version = expected_version(header(request, b"if-match"))
        change = AmendPatient(patient_id=patient_id, patch=_encode(data).decode(), expected_version=version)
        return versioned(await patients.amend(change))

    return [replace_patient, amend_patient]


def _archive(patients: Patients) -> list[HTTPRouteHandler]:
    @delete(
        "/api/patients/{patient_id:str}",
        summary="Archive a patient",
        description="The record is put away, not destroyed; reading it is answered 410 until it is restored.",
        tags=TAGS,
        opt=noted(ARCHIVING),
        status_code=204,
    )
    async def archive_patient(patient_id: FromPath[UUID], request: StrictRequest) -> Reply[None]:
        version = expected_version(header(request, b"if-match"))
        await patients.archive(ArchivePatient(patient_id=patient_id, expected_version=version))
        return Reply(None, status=204)

    @post(
        "/api/patients/{patient_id:str}/restore",
        summary="Restore a patient",
        tags=TAGS,
        opt=noted(CHANGING),
        status_code=200,
    )
    async def restore_patient(patient_id: FromPath[UUID], request: StrictRequest) -> Reply[PatientView]:
        version = expected_version(header(request, b"if-match"))
        return versioned(await patients.restore(RestorePatient(patient_id=patient_id, expected_version=version)))

    return [archive_patient, restore_patient]
