"""What the route table, the interfaces and the table of roles say together: may this caller do this to that."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from tests.access.callers import Caller

from careplane.gateway.routes import Route
from careplane.kernel.contract import PUBLIC, Method

OPENS_ALL: Final = "patients:restricted"
BREAKS_GLASS: Final = "patients:break-glass"
RESTRICTS: Final = "patients:restrict"


class Stand(StrEnum):
    """How a caller stands to what they ask for."""

    NONE = "nothing of anybody's"
    SELF = "their own user"
    OTHER = "another user"
    OPEN = "a record that is not restricted"
    TEAM = "a restricted record, in its care team"
    STRANGER = "a restricted record, not in its care team"
    GRANTED = "a restricted record, opened by breaking the glass"
    ARCHIVED = "an archived record"


USERS: Final = (Stand.SELF, Stand.OTHER)
RECORDS: Final = (Stand.OPEN, Stand.TEAM, Stand.STRANGER, Stand.GRANTED, Stand.ARCHIVED)


class Verdict(StrEnum):
    """What becomes of a call."""

    UNAUTHENTICATED = "401"
    DENIED = "403"
    PASSES = "is let through"


def stands_of_route(route: Route) -> tuple[Stand, ...]:
    """Return the ways in which a caller can stand to what a route is about."""
    if route.component == "patient" and "{patient_id}" in route.path:
        return RECORDS
    return USERS if route.owner is not None else (Stand.NONE,)


def stands_of_method(method: Method) -> tuple[Stand, ...]:
    """Return the ways in which a caller can stand to what a method is about."""
    if method.record is not None:
        return RECORDS
    return USERS if method.owner is not None else (Stand.NONE,)


def verdict_on_route(route: Route, caller: Caller, stand: Stand) -> Verdict:
    """Return what must become of a request."""
    if not route.bearer:
        return Verdict.PASSES
    return _verdict(route.scopes, caller, stand)


def verdict_on_method(method: Method, caller: Caller, stand: Stand) -> Verdict:
    """Return what must become of a call to a component."""
    if method.scope == PUBLIC:
        return Verdict.PASSES
    return _verdict((method.scope,), caller, stand)


def _verdict(scopes: tuple[str, ...], caller: Caller, stand: Stand) -> Verdict:
    if not caller.signed_in:
        return Verdict.UNAUTHENTICATED
    if not caller.scopes.issuperset(scopes) and stand is not Stand.SELF:
        return Verdict.DENIED
    return Verdict.PASSES if _open(scopes, caller, stand) else Verdict.DENIED


def _open(scopes: tuple[str, ...], caller: Caller, stand: Stand) -> bool:
    """Tell whether the record, if it is about one, is open to a caller who has the scopes."""
    if OPENS_ALL in caller.scopes or BREAKS_GLASS in scopes:
        return True
    if stand is Stand.GRANTED:
        # An emergency opens a record while one may break the glass, and gives no say in who else may open it.
        return BREAKS_GLASS in caller.scopes and RESTRICTS not in scopes
    return stand is not Stand.STRANGER


def cells(stands: Iterator[tuple[Stand, ...]], callers: int) -> int:
    """Return how many cells a matrix has."""
    return sum(map(len, stands)) * callers
