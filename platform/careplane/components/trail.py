"""The audit trail of a component: answered here for all of them, before the actor, which knows nothing of it."""

from datetime import UTC, datetime
from typing import Any, cast

from careplane.components.audit import AUDIT_LIMIT_MAX, AUDIT_TRAIL, AuditPage, AuditRow, ListAudit
from careplane.kernel.contract import Method
from careplane.kernel.errors import FieldError, InvalidArgument
from careplane.kernel.invoke import Answer, Invoke, Middleware
from careplane.kernel.message import Message
from careplane.storage.database import Database
from careplane.storage.trail import Trail, Wanted


def showing_trail(database: Database) -> Middleware:
    """Answer the query `audit_trail` from the audit in `database`."""
    trail = Trail(database)

    def middleware(inner: Invoke) -> Invoke:
        def invoke(method: Method, request: Message, /) -> Answer:
            if method.name != AUDIT_TRAIL:
                return inner(method, request)
            return _page(trail, method, cast("ListAudit", request))

        return invoke

    return middleware


async def _page(trail: Trail, method: Method, request: ListAudit) -> AuditPage:
    _check(request)
    before = None
    if request.before_at is not None and request.before_id is not None:
        before = (request.before_at, request.before_id)
    wanted = Wanted(
        limit=request.limit + 1,
        before=before,
        subject=request.subject,
        caller=request.caller,
        action=request.action,
        since=request.since,
        until=request.until,
    )
    found = await trail.read(method, wanted)
    rows = tuple(_row(method.component, row) for row in found[: request.limit])
    return AuditPage(rows=rows, more=len(found) > request.limit)


def _row(component: str, row: Any) -> AuditRow:  # noqa: ANN401 - a record
    return AuditRow(component=component, **row)


def _check(request: ListAudit) -> None:
    faults = {
        "limit": None if 1 <= request.limit <= AUDIT_LIMIT_MAX else f"must be from 1 to {AUDIT_LIMIT_MAX}",
        "beforeId": "must come with beforeAt" if (request.before_at is None) != (request.before_id is None) else None,
        "caller": _text_fault(request.caller),
        "action": _text_fault(request.action),
        **{name: _time_fault(getattr(request, name)) for name in ("before_at", "since", "until")},
    }
    fields = tuple(FieldError(field=field, message=message) for field, message in faults.items() if message)
    if fields:
        raise InvalidArgument(fields=fields)


def _text_fault(text: str | None) -> str | None:
    return "must not contain NUL characters" if text is not None and "\0" in text else None


def _time_fault(time: datetime | None) -> str | None:
    if time is None:
        return None
    if time.tzinfo is None:
        return "must say its time zone, as in 2025-01-15T09:30:00Z"
    try:
        time.astimezone(UTC)
    except OverflowError:
        return "must be an instant of the years 1 to 9999 in UTC"
    return None
