"""Amending: a merge patch over the writable fields of the view, each wrong field of it named."""

import re
from typing import Any, get_type_hints

import msgspec

from careplane.components.patient.messages import PatientFields, PatientView
from careplane.components.patient.record.merge_patch import merge
from careplane.components.patient.record.validation import JSON_NAMES
from careplane.kernel.errors import FieldError, InvalidArgument

_FIELDS = {json_name: name for name, json_name in JSON_NAMES.items()}
_TYPES = get_type_hints(PatientFields)
_EMPTY = PatientFields()
_READ_ONLY = frozenset(PatientView.__struct_encode_fields__) - _FIELDS.keys()
_UNKNOWN = re.compile(r"unknown field `.*`(?= - at )", re.DOTALL)
_decoder = msgspec.json.Decoder(dict[str, Any])


def patched(before: PatientFields, patch: str) -> tuple[PatientFields, tuple[str, ...]]:
    """Return the fields patched, and which ones the patch speaks of; raise InvalidArgument naming every fault."""
    changes = _read(patch)
    merged = merge(msgspec.to_builtins(before), changes)
    faults: list[FieldError] = []
    values: dict[str, Any] = {}
    for json_name in changes:
        fault = _unwritable(json_name)
        if fault is None:
            name = _FIELDS[json_name]
            values[name], fault = _value(name, merged.get(json_name))
        if fault is not None:
            faults.append(FieldError(field=_shown(json_name), message=fault))
    if faults:
        raise InvalidArgument(fields=tuple(faults))
    return msgspec.structs.replace(before, **values), tuple(values)


def _read(patch: str) -> dict[str, Any]:
    try:
        return _decoder.decode(patch)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise InvalidArgument("The merge patch must be a JSON object. Correct its syntax.") from None


def _unwritable(json_name: str) -> str | None:
    if json_name in _READ_ONLY:
        return "is set by the registry and cannot be changed"
    return None if json_name in _FIELDS else "is not a field of a patient"


def _value(name: str, value: Any) -> tuple[Any, str | None]:  # noqa: ANN401 - any JSON value may be in a patch
    """Return the value as its field's type, and what is wrong with it if it is of another."""
    if value is None:
        return getattr(_EMPTY, name), "is required and cannot be removed" if name == "name" else None
    try:
        return msgspec.convert(value, _TYPES[name]), None
    except msgspec.ValidationError as e:
        return None, _UNKNOWN.sub("unknown field", str(e))


def _shown(json_name: str) -> str:
    """Return a field's name, unless it is one of the sender's own making, which might hold anything."""
    return json_name if json_name in _FIELDS or json_name in _READ_ONLY else "(unknown)"
