"""What reading a file to import yields: records, each with the identifiers it is known again by, and rejections."""

import hashlib
from collections.abc import Iterable

from careplane.components.patient.record.reading import IdentifierRead
from careplane.kernel.message import Message

LINE_BYTES_MAX = 1 << 20
SOURCE_SYSTEM = "urn:careplane:source"
ROW_SYSTEM = "urn:careplane:row"
NUMBER_SYSTEM = "urn:careplane:mrn"
DOCUMENT_SYSTEM = "urn:careplane:document"

# Numbers of the person, not of the record: mistyped, shared and made up ("999-99-9999") in every real data set, so a
# record is not taken for known because of them unless it has no other identifier.
_PERSONAL_TYPES = frozenset({"SS", "DL", "PPN", "TAX"})
_PERSONAL_SYSTEMS = frozenset({"http://hl7.org/fhir/sid/us-ssn"})


class SourceRecord(Message, frozen=True, kw_only=True):
    """A record as found: its FHIR JSON text, and the "system|value" identifiers that a second import knows it by."""

    line: int
    document: str
    sources: tuple[str, ...]
    registered_date: str | None = None


class Rejection(Message, frozen=True, kw_only=True):
    """A line that cannot be read, with a reason free of personal data."""

    line: int
    reason: str


def sources_of(identifiers: Iterable[IdentifierRead], resource_id: str | None, document: str) -> tuple[str, ...]:
    """Return the source identifiers of a FHIR resource: its own, else its id, else a digest of the whole."""
    named = [i for i in identifiers if i.system and i.value]
    records = [i for i in named if not _is_personal(i)] or named
    if records:
        return tuple(dict.fromkeys(f"{i.system}|{i.value}" for i in records))
    if resource_id:
        return (f"{SOURCE_SYSTEM}|{resource_id}",)
    return (f"{DOCUMENT_SYSTEM}|{digest(document)}",)


def digest(*texts: str) -> str:
    """Return a digest that is the same for the same texts, whenever and wherever it is made."""
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()


def _is_personal(identifier: IdentifierRead) -> bool:
    return identifier.system in _PERSONAL_SYSTEMS or (
        identifier.type is not None and identifier.type.word in _PERSONAL_TYPES
    )
