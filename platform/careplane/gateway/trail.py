"""The audit trail over HTTP: what every component has noted, merged, newest first."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from careplane.components.audit import AUDIT_LIMIT_MAX, AuditPage, AuditRow, ListAudit
from careplane.kernel.errors import DeadlineExceeded, FieldError, InvalidArgument, Unavailable, Unimplemented
from careplane.kernel.message import Message
from careplane.web.notes import Notes, noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply

_TAGS: Final = ["Audit"]
_ENTRY: Final = {
    "id": 4711,
    "at": "2025-01-15T09:30:00.123456Z",
    "component": "patient",
    "caller": "01890a5d-0000-7000-8000-000000000001",
    "action": "patient/get",
    "subject": "01890a5d-ac96-774b-bcce-b302099a8057",
    "requestId": "01890a5d-bbbb-7000-8000-000000000001",
    "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
    "outcome": "done",
    "detail": None,
}
_NOTES: Final = noted(Notes(answer={"entries": [_ENTRY], "nextCursor": None}))

_LAST_ID: Final = 2**63 - 1

Instant = Annotated[datetime, msgspec.Meta(tz=True)]

Limit = Annotated[int, QueryParameter(ge=1, le=AUDIT_LIMIT_MAX, description="How many entries a page holds.")]
Cursor = Annotated[str | None, QueryParameter(description="The nextCursor of the page before.")]
Caller = Annotated[str | None, QueryParameter(description="Who did it: a user's id, or a name as component:patient.")]
Action = Annotated[str | None, QueryParameter(description="What was done, such as patient/get.")]
Since = Annotated[
    str | None, QueryParameter(name="from", description="Entries from then on: an instant, as 2025-01-15T09:30:00Z.")
]
Until = Annotated[
    str | None, QueryParameter(name="to", description="Entries before it: an instant, as 2025-01-15T09:30:00Z.")
]


class AuditTrail(Protocol):
    """A component, as far as the trail is concerned."""

    async def audit_trail(self, request: ListAudit, /) -> AuditPage:
        """Return a page of its audit."""
        ...


class AuditEntry(Message, frozen=True, kw_only=True):
    """Who did what to whom, and what came of it: done, denied, refused or signed in."""

    id: int
    at: datetime
    component: str
    caller: str
    action: str
    subject: UUID | None
    request_id: str
    trace_id: str
    outcome: str
    detail: dict[str, Any] | None


class AuditEntries(Message, frozen=True, kw_only=True):
    """A page of the audit; `nextCursor` asks for the next one, and is null on the last."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: the last entry shown. Entries of one instant are in the order of component and id."""

    at: datetime
    component: str
    id: int


def endpoints(trails: Mapping[str, AuditTrail], web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers; `trails` are all the components, by name."""
    return [_everything(trails, web), _of_patient(trails, web)]


def _everything(trails: Mapping[str, AuditTrail], web: WebParts) -> HTTPRouteHandler:
    @get(
        "/api/audit",
        summary="Who did what: reads, changes, denials and sign-ins",
        description="Of all components, newest first. That somebody reads the audit is in the audit too.",
        tags=_TAGS,
        opt=_NOTES,
    )
    async def list_audit(
        limit: Limit = 50,
        cursor: Cursor = None,
        subject: Annotated[UUID | None, QueryParameter(description="Whom it is about: a patient or a user.")] = None,
        caller: Caller = None,
        action: Action = None,
        since: Since = None,
        until: Until = None,
    ) -> Reply[AuditEntries]:
        first, end = _instants(since, until)
        asked = ListAudit(limit=limit, subject=subject, caller=caller, action=action, since=first, until=end)
        return Reply(await _page(trails, web, asked, cursor))

    return list_audit


def _of_patient(trails: Mapping[str, AuditTrail], web: WebParts) -> HTTPRouteHandler:
    @get(
        "/api/patients/{patient_id:str}/audit",
        summary="Who did what with a patient's record",
        description="In all components, newest first. An archived record, and one never made, has its trail too.",
        tags=_TAGS,
        opt=_NOTES,
    )
    async def list_patient_audit(
        patient_id: FromPath[UUID],
        limit: Limit = 50,
        cursor: Cursor = None,
        caller: Caller = None,
        action: Action = None,
        since: Since = None,
        until: Until = None,
    ) -> Reply[AuditEntries]:
        first, end = _instants(since, until)
        asked = ListAudit(limit=limit, subject=patient_id, caller=caller, action=action, since=first, until=end)
        return Reply(await _page(trails, web, asked, cursor))

    return list_patient_audit


def _instants(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Read both instants (RFC 3339, with their offset); raise InvalidArgument naming those that are none."""
    faults: list[FieldError] = []
    read = (_instant("from", since, faults), _instant("to", until, faults))
    if faults:
        raise InvalidArgument(fields=tuple(faults))
    return read


def _instant(name: str, text: str | None, faults: list[FieldError]) -> datetime | None:
    try:
        return None if text is None else msgspec.convert(text, Instant)
    except msgspec.ValidationError:
        message = "must be an instant with its offset, as 2025-01-15T09:30:00Z (write + as %2B)"
        faults.append(FieldError(field=name, message=message))
        return None


async def _page(trails: Mapping[str, AuditTrail], web: WebParts, asked: ListAudit, cursor: str | None) -> AuditEntries:
    """Ask every component for a page, and take the newest of all of them."""
    search = ("audit", asked.subject, asked.caller, asked.action, asked.since, asked.until)
    inner = web.cursors.open(cursor, *search)
    place = None if inner is None else msgspec.json.decode(inner, type=Place)
    pages = await asyncio.gather(*(_ask(name, trail, _before(asked, place, name)) for name, trail in trails.items()))
    rows = sorted((row for page in pages for row in page.rows), key=_order, reverse=True)
    shown = rows[: asked.limit]
    following = None
    if shown and (len(rows) > len(shown) or any(page.more for page in pages)):
        following = msgspec.json.encode(Place(*_order(shown[-1]))).decode()
    return AuditEntries(entries=tuple(map(_entry, shown)), next_cursor=web.cursors.seal(following, *search))


async def _ask(name: str, trail: AuditTrail, asked: ListAudit) -> AuditPage:
    """Return a component's page; Unavailable, whatever keeps it away, for the answer would have a gap unseen."""
    try:
        return await trail.audit_trail(asked)
    except (Unavailable, Unimplemented, DeadlineExceeded) as error:
        detail = f"The audit of {name!r} cannot be read now, and the answer would be incomplete. Ask again."
        raise Unavailable(detail, meta={"component": name, "code": error.code}, retry_after=1.0) from error


def _order(row: AuditRow) -> tuple[datetime, str, int]:
    return row.at, row.component, row.id


def _before(asked: ListAudit, place: Place | None, component: str) -> ListAudit:
    """Ask a component for what comes after the place: where the instant is the same, its name decides, then the id."""
    if place is None:
        return asked
    id_ = place.id if component == place.component else _LAST_ID if component < place.component else 0
    return msgspec.structs.replace(asked, before_at=place.at, before_id=id_)


def _entry(row: AuditRow) -> AuditEntry:
    values = {name: getattr(row, name) for name in AuditEntry.__struct_fields__}
    detail = None if row.detail is None else msgspec.json.decode(row.detail)
    return AuditEntry(**{**values, "detail": detail})
