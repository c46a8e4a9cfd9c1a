"""The search columns of a record: what the registry sorts by, finds by and counts by, read out of the document."""

from datetime import date

from careplane.components.patient.messages import PatientFields
from careplane.components.patient.record.dates import first_day
from careplane.components.patient.record.shapes import Identifier
from careplane.components.patient.record.simple import primary_address
from careplane.components.patient.record.validation import EMAIL_MAX
from careplane.components.patient.search.words import mail_key, phone_key, sort_key
from careplane.kernel.message import Message

_AREA_PART_MAX = 40


class Columns(Message, frozen=True, kw_only=True):
    """What is searched: `birth_date` is the first day of a partial date, `postal_area` is for events only."""

    name: str
    name_key: str
    email: str | None
    birth_date: date | None
    identifiers: tuple[str, ...]
    gender: str | None
    phone: str | None
    postal_area: str | None


def columns_of(fields: PatientFields) -> Columns:
    """Return the search columns of a record's fields."""
    return Columns(
        name=fields.name,
        name_key=sort_key(fields.name),
        email=_email_key(fields.email),
        birth_date=first_day(fields.date_of_birth),
        identifiers=_identifier_keys(fields.identifiers),
        gender=fields.gender,
        phone=phone_key(fields.phone) if fields.phone else None,
        postal_area=postal_area(fields),
    )


def postal_area(fields: PatientFields) -> str | None:
    """Return country and the first three of the postal code, or the state ("US-019"); None where neither is known."""
    index = primary_address(fields.addresses)
    if index is None:
        return None
    address = fields.addresses[index]
    code = (address.postal_code or "").replace(" ", "")[:3].upper()
    parts = (address.country, code or address.state)
    return "-".join(p.strip()[:_AREA_PART_MAX] for p in parts if p and not p.isspace()) or None


def _email_key(email: str) -> str | None:
    """Return the address as it is compared; what is too long to be one is kept in the record, and not looked for."""
    return mail_key(email) or None if len(email.strip()) <= EMAIL_MAX else None


def _identifier_keys(identifiers: tuple[Identifier, ...]) -> tuple[str, ...]:
    """Return each identifier as "system|value" and as "value", each once, in order."""
    keys = [key for i in identifiers if i.value for key in (f"{i.system}|{i.value}" if i.system else i.value, i.value)]
    return tuple(dict.fromkeys(keys))
