"""What somebody looks for: the filters and the order of one search, checked."""

from datetime import date
from enum import StrEnum

import msgspec

from careplane.kernel.errors import FieldError, InvalidArgument

MAX_LIMIT = 1000
MAX_TEXT = 200


class Column(StrEnum):
    """The closed table of what a listing can be sorted by: the API's name, and the column of `patients` behind it."""

    NAME = "name"
    REGISTERED = "registeredDate"
    BORN = "dateOfBirth"
    UPDATED = "updatedAt"


class Order(msgspec.Struct, frozen=True):
    """A column and a direction; patients without a value come last ascending and first descending."""

    column: Column = Column.NAME
    descending: bool = False


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """All that must hold for a patient to be found; without an order, names found are ranked by how well they fit."""

    name: str | None = None
    q: str | None = None
    email: str | None = None
    birth_date: date | None = None
    identifier: str | None = None
    archived: bool | None = False
    order: Order | None = None


def parse_order(text: str) -> Order:
    """Read 'name', '-name', 'name,desc' or 'name:desc'."""
    name, _, direction = text.strip().lstrip("-").replace(":", ",").partition(",")
    known = {column.value: column for column in Column}
    if name not in known or direction not in ("", "asc", "desc") or (text.strip().startswith("-") and direction):
        message = f"must be one of {', '.join(known)}, with ',asc' or ',desc' behind it if you like"
        raise InvalidArgument(fields=(FieldError("sort", message),))
    return Order(known[name], descending=text.strip().startswith("-") or direction == "desc")


def checked(filters: Filters, limit: int) -> Filters:
    """Return `filters` with blank texts as absent, or say which field cannot be looked for."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidArgument(fields=(FieldError("limit", f"must be from 1 to {MAX_LIMIT}"),))
    texts = {name: _text(name, getattr(filters, name)) for name in ("name", "q", "email", "identifier")}
    return msgspec.structs.replace(filters, **texts)


def _text(field: str, value: str | None) -> str | None:
    """Return `value` stripped, None if blank; what a database cannot hold is refused here."""
    if value is None or not value.strip():
        return None
    if len(value) > MAX_TEXT:
        raise InvalidArgument(fields=(FieldError(field, f"must be at most {MAX_TEXT} characters"),))
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidArgument(fields=(FieldError(field, "must be Unicode text without NUL and lone surrogates"),))
    return value.strip()
