"""How a struct's fields meet its proto's: paired once, when the platform starts, and refused where they differ."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, get_type_hints

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from careplane_transports.wire.annotations import Said, said
from careplane_transports.wire.values import KINDS, Convert, Kind

LIST = "values"
"""The one field of the messages that stand for a list which may be absent (careplane_pb/common/v1/lists.proto)."""

_NONE: Final = object()


@dataclass(frozen=True, slots=True)
class Pair:
    """One field: its name here, its `key` in JSON, its `field` in the proto, and what is done to it on its way.

    Without `outward` or `inward` it goes as it is. `nothing` is the value for which nothing is sent, and `absent` what
    stands for a field that did not come: UNSET where the struct knows that itself. `inner` is the codec of the structs
    within.
    """

    name: str
    key: str
    field: FieldDescriptor
    nothing: Any
    absent: Any
    outward: Convert | None
    inward: Convert | None
    inner: Any


def pairs(struct: type[msgspec.Struct], proto: Descriptor, inside: Callable[[type, Descriptor], Kind]) -> list[Pair]:
    """Pair the fields; `inside` gives the kind of a struct within. Raise TypeError where struct and proto differ."""
    hints = get_type_hints(struct, include_extras=True)
    here, there = {field.name: field for field in msgspec.structs.fields(struct)}, proto.fields_by_name
    if struct.__name__ != proto.name or set(here) != set(there):
        odd = sorted(set(here) ^ set(there)) or [f"the name {struct.__name__}"]
        message = f"{struct.__name__} and {proto.full_name} differ in {', '.join(odd)}: change both, then `make proto`"
        raise TypeError(message)
    return [_pair(field, hints[name], there[name], inside) for name, field in here.items()]


def _pair(
    field: msgspec.structs.FieldInfo,
    hint: Any,  # noqa: ANN401 - an annotation
    proto: FieldDescriptor,
    inside: Callable[[type, Descriptor], Kind],
) -> Pair:
    here = said(hint)
    element = _element(here, proto)
    kind = _kind(here, element, inside)
    optional = here.none or here.unset or _can_be_left_out(field, here)
    fits = element is not None and kind.fits(element) and element.is_repeated == (here.collection is not None)
    presence = optional or (here.collection is None and kind.message is not None)
    if not fits or proto.has_presence != presence or proto.json_name != field.encode_name or not _lossless(field, here):
        message = f"{proto.full_name} is not {hint} ({field.encode_name} in JSON{', optional' if presence else ''})"
        raise TypeError(f"{message}: change the struct or the proto, then `make proto`")
    return Pair(
        name=field.name,
        key=field.encode_name,
        field=proto,
        nothing=_nothing(here),
        absent=_absent(field, proto, here),
        outward=_outward(here, kind),
        inward=_inward(here, kind),
        inner=kind.codec,
    )


def _nothing(here: Said) -> Any:  # noqa: ANN401 - a value
    """Return the value for which nothing is sent; a field that cannot be so has one of its own, which is none."""
    if here.unset:
        return msgspec.UNSET
    if here.none:
        return None
    return () if here.collection is tuple else _NONE


def _absent(field: msgspec.structs.FieldInfo, proto: FieldDescriptor, here: Said) -> Any:  # noqa: ANN401 - a value
    """Return what stands for a field that did not come: its default if it has one, None, or protobuf's own zero."""
    if not field.required:
        return msgspec.UNSET
    if proto.has_presence:
        return None if here.none else msgspec.UNSET
    return () if here.collection is not None else proto.default_value


def _lossless(field: msgspec.structs.FieldInfo, here: Said) -> bool:
    """Tell whether what is absent on the wire can only have been one thing here: None, UNSET, or a list of nothing."""
    if here.unset:
        return field.default is msgspec.UNSET
    if here.collection is not None and not here.none:
        return field.required or not field.default
    return not here.none or field.required or field.default is None


def _can_be_left_out(field: msgspec.structs.FieldInfo, here: Said) -> bool:
    """Tell whether a default stands for what was not sent: one that protobuf itself would not put there."""
    return here.collection is None and not field.required and bool(field.default)


def _element(here: Said, proto: FieldDescriptor) -> FieldDescriptor | None:
    """Return the field that holds the values: the proto's own, or that of the list which may be absent."""
    if here.collection is None or not here.none:
        return proto
    return None if proto.message_type is None else proto.message_type.fields_by_name.get(LIST)


def _kind(here: Said, element: FieldDescriptor | None, inside: Callable[[type, Descriptor], Kind]) -> Kind:
    if here.each in KINDS:
        return KINDS[here.each]
    is_struct = isinstance(here.each, type) and issubclass(here.each, msgspec.Struct)
    if not is_struct or element is None or element.message_type is None:
        message = f"{here.each} has no counterpart on the wire"
        raise TypeError(message)
    return inside(here.each, element.message_type)


def _outward(here: Said, kind: Kind) -> Convert | None:
    convert: Convert | None = kind.outward if here.collection is None else _spread(here, kind.outward)
    if here.collection is not None and here.none:
        whole = convert or tuple
        return lambda value: {LIST: whole(value)}
    return _same if here.unset and convert is None else convert


def _same(value: Any) -> Any:  # noqa: ANN401 - any field's
    """Send as it is what there is; UNSET has been told apart before."""
    return value


def _spread(here: Said, each: Convert | None) -> Convert | None:
    """Return what sends a collection: sets in order, so that equal messages are equal bytes."""
    if here.collection is frozenset:
        return lambda values: sorted(values if each is None else map(each, values))
    return None if each is None else lambda values: [each(value) for value in values]


def _inward(here: Said, kind: Kind) -> Convert | None:
    each = kind.inward
    if here.collection is None:
        return each
    many: Convert = tuple if each is None else lambda values: [each(value) for value in values]
    return (lambda value: many(getattr(value, LIST))) if here.none else many
