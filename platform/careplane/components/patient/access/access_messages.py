"""The requests and replies about who may open a record; import them from `api`, which is all that others may know."""

from datetime import datetime
from uuid import UUID

from careplane.kernel.message import Message

CARE_TEAM_MAX = 200
REASON_MIN = 10
REASON_MAX = 500


class RestrictPatient(Message, frozen=True, kw_only=True):
    """Say who may open a record: the users of `care_team` if `restricted`, everybody with the scope if not."""

    patient_id: UUID
    restricted: bool
    care_team: tuple[UUID, ...] = ()
    expected_version: int | None = None


class PatientAccess(Message, frozen=True, kw_only=True):
    """Who may open a record at this version of it."""

    patient_id: UUID
    restricted: bool
    care_team: tuple[UUID, ...]
    version: int


class BreakGlass(Message, frozen=True, kw_only=True):
    """Open a restricted record in an emergency, for a reason of 10 to 500 characters."""

    patient_id: UUID
    reason: str = ""


class BreakGlassByNumber(Message, frozen=True, kw_only=True):
    """Likewise, by the medical record number: for who has only the wristband."""

    mrn: str = ""
    reason: str = ""


class BrokenGlass(Message, frozen=True, kw_only=True):
    """Until when the record is open to the caller."""

    patient_id: UUID
    until: datetime


class ListBrokenGlass(Message, frozen=True, kw_only=True):
    """Ask for a page of the emergency openings, newest first; `after` is a `next_after` given before."""

    limit: int = 50
    after: str | None = None


class GlassGrant(Message, frozen=True, kw_only=True):
    """One emergency opening: who opened whose record, why, and until when."""

    id: UUID
    patient_id: UUID
    user_id: str
    reason: str
    granted_at: datetime
    until: datetime
    request_id: str


class GlassPage(Message, frozen=True, kw_only=True):
    """A page of emergency openings; `next_after` is None on the last one."""

    grants: tuple[GlassGrant, ...] = ()
    next_after: str | None = None
