"""Writing: from the fields of the simple view into a document, losing nothing else that the document holds.

Writing what is read changes nothing. Where both are written, the lists (`names`, `telecom`, `addresses`) come first
and the simple field (`name`, `email`, `phone`, `address`) is then set on the one of the list that the view shows.
"""

from collections.abc import Collection
from typing import Any

from careplane.components.patient.messages import PatientFields
from careplane.components.patient.record.document import Document
from careplane.components.patient.record.elements import concept, write_list, write_primitive
from careplane.components.patient.record.reading import read_document
from careplane.components.patient.record.simple import (
    display_address,
    display_name,
    fields_of,
    primary_address,
    primary_name,
    primary_point,
)

LISTS = {
    "identifiers": "identifier",
    "names": "name",
    "telecom": "telecom",
    "addresses": "address",
    "contacts": "contact",
    "communication": "communication",
    "links": "link",
}
_NAME_PARTS = ("family", "given", "prefix", "suffix")
_ADDRESS_PARTS = ("line", "city", "district", "state", "postalCode", "country")
_GEOLOCATION = "http://hl7.org/fhir/StructureDefinition/geolocation"
_MARITAL_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"


def compose(fields: PatientFields, asserted: Collection[str], document: Document) -> Document:
    """Return `document` with the `asserted` ones of the `fields` written into it; the one handed in stays as it is."""
    result = dict(document)
    for field, key in LISTS.items():
        if field in asserted:
            write_list(result, key, getattr(fields, field))
    if "name" in asserted:
        _write_name(result, fields.name, keep_parts=result.get("name") != document.get("name"))
    for system, value in (("email", fields.email), ("phone", fields.phone)):
        if system in asserted:
            _write_point(result, system, value)
    if "address" in asserted:
        _write_address(result, fields.address, keep_parts=result.get("address") != document.get("address"))
    if "gender" in asserted:
        write_primitive(result, "gender", fields.gender)
    if "date_of_birth" in asserted:
        write_primitive(result, "birthDate", fields.date_of_birth)
    _write_deceased(result, fields, asserted)
    if "marital_status" in asserted:
        _write_marital_status(result, fields.marital_status)
    return result


def _write_name(document: Document, name: str, *, keep_parts: bool) -> None:
    """Set the text of the name shown; parts that the new text no longer contains would contradict it, and go."""
    shapes = tuple(n.shape() for n in read_document({"name": document.get("name", ())}).name)
    index = primary_name(shapes)
    if not name:
        return
    if index is None:
        document["name"] = [{"use": "official", "text": name}]
    elif display_name(shapes[index]) != name:
        _set_text(document, "name", index, name, () if keep_parts else _NAME_PARTS)


def _write_address(document: Document, address: str, *, keep_parts: bool) -> None:
    shapes = tuple(a.shape() for a in read_document({"address": document.get("address", ())}).address)
    index = primary_address(shapes)
    if not address:
        return
    if index is None:
        document["address"] = [{"text": address}]
    elif display_address(shapes[index]) != address:
        _set_text(document, "address", index, address, () if keep_parts else _ADDRESS_PARTS)
        if not keep_parts:
            _drop_geolocation(document["address"][index])


def _set_text(document: Document, key: str, index: int, text: str, parts: tuple[str, ...]) -> None:
    element = dict(document[key][index])
    write_primitive(element, "text", text)
    for part in parts:
        if part in element and not _contains(text, element[part]):
            del element[part]
            element.pop(f"_{part}", None)
    document[key] = [*document[key][:index], element, *document[key][index + 1 :]]


def _contains(text: str, part: str | list[str | None]) -> bool:
    """Tell whether every word of a part still stands in the text."""
    words = text.replace(",", " ").split()
    pieces = [part] if isinstance(part, str) else part
    return all(word in words for piece in pieces for word in (piece or "").replace(",", " ").split())


def _drop_geolocation(address: dict[str, Any]) -> None:
    """Take away the coordinates of the address that was: they would point at the wrong house."""
    kept = [e for e in address.get("extension", ()) if e.get("url") != _GEOLOCATION]
    if kept:
        address["extension"] = kept
    else:
        address.pop("extension", None)


def _write_point(document: Document, system: str, value: str | None) -> None:
    """Set the e-mail or phone shown; no value takes away all of them that are in use, so that none is shown."""
    raw: list[dict[str, Any]] = list(document.get("telecom", ()))
    shapes = tuple(t.shape() for t in read_document({"telecom": raw}).telecom)
    index = primary_point(shapes, system)
    if not value:
        raw = [r for r, s in zip(raw, shapes, strict=True) if s.system != system or s.use == "old" or not s.value]
    elif index is None:
        raw.append({"system": system, "value": value})
    elif shapes[index].value != value:
        raw[index] = dict(raw[index])
        write_primitive(raw[index], "value", value)
    if raw:
        document["telecom"] = raw
    else:
        document.pop("telecom", None)


def _write_deceased(document: Document, fields: PatientFields, asserted: Collection[str]) -> None:
    """Write deceasedDateTime or deceasedBoolean, of which FHIR allows one."""
    if "deceased" not in asserted and "deceased_at" not in asserted:
        return
    at, flag = document.get("deceasedDateTime"), document.get("deceasedBoolean")
    flag = True if at else flag
    if "deceased" in asserted:
        flag = fields.deceased
        at = at if flag else None
    if "deceased_at" in asserted:
        at = fields.deceased_at
    write_primitive(document, "deceasedDateTime", at)
    write_primitive(document, "deceasedBoolean", None if at else flag)


def _write_marital_status(document: Document, status: str | None) -> None:
    old = read_document({"maritalStatus": document["maritalStatus"]}) if "maritalStatus" in document else None
    if old and old.marital_status and old.marital_status.word == status:
        return
    if status:
        document["maritalStatus"] = concept(status, _MARITAL_SYSTEM)
    else:
        document.pop("maritalStatus", None)


def read_back(document: Document) -> PatientFields:
    """Return what a document says after writing."""
    return fields_of(read_document(document))
