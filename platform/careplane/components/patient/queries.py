"""From the interface's search request to the filters of the search, refusing what cannot be looked for."""

from careplane.components.patient.messages import LIMIT_MAX, SearchPatients
from careplane.components.patient.record.dates import whole
from careplane.components.patient.record.validation import check_search
from careplane.components.patient.search.filters import Filters, parse_order
from careplane.kernel.errors import FieldError, InvalidArgument


def page_limit(limit: int) -> int:
    """Return `limit` if a page can have that many rows."""
    if not 1 <= limit <= LIMIT_MAX:
        raise InvalidArgument(fields=(FieldError(field="limit", message=f"must be from 1 to {LIMIT_MAX}"),))
    return limit


def filters_of(request: SearchPatients) -> Filters:
    """Return the filters of a search request; raise InvalidArgument with every field at fault."""
    faults = check_search(request)
    if faults:
        raise InvalidArgument(fields=faults)
    return Filters(
        name=request.name,
        q=request.q,
        email=request.email,
        birth_date=whole(request.date_of_birth) if request.date_of_birth else None,
        identifier=request.identifier,
        archived=request.archived,
        order=parse_order(request.sort) if request.sort else None,
    )
