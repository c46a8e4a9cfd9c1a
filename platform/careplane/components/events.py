"""The events that flow back up: their types stand below the component that tells and the ones that listen."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from careplane.kernel.events import Event
from careplane.kernel.message import Message

PATIENT_STREAM: Final = "patient"
"""The stream in which the registry tells of its patients."""

PATIENT_CHANGED: Final = "patient.changed"
"""The type of every event of the registry; its body is a `PatientEventBody`."""

EVENTS_MAX: Final = 1000
"""How many events of a log can be read at a time."""


class PatientEventBody(Message, frozen=True, kw_only=True):
    """One change of one patient: `change` is registered, replaced, amended, archived, restored or imported."""

    patient_id: UUID
    version: int
    at: datetime
    change: str
    birth_year: int | None
    gender: str | None
    postal_area: str | None
    registered_date: date
    archived: bool


class NamedPatientEventBody(PatientEventBody, frozen=True, kw_only=True):
    """The same with whom it is about, for listeners that need it and may: only where a setting asks for it."""

    name: str | None = None
    email: str | None = None


class ReadEvents(Message, frozen=True, kw_only=True):
    """Ask for the events of a component's log after a position (None: from the beginning), at most `limit`."""

    after: str | None = None
    limit: int = EVENTS_MAX


class EventsPage(Message, frozen=True, kw_only=True):
    """Events in the order of the log, and the position that they reach: that which was asked for where there are none.

    With `more` there may be others right behind them.
    """

    events: tuple[Event, ...]
    position: str | None
    more: bool
