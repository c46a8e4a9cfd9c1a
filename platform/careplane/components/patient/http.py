"""The patient component over HTTP: JSON in, messages to the registry, JSON out."""

from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from msgspec import UNSET, UnsetType

from careplane.components.patient.api import (
    LIMIT_MAX,
    SORTS,
    AmendPatient,
    ArchivePatient,
    Communication,
    ContactPoint,
    GetHistory,
    GetPatient,
    GetVersion,
    HumanName,
    Identifier,
    PatientAccount,
    PatientContact,
    PatientHistory,
    PatientLink,
    Patients,
    PatientView,
    PostalAddress,
    RegisterPatient,
    ReplacePatient,
    RestorePatient,
    SearchPatients,
)
from careplane.components.patient.examples import (
    ACCOUNT,
    AMENDING,
    ARCHIVING,
    CHANGING,
    FHIR,
    JSON,
    READING,
    REGISTERING,
    REPLACING,
    SHOWN,
    VERSIONS,
)
from careplane.kernel.message import Message
from careplane.web.bodies import Body, StrictRequest, header
from careplane.web.etags import etag, expected_version, not_modified
from careplane.web.notes import Notes, noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply

_TAGS: Final = ["Patients"]
_VARY: Final = (b"vary", b"accept")
_encode = msgspec.json.Encoder().encode

Text = str | UnsetType | None


class PatientBody(Body, frozen=True, kw_only=True):
    """A patient as callers write one: what is left out stays as it is, what is null or empty is cleared."""

    read_only: ClassVar[frozenset[str]] = frozenset(PatientView.__struct_encode_fields__) - {
        *RegisterPatient.__struct_encode_fields__
    }

    name: Text = UNSET
    email: Text = UNSET
    address: Text = UNSET
    date_of_birth: Text = UNSET
    registered_date: Text = UNSET
    gender: Text = UNSET
    phone: Text = UNSET
    identifiers: tuple[Identifier, ...] | UnsetType | None = UNSET
    names: tuple[HumanName, ...] | UnsetType | None = UNSET
    telecom: tuple[ContactPoint, ...] | UnsetType | None = UNSET
    addresses: tuple[PostalAddress, ...] | UnsetType | None = UNSET
    contacts: tuple[PatientContact, ...] | UnsetType | None = UNSET
    communication: tuple[Communication, ...] | UnsetType | None = UNSET
    links: tuple[PatientLink, ...] | UnsetType | None = UNSET
    deceased: bool | UnsetType | None = UNSET
    deceased_at: Text = UNSET
    marital_status: Text = UNSET

    def written(self) -> dict[str, Any]:
        """Return the fields that hold something."""
        return {n: v for n, v in msgspec.structs.asdict(self).items() if v is not UNSET and v is not None}

    def cleared(self) -> tuple[str, ...]:
        """Return the JSON names of the fields that were sent as null or empty."""
        names = zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
        return tuple(shown for name, shown in names if getattr(self, name) in (None, "", ()))


class PatientList(Message, frozen=True, kw_only=True):
    """A page of patients; `nextCursor` asks for the next one, and is null on the last."""

    patients: tuple[PatientView, ...]
    next_cursor: str | None


