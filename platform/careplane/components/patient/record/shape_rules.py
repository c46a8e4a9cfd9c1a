"""What the FHIR shapes may hold: FHIR's codes, bounds on every text and list, no element that says nothing."""

import re
from collections.abc import Iterator

from careplane.components.patient.record.dates import instant_day
from careplane.components.patient.record.shapes import (
    Communication,
    ContactPoint,
    HumanName,
    Identifier,
    PatientContact,
    PatientLink,
    Period,
    PostalAddress,
)
from careplane.components.patient.record.simple import display_address, display_name
from careplane.kernel.errors import FieldError
from careplane.kernel.message import Message

GENDERS = frozenset({"male", "female", "other", "unknown"})
LIST_MAX = 50
INNER_LIST_MAX = 20
TEXT_MAX = 500
IDENTIFIER_VALUE_MAX = 200
IDENTIFIER_SYSTEM_MAX = 300

_NAME_USE = frozenset({"usual", "official", "temp", "nickname", "anonymous", "old", "maiden"})
_CODES: dict[tuple[type[Message], str], frozenset[str]] = {
    (HumanName, "use"): _NAME_USE,
    (Identifier, "use"): frozenset({"usual", "official", "temp", "secondary", "old"}),
    (ContactPoint, "system"): frozenset({"phone", "fax", "email", "pager", "url", "sms", "other"}),
    (ContactPoint, "use"): frozenset({"home", "work", "temp", "old", "mobile"}),
    (PostalAddress, "use"): frozenset({"home", "work", "temp", "old", "billing"}),
    (PostalAddress, "type"): frozenset({"postal", "physical", "both"}),
    (PatientContact, "gender"): GENDERS,
    (PatientLink, "type"): frozenset({"replaced-by", "replaces", "refer", "seealso"}),
}
_REQUIRED: dict[type[Message], tuple[str, ...]] = {
    Identifier: ("value",),
    ContactPoint: ("system", "value"),
    Communication: ("language",),
    PatientLink: ("other", "type"),
}
_BOUNDS: dict[tuple[type[Message], str], int] = {
    (Identifier, "value"): IDENTIFIER_VALUE_MAX,
    (Identifier, "system"): IDENTIFIER_SYSTEM_MAX,
}
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)


def check_shapes(field: str, shapes: tuple[Message, ...]) -> tuple[FieldError, ...]:
    """Return what is wrong with one of the lists of a patient."""
    if len(shapes) > LIST_MAX:
        return (FieldError(field=field, message=f"must have at most {LIST_MAX} elements"),)
    faults = [fault for i, shape in enumerate(shapes) for fault in _check(shape, f"{field}[{i}]")]
    if field == "identifiers":
        faults.extend(_repeated(shapes))
    return tuple(faults)


def _repeated(identifiers: tuple[Message, ...]) -> Iterator[FieldError]:
    seen: set[tuple[str | None, str | None]] = set()
    for index, identifier in enumerate(identifiers):
        if isinstance(identifier, Identifier):
            pair = (identifier.system, identifier.value)
            if pair in seen:
                yield FieldError(field=f"identifiers[{index}]", message="repeats another identifier: send each once")
            seen.add(pair)


def _check(shape: Message, path: str) -> Iterator[FieldError]:
    kind = type(shape)
    missing = [f for f in _REQUIRED.get(kind, ()) if getattr(shape, f) is None]
    yield from (FieldError(field=f"{path}.{f}", message="is required") for f in missing)
    if not missing and _says_nothing(shape):
        yield FieldError(field=path, message="must not be empty: leave it out instead")
    for name, json_name in zip(shape.__struct_fields__, shape.__struct_encode_fields__, strict=True):
        value, place = getattr(shape, name), f"{path}.{json_name}"
        if isinstance(value, tuple):
            yield from _check_inner(shape, name, value, place)
        else:
            yield from _check_value(shape, name, value, place)


def _check_inner(shape: Message, name: str, values: tuple[object, ...], place: str) -> Iterator[FieldError]:
    if len(values) > INNER_LIST_MAX:
        yield FieldError(field=place, message=f"must have at most {INNER_LIST_MAX} elements")
        return
    for index, value in enumerate(values):
        yield from _check_value(shape, name, value, f"{place}[{index}]")


def _check_value(shape: Message, name: str, value: object, place: str) -> Iterator[FieldError]:
    if isinstance(value, Message):
        yield from _check(value, place)
    elif isinstance(value, str) and (message := _text_fault(shape, name, value)):
        yield FieldError(field=place, message=message)
    elif name == "rank" and isinstance(value, int) and not 1 <= value < 1 << 31:
        yield FieldError(field=place, message="must be a positive number, 1 for the most preferred")


def _text_fault(shape: Message, name: str, text: str) -> str | None:
    codes, bound = _CODES.get((type(shape), name)), _BOUNDS.get((type(shape), name), TEXT_MAX)
    if not text or text.isspace():
        return "must not be blank: leave it out instead"
    if codes is not None and text not in codes:
        return f"must be one of {', '.join(sorted(codes))}"
    if len(text) > bound:
        return f"must be at most {bound} characters"
    if isinstance(shape, Period) and instant_day(text) is None:
        return "must be a date such as 2024-05-31 or an instant such as 2024-05-31T08:30:00Z"
    if isinstance(shape, Communication) and not _LANGUAGE.fullmatch(text):
        return "must be a BCP 47 language tag such as en-US"
    return None


def _says_nothing(shape: Message) -> bool:
    if isinstance(shape, HumanName):
        return not display_name(shape)
    if isinstance(shape, PostalAddress):
        return not display_address(shape)
    return shape == type(shape)()
