"""A message for every method, right in its form: generated from its type, or written where the domain wants more."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec

from careplane.components.patient.api import (
    BreakGlass,
    GetVersion,
    RegisterPatient,
    ReplacePatient,
    RestrictPatient,
)
from careplane.kernel.contract import Method
from careplane.kernel.message import Message

_REASON: Final = "Unconscious in the emergency room"
_PLAIN: Final[Mapping[type, Callable[[], Any]]] = {
    msgspec.inspect.StrType: lambda: "x",
    msgspec.inspect.IntType: lambda: 1,
    msgspec.inspect.FloatType: lambda: 1.0,
    msgspec.inspect.BoolType: lambda: False,
    msgspec.inspect.BytesType: lambda: b"",
    msgspec.inspect.UUIDType: uuid4,
    msgspec.inspect.DateType: lambda: date(2020, 1, 1),
    msgspec.inspect.DateTimeType: lambda: datetime(2020, 1, 1, tzinfo=UTC),
    msgspec.inspect.DecimalType: Decimal,
    msgspec.inspect.VarTupleType: tuple,
    msgspec.inspect.NoneType: lambda: None,
}


def message_for(method: Method, subject: UUID, caller: UUID) -> Message:
    """Return a request about `subject` (the patient, or the user) in the name of `caller`."""
    written = _written(method.request, subject, caller)
    return _generated(method, subject) if written is None else written


def somebody(patient_id: UUID) -> RegisterPatient:
    """Return the registration of somebody."""
    return RegisterPatient(
        patient_id=patient_id, name="Ann Other", email=_email(), address="1 Way", date_of_birth="1980-02-03"
    )


def _email() -> str:
    return f"{uuid4()}@example.org"


def _written(kind: type[Message], subject: UUID, caller: UUID) -> Message | None:
    match kind.__name__:
        case "RegisterPatient":
            return somebody(uuid4())
        case "ReplacePatient":
            return ReplacePatient(
                patient_id=subject, name="Ann Other", email=_email(), address="1 Way", date_of_birth="1980-02-03"
            )
        case "RestrictPatient":
            return RestrictPatient(patient_id=subject, restricted=True, care_team=(caller,))
        case "BreakGlass":
            return BreakGlass(patient_id=subject, reason=_REASON)
        case "GetVersion":
            return GetVersion(patient_id=subject, version=1)
    return None


def _generated(method: Method, subject: UUID) -> Message:
    about = {method.key, method.owner, method.record}
    fields = {
        field.name: subject if field.name in about and _is_id(field.type) else _value(field.type)
        for field in _fields(method.request)
        if field.required or field.name in about
    }
    return method.request(**fields)


def _fields(kind: type[Message]) -> tuple[msgspec.inspect.Field, ...]:
    described = msgspec.inspect.type_info(kind)
    assert isinstance(described, msgspec.inspect.StructType)
    return described.fields


def _is_id(kind: msgspec.inspect.Type) -> bool:
    return isinstance(kind, msgspec.inspect.UUIDType)


def _value(kind: msgspec.inspect.Type) -> Any:
    if isinstance(kind, msgspec.inspect.UnionType):
        return _value(kind.types[0])
    if isinstance(kind, msgspec.inspect.StructType):
        return kind.cls(**{field.name: _value(field.type) for field in kind.fields if field.required})
    return _PLAIN[type(kind)]()
