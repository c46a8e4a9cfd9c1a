"""The confidentiality label of a FHIR resource (HL7 v3 Confidentiality in meta.security): read, set and taken away.

Whoever labels a record wants it closed, so what is nearly a label counts as one: R or V in either case, of a system
that says it is about confidentiality in whatever spelling, that is its OID, or that is none at all.
"""

import re
from typing import Any, Final

from careplane.components.patient.record.document import Document

SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
RESTRICTED: Final = "R"

# The migration 0002 has the same two patterns: PostgreSQL must understand them alike.
_CLOSED: Final = re.compile(r"^[^A-Za-z0-9]*[RV][^A-Za-z0-9]*\Z", re.IGNORECASE | re.ASCII)
_SYSTEMS: Final = re.compile(
    r"^[^A-Za-z0-9]*\Z|confidentiality|(^|[^0-9.])2\.16\.840\.1\.113883\.5\.25([^0-9.]|\Z)", re.IGNORECASE | re.ASCII
)
_LABEL: Final = {"system": SYSTEM, "code": RESTRICTED, "display": "restricted"}


def is_confidential(document: Document) -> bool:
    """Tell whether a resource is labelled restricted or very restricted."""
    return any(_is_closed(coding) for coding in _security(document))


def labelled(document: Document, *, restricted: bool) -> Document:
    """Return the resource with a label if restricted and without one if not, changing nothing else of it."""
    if is_confidential(document) == restricted:
        return document
    security = [coding for coding in _security(document) if not _is_closed(coding)]
    security += [_LABEL] if restricted else []
    found = document.get("meta")
    meta = dict(found) if isinstance(found, dict) else {}
    meta.pop("security", None)
    if security:
        meta["security"] = security
    result = {name: value for name, value in document.items() if name != "meta"}
    return {**result, "meta": meta} if meta else result


def _security(document: Document) -> list[Any]:
    """Return the labels; one that stands alone, where FHIR wants a list, is heeded too."""
    meta = document.get("meta")
    found = meta.get("security") if isinstance(meta, dict) else None
    return list(found) if isinstance(found, list) else [] if found is None else [found]


def _is_closed(coding: Any) -> bool:  # noqa: ANN401 - whatever a document holds there
    if not isinstance(coding, dict):
        return False
    code, system = coding.get("code"), coding.get("system")
    if not isinstance(code, str) or not _CLOSED.search(code):
        return False
    return not isinstance(system, str) or _SYSTEMS.search(system) is not None
