"""The registry's event log as others may read it: page by page, each page audited."""

from careplane.components.events import EVENTS_MAX, EventsPage, ReadEvents
from careplane.kernel.contract import Method
from careplane.kernel.errors import FieldError, InvalidArgument
from careplane.storage.audit import AuditLog
from careplane.storage.database import Database
from careplane.storage.event_log import BEGINNING, Position, read


class EventPages:
    """Reads the log for other components."""

    def __init__(self, database: Database, source: str, audit: AuditLog) -> None:
        """Read the outbox of the component `source`, and note in `audit` who did."""
        self._database = database
        self._source = source
        self._audit = audit

    async def page(self, request: ReadEvents, method: Method) -> EventsPage:
        """Return the page that was asked for; raise InvalidArgument where the request makes no sense."""
        if not 1 <= request.limit <= EVENTS_MAX:
            raise _invalid("limit", f"must be between 1 and {EVENTS_MAX}")
        after = _position(request.after)
        async with self._database.connection() as connection:
            delivery = await read(connection, self._source, after, request.limit)
        events = delivery.events if delivery else ()
        await self._audit.note(method.path, detail={"after": request.after, "events": len(events)})
        return EventsPage(
            events=events,
            position=delivery.position if delivery else request.after,
            more=len(events) == request.limit,
        )


def _position(text: str | None) -> Position:
    if text is None:
        return BEGINNING
    try:
        return Position.parse(text)
    except ValueError as error:
        raise _invalid("after", "must be the position of an earlier page") from error


def _invalid(field: str, message: str) -> InvalidArgument:
    return InvalidArgument(fields=(FieldError(field=field, message=message),))
