"""What is said about the audit: every interface's query `audit_trail`, and the gateway's notes of whom it refused."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta

from careplane.kernel.message import Message

AUDIT_LIMIT_MAX: Final = 200
"""How many rows one page holds at most."""

AUDIT_TRAIL: Final = "audit_trail"
"""The name of the query in every interface."""


class ListAudit(Message, frozen=True, kw_only=True):
    """Ask for audit rows, newest first: those before the row that `before_at` and `before_id` name, if they do.

    `subject` is whom the rows are about, `caller` who did it, `action` what, each exactly; `since` is included and
    `until` is not.
    """

    limit: Annotated[int, Meta(ge=1, le=AUDIT_LIMIT_MAX)] = 50
    before_at: datetime | None = None
    before_id: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    subject: UUID | None = None
    caller: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditRow(Message, frozen=True, kw_only=True):
    """Who did what to whom; `outcome` is done unless `detail`, which is JSON, says otherwise."""

    id: int
    at: datetime
    component: str
    caller: str
    action: str
    subject: UUID | None
    request_id: str
    trace_id: str
    outcome: str
    detail: str | None


class AuditPage(Message, frozen=True, kw_only=True):
    """Audit rows, newest first, and whether there are more behind the last one."""

    rows: tuple[AuditRow, ...]
    more: bool = False


class NoteDenial(Message, frozen=True, kw_only=True):
    """Note that the gateway refused a signed-in caller for want of a scope, before any component was asked.

    `caller` is who was refused; `method` and `path` are those of the route, with the path's variables unfilled, and
    `subject` is the id that one of them held, if any did.
    """

    denial_id: UUID
    caller: str
    method: str
    path: str
    scope: str
    subject: UUID | None = None
