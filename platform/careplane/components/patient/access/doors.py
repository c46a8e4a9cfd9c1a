"""The door of a record: every call on one comes through here, and is turned away, and noted so, where it is closed.

It is looked at before anything else: a record that is closed does not tell whether it is archived, or its version. One
thing passes it by: a command repeated under its idempotency key gets the answer that this same caller was given before,
as it was then (storage/idempotency.py), which tells nothing that was not told already.
"""

import msgspec

from careplane.components.patient.access.access import DENIED, Reader, closed, is_open, not_by_grant, reader_of
from careplane.components.patient.access.store_reads import Asked, Way
from careplane.components.patient.domain import Patient
from careplane.components.patient.search.store_conditions import EVERYTHING, Condition, on_team, visible_to
from careplane.components.patient.store import PatientStore
from careplane.kernel.clock import Clock
from careplane.kernel.context import current
from careplane.kernel.contract import Method
from careplane.kernel.errors import NotFound
from careplane.kernel.message import Message


class Entered(msgspec.Struct, frozen=True):
    """A record that is open to the caller; `by_grant` if only because of an emergency."""

    patient: Patient
    by_grant: bool


class Doors:
    """Lets callers to records, or turns them away."""

    def __init__(self, store: PatientStore, clock: Clock) -> None:
        """Take the registry's store, and the time by which emergencies end."""
        self._store = store
        self._clock = clock

    async def read(self, request: Message, method: Method) -> Patient:
        """Return the present version for a reading, which is in the audit log by then, as done or as denied."""
        reader = _reader()
        asked = Asked(getattr(request, method.record or ""), reader, self._clock.now())
        found = await self._store.read(asked, method)
        if found is None:
            raise NotFound
        if found.way is Way.CLOSED:
            raise closed(reader)
        return found.patient

    async def enter(self, request: Message, method: Method, *, grants: bool = True) -> Entered:
        """Return the present version for a change, which writes its own audit row; without `grants` none opens it."""
        patient = await self._store.load(getattr(request, method.record or ""))
        if patient is None:
            raise NotFound
        reader = _reader()
        if is_open(patient, reader):
            return Entered(patient, by_grant=False)
        granted = reader.breaks_glass and await self._store.glass.is_open(reader.id, patient.id, self._clock.now())
        if granted and grants:
            return Entered(patient, by_grant=True)
        await self._store.audit.note(method.path, subject=patient.id, detail=DENIED)
        raise not_by_grant() if granted else closed(reader)

    def visible(self) -> Condition | None:
        """Return what holds for the records that the caller may find, None for all of them."""
        reader = _reader()
        if reader.opens_all:
            return None
        if not reader.breaks_glass:
            return on_team(reader.member)
        return visible_to(reader.id, reader.member, self._clock.now())

    @staticmethod
    def portable() -> Condition:
        """Return what holds for the records that the caller may carry away, to which an emergency adds none."""
        reader = _reader()
        return EVERYTHING if reader.opens_all else on_team(reader.member)


def _reader() -> Reader:
    return reader_of(current().principal)
