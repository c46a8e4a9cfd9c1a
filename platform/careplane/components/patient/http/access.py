"""Who may open a patient's record."""

from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from litestar import get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from careplane.components.patient.api import CARE_TEAM_MAX, GetPatient, PatientAccess, Patients, RestrictPatient
from careplane.components.patient.examples import ACCESS, RESTRICTING
from careplane.components.patient.http.parts import TAGS
from careplane.web.bodies import Body, StrictRequest, header
from careplane.web.etags import expected_version
from careplane.web.notes import Notes, noted
from careplane.web.reply import Reply
from careplane.web.versioned import versioned


class AccessBody(Body, frozen=True, kw_only=True):
    """Who may open a record: while it is restricted, the users of the care team."""

    read_only: ClassVar[frozenset[str]] = frozenset({"version", "patientId"})

    restricted: bool
    care_team: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=CARE_TEAM_MAX)] = ()


def endpoints(patients: Patients) -> list[HTTPRouteHandler]:
    """Return the handlers."""

    @get(
        "/api/patients/{patient_id:str}/access",
        summary="Read who may open a patient's record",
        tags=TAGS,
        opt=noted(Notes(gives=("ETag",), answer=ACCESS)),
    )
    async def get_access(patient_id: FromPath[UUID]) -> Reply[PatientAccess]:
        return versioned(await patients.access(GetPatient(patient_id=patient_id)))

    @put(
        "/api/patients/{patient_id:str}/access",
        summary="Say who may open a patient's record",
        description="A restricted record is closed to all but its care team, and to those with patients:restricted.",
        tags=TAGS,
        opt=noted(RESTRICTING),
    )
    async def set_access(
        patient_id: FromPath[UUID], data: JSONBody[AccessBody], request: StrictRequest
    ) -> Reply[PatientAccess]:
        change = RestrictPatient(
            patient_id=patient_id,
            restricted=data.restricted,
            care_team=data.care_team,
            expected_version=expected_version(header(request, b"if-match")),
        )
        return versioned(await patients.restrict(change))

    return [get_access, set_access]
