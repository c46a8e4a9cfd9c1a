"""Strict twins: the same struct, but with what it does not declare refused, at every depth of it."""

import functools
import operator
import types
from typing import Any, Union, get_args, get_origin

import msgspec


def has_structs_inside(kind: type[Any]) -> bool:
    """Tell whether a struct has fields that are made of other structs."""
    return isinstance(kind, msgspec.StructMeta) and any(
        strict(f.type) is not f.type for f in msgspec.structs.fields(kind)
    )


def strict(kind: Any) -> Any:  # noqa: ANN401 - any type at all: a struct, or made of structs
    """Return `kind` with each struct in it replaced by its strict twin; what holds no struct is returned itself."""
    if isinstance(kind, msgspec.StructMeta):
        return _twin(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    inner = tuple(strict(argument) if argument is not Ellipsis else argument for argument in arguments)
    if inner == arguments or origin is None:
        return kind
    if origin in (types.UnionType, Union):
        return functools.reduce(operator.or_, inner)
    return origin[inner]


def _twin(kind: Any) -> type[msgspec.Struct]:  # noqa: ANN401 - a struct, by its metaclass
    changed = [
        (field.name, strict(field.type), _default(field))
        for field in msgspec.structs.fields(kind)
        if strict(field.type) is not field.type
    ]
    config = kind.__struct_config__
    return msgspec.defstruct(
        kind.__name__,
        changed,
        bases=(kind,),
        forbid_unknown_fields=True,
        frozen=config.frozen,
        kw_only=True,
        rename="camel",
    )


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - the default of a field of any type
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field() if field.default is msgspec.NODEFAULT else msgspec.field(default=field.default)
