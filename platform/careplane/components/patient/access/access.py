"""To whom a record is open: to everybody whose role lets them read, or, once restricted, to few.

A restricted record is open to the users of its care team, to holders of patients:restricted, and to whoever has opened
it in an emergency: until that ends, the record is restricted anew, or they may break the glass no more. To all others
it is closed in every way: reading, changing, history, search.
"""

from typing import Final
from uuid import UUID

import msgspec

from careplane.components.patient.access.access_messages import CARE_TEAM_MAX, RestrictPatient
from careplane.components.patient.domain import Patient
from careplane.kernel.errors import FieldError, InvalidArgument, PermissionDenied
from careplane.kernel.principal import Principal

OPENS_ALL: Final = "patients:restricted"
BREAKS_GLASS: Final = "patients:break-glass"

DENIED: Final = {"outcome": "denied", "reason": "restricted"}
"""The audit detail of a call on a record that is closed to the caller."""

UNDER_GRANT: Final = {"breakGlass": True}
"""The audit detail of a call on a record that is open to the caller because of an emergency."""

_CLOSED: Final = "This record is restricted to its care team. Ask somebody on the team, or an administrator."
_EMERGENCY: Final = (
    "This record is restricted to its care team. In an emergency, open it for a limited time: POST your reason to its "
    "break-glass path. That is reported and reviewed."
)
_NOT_BY_GRANT: Final = (
    "Who may open this record is for its care team or an administrator to say, not for who opened it in an emergency."
)
_OUT: Final = "must have you in it: without you the record would be closed to you"


class Reader(msgspec.Struct, frozen=True):
    """Who asks: `member` is their id as a care team holds it, None for one who cannot be on a team."""

    id: str
    member: UUID | None
    opens_all: bool
    breaks_glass: bool


def reader_of(principal: Principal) -> Reader:
    """Return the principal as the one who asks for a record."""
    return Reader(principal.id, _uuid(principal.id), principal.may(OPENS_ALL), principal.may(BREAKS_GLASS))


def is_open(patient: Patient, reader: Reader) -> bool:
    """Tell whether a record is open to the reader without an emergency."""
    return not patient.restricted or reader.opens_all or reader.member in patient.care_team


def closed(reader: Reader) -> PermissionDenied:
    """Return the error for a record that is closed, with the way in for those who have one."""
    return PermissionDenied(_EMERGENCY if reader.breaks_glass else _CLOSED)


def not_by_grant() -> PermissionDenied:
    """Return the error for what an emergency gives no right to."""
    return PermissionDenied(_NOT_BY_GRANT)


def check_restriction(request: RestrictPatient, reader: Reader) -> None:
    """Raise InvalidArgument for a team that is too large, or with which the caller would lock themselves out."""
    if len(request.care_team) > CARE_TEAM_MAX:
        raise _refused(f"must name at most {CARE_TEAM_MAX} users")
    if request.restricted and not reader.opens_all and reader.member not in request.care_team:
        raise _refused(_OUT)


def _refused(message: str) -> InvalidArgument:
    return InvalidArgument(fields=(FieldError(field="careTeam", message=message),))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
