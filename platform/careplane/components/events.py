"""The events that flow back up: their types stand below the component that tells and the ones that listen."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from careplane.kernel.message import Message

PATIENT_STREAM: Final = "patient"
"""The stream in which the registry tells of its patients."""

PATIENT_CHANGED: Final = "patient.changed"
"""The type of every event of the registry; its body is a `PatientEventBody`."""


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
