"""Breaking the glass: opening a restricted record in an emergency, and reviewing when that was done."""

from typing import Annotated, Final
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from careplane.components.patient.api import (
    LIMIT_MAX,
    BreakGlass,
    BreakGlassByNumber,
    BrokenGlass,
    GlassGrant,
    ListBrokenGlass,
    Patients,
)
from careplane.components.patient.examples import BREAKING, BREAKING_BY_NUMBER, GRANT
from careplane.components.patient.http.parts import TAGS
from careplane.kernel.message import Message
from careplane.web.bodies import Body
from careplane.web.notes import Notes, noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply

_LIST: Final = "break-glass"


class ReasonBody(Body, frozen=True, kw_only=True):
    """Why a record is needed now."""

    reason: str


class NumberBody(Body, frozen=True, kw_only=True):
    """Whose record is needed now, and why."""

    mrn: str
    reason: str


class GlassList(Message, frozen=True, kw_only=True):
    """A page of emergency openings; `nextCursor` asks for the next one, and is null on the last."""

    grants: tuple[GlassGrant, ...]
    next_cursor: str | None


def endpoints(patients: Patients, web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""
    return [*_breaking(patients), _reviewing(patients, web)]


def _breaking(patients: Patients) -> list[HTTPRouteHandler]:
    @post(
        "/api/patients/{patient_id:str}/break-glass",
        summary="Open a restricted record in an emergency",
        description="It is open to the caller for a while. That is reported at once, and reviewed with the reason.",
        tags=TAGS,
        opt=noted(BREAKING),
    )
    async def break_glass(patient_id: FromPath[UUID], data: JSONBody[ReasonBody]) -> Reply[BrokenGlass]:
        return Reply(await patients.break_glass(BreakGlass(patient_id=patient_id, reason=data.reason)), status=201)

    @post(
        "/api/break-glass",
        summary="Open a restricted record in an emergency, by its number",
        description="For who has only the wristband: the answer says whose record it is, and until when it is open.",
        tags=TAGS,
        opt=noted(BREAKING_BY_NUMBER),
    )
    async def break_glass_by_number(data: JSONBody[NumberBody]) -> Reply[BrokenGlass]:
        request = BreakGlassByNumber(mrn=data.mrn, reason=data.reason)
        return Reply(await patients.break_glass_by_number(request), status=201)

    return [break_glass, break_glass_by_number]


def _reviewing(patients: Patients, web: WebParts) -> HTTPRouteHandler:
    @get(
        "/api/break-glass",
        summary="List when restricted records were opened in an emergency, newest first",
        tags=TAGS,
        opt=noted(Notes(answer={"grants": [GRANT], "nextCursor": None})),
    )
    async def list_broken_glass(
        limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="How many a page holds.")] = 50,
        cursor: Annotated[str | None, QueryParameter(description="The nextCursor of the page before.")] = None,
    ) -> Reply[GlassList]:
        page = await patients.broken_glass(ListBrokenGlass(limit=limit, after=web.cursors.open(cursor, _LIST)))
        return Reply(GlassList(grants=page.grants, next_cursor=web.cursors.seal(page.next_after, _LIST)))

    return list_broken_glass
