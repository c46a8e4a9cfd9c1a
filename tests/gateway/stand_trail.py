"""An audit trail to stand behind the gateway in its tests: it answers from a list, as a component would."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from careplane.components.audit import AuditPage, AuditRow, ListAudit
from careplane.kernel.context import Context, current


class StandTrail:
    """One component's trail, which remembers what it was asked, and raises what `fault` holds."""

    def __init__(self, name: str, rows: Iterable[AuditRow] = ()) -> None:
        """Begin with these rows."""
        self.name = name
        self.rows = list(rows)
        self.asked: list[tuple[ListAudit, Context]] = []
        self.fault: Exception | None = None

    def add(self, id_: int, at: datetime, *, subject: UUID | None = None, detail: str | None = None) -> AuditRow:
        """Add a row, and return it."""
        row = AuditRow(
            id=id_,
            at=at,
            component=self.name,
            caller="user-1",
            action=f"{self.name}/get",
            subject=subject,
            request_id="r",
            trace_id="t",
            outcome="done",
            detail=detail,
        )
        self.rows.append(row)
        return row

    async def audit_trail(self, request: ListAudit, /) -> AuditPage:
        """Return a page, newest first."""
        self.asked.append((request, current()))
        if self.fault is not None:
            raise self.fault
        before = None if request.before_at is None else (request.before_at, request.before_id or 0)
        found = sorted(
            (
                row
                for row in self.rows
                if (before is None or (row.at, row.id) < before) and request.subject in {None, row.subject}
            ),
            key=lambda row: (row.at, row.id),
            reverse=True,
        )
        return AuditPage(rows=tuple(found[: request.limit]), more=len(found) > request.limit)
