"""Reading: from a record to the fields of the simple view, such as one name out of many in parts."""

from functools import lru_cache

from careplane.components.patient.messages import PatientFields
from careplane.components.patient.record.reading import Record, read
from careplane.components.patient.record.shapes import ContactPoint, HumanName, PostalAddress

NAME_USES = {"official": 0, "usual": 1, None: 2, "nickname": 3, "anonymous": 4, "temp": 5, "maiden": 8, "old": 9}
ADDRESS_USES = {"home": 0, None: 1, "work": 2, "temp": 3, "billing": 4, "old": 9}
_UNRANKED = 1_000_000


@lru_cache(maxsize=128)
def fields_in(document: str) -> PatientFields:
    """Return what a document says in each field; remembered, for its view, columns and event are made in one go."""
    return fields_of(read(document))


def fields_of(record: Record) -> PatientFields:
    """Return what a record says in each field of the view; what it does not say is empty."""
    names = tuple(n.shape() for n in record.name)
    telecom = tuple(t.shape() for t in record.telecom)
    addresses = tuple(a.shape() for a in record.address)
    name, address = primary_name(names), primary_address(addresses)
    email, phone = primary_point(telecom, "email"), primary_point(telecom, "phone")
    return PatientFields(
        name="" if name is None else display_name(names[name]),
        email="" if email is None else telecom[email].value or "",
        address="" if address is None else display_address(addresses[address]),
        date_of_birth=record.birth_date or "",
        gender=record.gender,
        phone=None if phone is None else telecom[phone].value,
        identifiers=tuple(i.shape() for i in record.identifier),
        names=names,
        telecom=telecom,
        addresses=addresses,
        contacts=tuple(c.shape() for c in record.contact),
        communication=tuple(c.shape() for c in record.communication),
        links=tuple(link.shape() for link in record.link),
        deceased=True if record.deceased_date_time else record.deceased_boolean,
        deceased_at=record.deceased_date_time,
        marital_status=record.marital_status.word if record.marital_status else None,
    )


def display_name(name: HumanName) -> str:
    """Return a name in one line: its text, or its parts in the order prefix, given, family, suffix."""
    if name.text and not name.text.isspace():
        return name.text
    parts = (*name.prefix, *name.given, name.family, *name.suffix)
    return " ".join(p for p in parts if p and not p.isspace())


def display_address(address: PostalAddress) -> str:
    """Return an address in one line: its text, or its parts from the street to the country."""
    if address.text and not address.text.isspace():
        return address.text
    region = " ".join(p for p in (address.state, address.postal_code) if p)
    parts = (*address.line, address.city, address.district, region, address.country)
    return ", ".join(p for p in parts if p and not p.isspace())


def primary_name(names: tuple[HumanName, ...]) -> int | None:
    """Return the index of the name that the simple view shows: the official one if there is one."""
    if len(names) <= 1:
        return 0 if names else None
    return min(range(len(names)), key=lambda i: (not display_name(names[i]), NAME_USES.get(names[i].use, 6)))


def primary_address(addresses: tuple[PostalAddress, ...]) -> int | None:
    """Return the index of the address that the simple view shows: the home if there is one."""
    if len(addresses) <= 1:
        return 0 if addresses else None
    return min(
        range(len(addresses)),
        key=lambda i: (not display_address(addresses[i]), ADDRESS_USES.get(addresses[i].use, 5)),
    )


def primary_point(telecom: tuple[ContactPoint, ...], system: str) -> int | None:
    """Return the index of the e-mail or phone that the simple view shows: the best ranked that is in use."""
    if len(telecom) == 1:
        only = telecom[0]
        return 0 if only.system == system and only.value and only.use != "old" else None
    current = [i for i, t in enumerate(telecom) if t.system == system and t.value and t.use != "old"]
    return min(current, key=lambda i: _UNRANKED if telecom[i].rank is None else telecom[i].rank or 0, default=None)
