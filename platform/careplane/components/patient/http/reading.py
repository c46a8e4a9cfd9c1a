"""Finding patients and reading one."""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from careplane.components.patient.api import LIMIT_MAX, SORTS, GetPatient, Patients, PatientView, SearchPatients
from careplane.components.patient.examples import FHIR, JSON, READING, SHOWN
from careplane.components.patient.http.parts import TAGS
from careplane.kernel.message import Message
from careplane.web.bodies import StrictRequest, header
from careplane.web.notes import Notes, noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply
from careplane.web.versioned import unless_known

_VARY: Final = (b"vary", b"accept")


class PatientList(Message, frozen=True, kw_only=True):
    """A page of patients; `nextCursor` asks for the next one, and is null on the last."""

    patients: tuple[PatientView, ...]
    next_cursor: str | None


def endpoints(patients: Patients, web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""
    return [_search(patients, web), _get(patients)]


def _search(patients: Patients, web: WebParts) -> HTTPRouteHandler:
    notes = Notes(answer={"patients": [SHOWN], "nextCursor": None})

    @get("/api/patients", summary="List and search patients", tags=TAGS, opt=noted(notes))
    async def search_patients(  # noqa: PLR0913, PLR0917 - a parameter each, as in the URL
        limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="How many patients a page holds.")] = 50,
        cursor: Annotated[str | None, QueryParameter(description="The nextCursor of the page before.")] = None,
        sort: Annotated[str | None, QueryParameter(description=f"One of {', '.join(SORTS)}.")] = None,
        name: Annotated[
            str | None, QueryParameter(description="Words of the name: any order, prefixes, a typo each.")
        ] = None,
        email: Annotated[str | None, QueryParameter(description="The e-mail address.")] = None,
        date_of_birth: Annotated[str | None, QueryParameter(name="dateOfBirth", description="YYYY-MM-DD.")] = None,
        identifier: Annotated[str | None, QueryParameter(description="value, or system|value.")] = None,
        q: Annotated[
            str | None, QueryParameter(description="Words of the name or a number, as in a search box.")
        ] = None,
        *,
        archived: Annotated[
            bool, QueryParameter(description="The archived patients instead of the active ones.")
        ] = False,
    ) -> Reply[PatientList]:
        search = (sort, name, email, date_of_birth, identifier, q, archived)
        request = SearchPatients(
            limit=limit,
            after=web.cursors.open(cursor, *search),
            sort=sort,
            name=name,
            email=email,
            date_of_birth=date_of_birth,
            identifier=identifier,
            q=q,
            archived=archived,
        )
        page = await patients.search(request)
        following = web.cursors.seal(page.next_after, *search)
        return Reply(PatientList(patients=page.patients, next_cursor=following))

    return search_patients


def _get(patients: Patients) -> HTTPRouteHandler:
    @get(
        "/api/patients/{patient_id:str}",
        summary="Read a patient",
        description=f"As {FHIR}, if Accept says so, it is the complete FHIR R4 resource.",
        tags=TAGS,
        opt=noted(READING),
        responses={304: ResponseSpec(None, description="The caller has this version already.")},
    )
    async def get_patient(patient_id: FromPath[UUID], request: StrictRequest) -> Reply[PatientView]:
        view: Any
        if _wants_fhir(request):
            document = await patients.document(GetPatient(patient_id=patient_id))
            version, view, media = document.version, document.document.encode(), FHIR.encode()
        else:
            found = await patients.get(GetPatient(patient_id=patient_id))
            version, view, media = found.version, found, JSON.encode()
        return unless_known(request, version, view, headers=(_VARY,), media=media)

    return get_patient


def _wants_fhir(request: StrictRequest) -> bool:
    accept = header(request, b"accept")
    if accept is None or "fhir+json" not in accept:
        return False
    return request.accept.best_match(["application/json", FHIR]) == FHIR