def endpoints(patients: Patients, web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""
    return [
        _register(patients, web),
        _search(patients, web),
        _get(patients),
        *_changes(patients),
        *_archive(patients),
        *_history(patients),
        _billing_account(patients),
    ]


def _register(patients: Patients, web: WebParts) -> HTTPRouteHandler:
    @post("/api/patients", summary="Register a patient", tags=_TAGS, opt=noted(REGISTERING))
    async def register_patient(data: JSONBody[PatientBody]) -> Reply[PatientView]:
        view = await patients.register(RegisterPatient(patient_id=web.new_id(), **data.written()))
        location = (b"location", f"/api/patients/{view.id}".encode())
        return Reply(view, status=201, headers=(location, (b"etag", etag(view.version))))

    return register_patient


def _search(patients: Patients, web: WebParts) -> HTTPRouteHandler:
    notes = Notes(answer={"patients": [SHOWN], "nextCursor": None})

    @get("/api/patients", summary="List and search patients", tags=_TAGS, opt=noted(notes))
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
        tags=_TAGS,
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
        headers = ((b"etag", etag(version)), _VARY)
        if not_modified(header(request, b"if-none-match"), version):
            view = None
            return Reply(view, status=304, headers=headers)
        return Reply(view, headers=headers, media=media)

    return get_patient


def _changes(patients: Patients) -> list[HTTPRouteHandler]:
    @put("/api/patients/{patient_id:str}", summary="Replace a patient", tags=_TAGS, opt=noted(REPLACING))
    async def replace_patient(
        patient_id: FromPath[UUID], data: JSONBody[PatientBody], request: StrictRequest
    ) -> Reply[PatientView]:
        version = expected_version(header(request, b"if-match"))
        change = ReplacePatient(
            patient_id=patient_id, expected_version=version, cleared=data.cleared(), **data.written()
        )
        return _changed(await patients.replace(change))

    @patch("/api/patients/{patient_id:str}", summary="Change a patient (RFC 7396)", tags=_TAGS, opt=noted(AMENDING))
    async def amend_patient(
        patient_id: FromPath[UUID], data: JSONBody[PatientBody], request: StrictRequest
    ) -> Reply[PatientView]:
        version = expected_version(header(request, b"if-match"))
        change = AmendPatient(patient_id=patient_id, patch=_encode(data).decode(), expected_version=version)
        return _changed(await patients.amend(change))

    return [replace_patient, amend_patient]


def _archive(patients: Patients) -> list[HTTPRouteHandler]:
    @delete(
        "/api/patients/{patient_id:str}",
        summary="Archive a patient",
        description="The record is put away, not destroyed; reading it is answered 410 until it is restored.",
        tags=_TAGS,
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
        tags=_TAGS,
        opt=noted(CHANGING),
        status_code=200,
    )
    async def restore_patient(patient_id: FromPath[UUID], request: StrictRequest) -> Reply[PatientView]:
        version = expected_version(header(request, b"if-match"))
        return _changed(await patients.restore(RestorePatient(patient_id=patient_id, expected_version=version)))

    return [archive_patient, restore_patient]


def _history(patients: Patients) -> list[HTTPRouteHandler]:
    @get(
        "/api/patients/{patient_id:str}/history",
        summary="List who changed a patient, and when",
        tags=_TAGS,
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
        tags=_TAGS,
        opt=noted(Notes(gives=("ETag",), answer=SHOWN)),
    )
    async def get_version(
        patient_id: FromPath[UUID], version: Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
    ) -> Reply[PatientView]:
        view = await patients.version(GetVersion(patient_id=patient_id, version=version))
        return Reply(view, headers=((b"etag", etag(view.version)),))

    return [list_versions, get_version]


def _billing_account(patients: Patients) -> HTTPRouteHandler:
    @get(
        "/api/patients/{patient_id:str}/billing-account",
        summary="Read a patient's account",
        tags=_TAGS,
        opt=noted(Notes(fails=(410,), answer=ACCOUNT)),
    )
    async def get_billing_account(patient_id: FromPath[UUID]) -> Reply[PatientAccount]:
        return Reply(await patients.billing_account(GetPatient(patient_id=patient_id)))

    return get_billing_account


def _changed(view: PatientView) -> Reply[PatientView]:
    return Reply(view, headers=((b"etag", etag(view.version)),))


def _wants_fhir(request: StrictRequest) -> bool:
    accept = header(request, b"accept")
    if accept is None or "fhir+json" not in accept:
        return False
    return request.accept.best_match(["application/json", FHIR]) == FHIR
