"""Values for every message: any that its types allow, for Hypothesis to choose from; and two that never change."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid5

import msgspec
from hypothesis import strategies as st

INT64: Final = 2**63
_NAMESPACE: Final = UUID("c0ffee00-0000-4000-8000-000000000000")
_ZONES: Final = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_ANY: Final[dict[Any, st.SearchStrategy[Any]]] = {
    str: st.text(max_size=12),
    int: st.integers(-INT64, INT64 - 1),
    bool: st.booleans(),
    bytes: st.binary(max_size=12),
    UUID: st.uuids(),
    date: st.dates(),
    datetime: st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=_ZONES),  # noqa: DTZ001 - zones added
    NoneType: st.none(),
    msgspec.UnsetType: st.just(msgspec.UNSET),
}
_CACHE: Final[dict[type, st.SearchStrategy[Any]]] = {}


def any_struct(struct: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Return what makes any struct of this type that its annotations allow."""
    if struct not in _CACHE:
        hints = get_type_hints(struct, include_extras=True)
        _CACHE[struct] = st.builds(struct, **{f.name: _any(hints[f.name]) for f in msgspec.structs.fields(struct)})
    return _CACHE[struct]


def _any(hint: Any) -> st.SearchStrategy[Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return st.integers(inner[1].ge, inner[1].le)
    if origin in (Union, UnionType):
        return st.one_of([_any(one) for one in inner])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is tuple:
        return st.lists(_any(inner[0]), max_size=2).map(tuple)
    if origin is frozenset:
        return st.frozensets(_any(inner[0]), max_size=3)
    return _ANY[hint] if hint in _ANY else any_struct(hint)


def full(struct: type[msgspec.Struct]) -> Any:
    """Make a struct in which every field has a value of its own, the same one every time."""
    hints = get_type_hints(struct, include_extras=True)
    return struct(
        **{f.name: _one(hints[f.name], f"{struct.__name__}.{f.name}") for f in msgspec.structs.fields(struct)}
    )


def bare(struct: type[msgspec.Struct]) -> Any:
    """Make a struct with no more than it must have: what may be absent or empty is."""
    hints = get_type_hints(struct, include_extras=True)
    needed = [field for field in msgspec.structs.fields(struct) if field.required]
    return struct(**{field.name: _least(hints[field.name], f"{struct.__name__}.{field.name}") for field in needed})


def _one(hint: Any, name: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return 42
    if origin in (Union, UnionType):
        return _one(inner[0], name)
    if origin is Literal:
        return inner[-1]
    if origin in (tuple, frozenset):
        return origin((_one(inner[0], f"{name}.1"), _one(inner[0], f"{name}.2")))
    return _FIXED[hint](name) if hint in _FIXED else full(hint)


def _least(hint: Any, name: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return None if NoneType in inner else _least(inner[0], name)
    if origin in (tuple, frozenset):
        return origin()
    if hint in (str, int, bool, bytes):
        return hint()
    return bare(hint) if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else _one(hint, name)


def _number(name: str) -> int:
    return uuid5(_NAMESPACE, name).int % 1_000_000


_FIXED: Final[dict[Any, Callable[[str], Any]]] = {
    str: lambda name: f"{name} ü",
    int: lambda name: 1 + _number(name),
    bool: lambda name: True,
    bytes: str.encode,
    UUID: lambda name: uuid5(_NAMESPACE, name),
    date: lambda name: date.fromordinal(730_000 + _number(name) % 10_000),
    datetime: lambda name: datetime(2025, 1, 15, 9, 30, tzinfo=UTC) + timedelta(microseconds=_number(name)),
}
