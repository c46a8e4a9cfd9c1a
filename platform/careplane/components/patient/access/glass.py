"""Breaking the glass: opening a restricted record in an emergency, for a reason, for a while, and never quietly."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from careplane.components.patient.access.access import is_open, reader_of
from careplane.components.patient.access.access_messages import (
    BreakGlass,
    BreakGlassByNumber,
    BrokenGlass,
    GlassGrant,
    GlassPage,
    ListBrokenGlass,
)
from careplane.components.patient.access.reasons import checked_reason
from careplane.components.patient.access.store_glass import GlassWrite
from careplane.components.patient.domain import Patient
from careplane.components.patient.queries import page_limit
from careplane.components.patient.settings import PatientSettings
from careplane.components.patient.store import PatientStore
from careplane.kernel.clock import Clock
from careplane.kernel.context import current
from careplane.kernel.contract import Method
from careplane.kernel.errors import FailedPrecondition, FieldError, InvalidArgument, NotFound
from careplane.kernel.ids import NewId
from careplane.kernel.message import Message
from careplane.storage.journal import entry_for

Alarm = Callable[[GlassGrant], None]
"""Is told of every grant, once it is durable."""

_NO_NUMBER: Final = "There is no record with this number. Check the wristband; the last digit guards against slips."
_NUMBER_MAX: Final = 20
_OPEN_ANYWAY: Final = "This record is open to you. Read it as any other: there is no glass to break."


class Glass:
    """Grants, and shows what was granted."""

    def __init__(
        self, store: PatientStore, clock: Clock, new_id: NewId, settings: PatientSettings, alarm: Alarm
    ) -> None:
        """Grant for as long as the settings say, and raise the `alarm` each time."""
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._lasting = timedelta(minutes=settings.break_glass_minutes)
        self._alarm = alarm

    async def break_by_number(self, method: Method, request: BreakGlassByNumber) -> BrokenGlass:
        """Open the record with that number."""
        reason, number = checked_reason(request.reason), _number(request.mrn)
        patient_id = await self._store.glass.patient_with(number)
        patient = await self._store.load(patient_id) if patient_id else None
        if patient is None:
            raise NotFound(_NO_NUMBER)
        return await self._break(method, request, patient, reason)

    async def break_by_id(self, method: Method, request: BreakGlass) -> BrokenGlass:
        """Open the record with that id."""
        reason = checked_reason(request.reason)
        patient = await self._store.load(request.patient_id)
        if patient is None:
            raise NotFound
        return await self._break(method, request, patient, reason)

    async def page(self, method: Method, request: ListBrokenGlass) -> GlassPage:
        """Return a page of the grants; that somebody looked is in the audit log before the answer goes out."""
        limit = page_limit(request.limit)
        grants = await self._store.glass.page(_before(request.after), limit + 1)
        shown = tuple(grants[:limit])
        await self._store.audit.note(method.path, detail={"grants": [str(grant.id) for grant in shown]})
        return GlassPage(grants=shown, next_after=str(shown[-1].id) if len(grants) > limit else None)

    async def _break(self, method: Method, request: Message, patient: Patient, reason: str) -> BrokenGlass:
        """Grant; a record that is open by an earlier grant gets a new one beside it, with its own reason and end."""
        if is_open(patient, reader_of(current().principal)):
            raise FailedPrecondition(_OPEN_ANYWAY)
        grant = self._grant(patient.id, reason)
        reply = BrokenGlass(patient_id=patient.id, until=grant.until)
        detail = {"until": grant.until}  # the reason stays in the table: it may say more than the log is for
        entry = entry_for(method, request, reply, subject=patient.id, detail=detail)
        applied = await self._store.glass.grant(GlassWrite(grant, patient.version, entry))
        if applied.reply is not None:
            return msgspec.msgpack.decode(applied.reply, type=BrokenGlass)
        self._alarm(grant)
        return reply

    def _grant(self, patient_id: UUID, reason: str) -> GlassGrant:
        now, context = self._clock.now(), current()
        return GlassGrant(
            id=self._new_id(),
            patient_id=patient_id,
            user_id=context.principal.id,
            reason=reason,
            granted_at=now,
            until=now + self._lasting,
            request_id=context.request_id,
        )


def _number(mrn: str) -> str:
    """Return the number as the registry writes it; raise InvalidArgument for what the database could not look for."""
    text = mrn.strip()
    if not text or not text.isascii() or not text.isprintable() or len(text) > _NUMBER_MAX:
        message = "is required: send the medical record number, such as 000000042-2"
        raise InvalidArgument(fields=(FieldError(field="mrn", message=message),))
    return text


def _before(after: str | None) -> UUID | None:
    if after is None:
        return None
    try:
        return UUID(after)
    except ValueError:
        message = "is not a cursor of this list; ask again without a cursor and follow nextCursor"
        raise InvalidArgument(fields=(FieldError(field="cursor", message=message),)) from None
