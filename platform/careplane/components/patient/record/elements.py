"""Writing of FHIR elements: a list of shapes into a document's array, keeping of each element what the view omits."""

from collections.abc import Callable
from typing import Any

import msgspec

from careplane.components.patient.record.document import Document
from careplane.components.patient.record.reading import read_document
from careplane.kernel.message import Message

Element = dict[str, Any]

_CODE_LENGTH_MAX = 8
_TYPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-0203"
_RELATIONSHIP_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-0131"
_LANGUAGE_SYSTEM = "urn:ietf:bcp:47"

# What tells that an element is the one from before with a detail changed.
_KEYS: dict[str, tuple[str, ...]] = {
    "identifier": ("system", "value"),
    "name": ("use",),
    "telecom": ("system", "value"),
    "address": ("use", "type"),
    "contact": ("relationship", "name"),
    "communication": ("language",),
    "link": ("other",),
}


def write_list(document: Document, key: str, shapes: tuple[Message, ...]) -> None:
    """Make the array `key` read as `shapes`; an element that reads as before stays as it is, extensions and all."""
    old = list(zip(document.get(key, ()), _shapes(document, key), strict=True))
    if tuple(shape for _, shape in old) == shapes:
        return
    found = [_take(old, lambda s, new=new: s == new) for new in shapes]  # type: ignore[misc]
    elements = []
    for new, same in zip(shapes, found, strict=True):
        source = same or _take(old, lambda s, new=new: _alike(key, s, new))  # type: ignore[misc]
        elements.append(_overlay(key, source, new))
    if elements:
        document[key] = elements
    else:
        document.pop(key, None)
    document.pop(f"_{key}", None)


def write_primitive(element: Element, key: str, value: object) -> None:
    """Set or remove a primitive; an extension beside it describes the old value, and goes when that changes."""
    value = None if value == "" else value
    if element.get(key) == value:
        return
    element.pop(f"_{key}", None)
    if value is None:
        del element[key]
    else:
        element[key] = value


def concept(word: str, system: str) -> Element:
    """Return the CodeableConcept of a code, or of words where it does not look like a code."""
    is_code = len(word) <= _CODE_LENGTH_MAX and word.isascii() and word.isupper() and word.isalnum()
    return {"coding": [{"system": system, "code": word}]} if is_code else {"text": word}


def _shapes(document: Document, key: str) -> tuple[Message, ...]:
    read = getattr(read_document({key: document.get(key, ())}), key)
    return tuple(r.shape() for r in read)


def _take(old: list[tuple[Element, Message]], fits: Callable[[Message], bool]) -> tuple[Element, Message] | None:
    index = next((i for i, (_, shape) in enumerate(old) if fits(shape)), None)
    return None if index is None else old.pop(index)


def _alike(key: str, old: Message, new: Message) -> bool:
    return all(getattr(old, k) == getattr(new, k) for k in _KEYS[key])


def _overlay(key: str, source: tuple[Element, Message] | None, new: Message) -> Element:
    """Return the source element with only those fields changed that read differently."""
    target = _element(key, new)
    if source is None:
        return target
    element, before = dict(source[0]), _element(key, source[1])
    for field in before.keys() | target.keys():
        if before.get(field) != target.get(field):
            write_primitive(element, field, target.get(field))
    return element


def _element(key: str, shape: Message) -> Element:
    """Return a shape as the FHIR element it stands for."""
    element: Element = msgspec.json.decode(msgspec.json.encode(shape))
    element = {k: v for k, v in element.items() if v is not None}
    if key == "identifier" and element.get("type"):
        element["type"] = concept(element["type"], _TYPE_SYSTEM)
    elif key == "contact" and element.get("relationship"):
        element["relationship"] = [concept(r, _RELATIONSHIP_SYSTEM) for r in element["relationship"]]
    elif key == "communication" and element.get("language"):
        element["language"] = {"coding": [{"system": _LANGUAGE_SYSTEM, "code": element["language"]}]}
    elif key == "link" and element.get("other"):
        element["other"] = {"reference": element["other"]}
    return element
