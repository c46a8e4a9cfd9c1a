"""What a struct's annotation says: which values, one or many, and whether there may be none."""

from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import UnsetType


@dataclass(frozen=True, slots=True)
class Said:
    """One annotation: the type of each value, in which collection if in one, and whether None or UNSET may stand."""

    each: Any
    collection: type[Any] | None
    none: bool
    unset: bool


def said(annotation: Any) -> Said:  # noqa: ANN401 - whatever stands behind the colon
    """Read an annotation; raise TypeError where nothing on the wire is like it."""
    choices = [_bare(choice) for choice in _choices(_bare(annotation))]
    kinds = [choice for choice in choices if choice not in (type(None), UnsetType)]
    none, unset = type(None) in choices, UnsetType in choices
    if len(kinds) != 1 or (none and unset):
        message = f"{annotation} can be several things, and the wire would not tell which"
        raise TypeError(message)
    inner, collection = get_args(kinds[0]), get_origin(kinds[0])
    if collection is tuple and len(inner) == 2 and inner[1] is Ellipsis:  # noqa: PLR2004 - of one type, and ...
        return Said(_bare(inner[0]), tuple, none, unset)
    if collection is frozenset:
        return Said(_bare(inner[0]), frozenset, none, unset)
    if collection is not None:
        message = f"{annotation} has no counterpart on the wire: use tuple[..., ...] or frozenset[...]"
        raise TypeError(message)
    return Said(kinds[0], None, none, unset)


def _choices(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as above
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - as above
    """Take constraints off, which are checked when the struct is made, and take a Literal of texts for a text."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) is Literal and all(isinstance(value, str) for value in get_args(annotation)):
        return str
    return annotation
