"""Request bodies: from bytes to a struct, strictly, and every way in which that fails said in plain words."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import msgspec
from litestar import Request

from careplane.kernel.errors import FieldError, InvalidArgument
from careplane.web.faults import FAULTS_MAX, WHOLE, fault, faults, shown
from careplane.web.strict import has_structs_inside, strict

T = TypeVar("T")

BODY: Final = "careplane_body"
"""Under which key of the ASGI scope the edge leaves the body."""

NO_BODY: Final = FieldError(field=WHOLE, message="is required: send a JSON object")
_NUL: Final = b"\\u0000"
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The base of what a request may carry: a field that is not declared is refused, not ignored."""


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON is read straight into the type that its handler takes, without a lenient step between."""

    @property
    def address(self) -> str | None:
        """Where the request comes from, as the edge has found out."""
        return self.client.host if self.client else None

    async def body(self) -> bytes:
        """Return the body, which the edge has read already, within its limits of size and time."""
        return cast("bytes", self.scope.get(BODY, b""))

    async def json(self) -> Any:  # noqa: ANN401 - the type is the handler's
        """Return the body as the handler's `data`."""
        field = self.route_handler.parsed_data_field
        return read(await self.body(), field.annotation if field is not None else Any)


def read(body: bytes, kind: type[T]) -> T:
    """Return the body as a `kind`; raise InvalidArgument that says where it does not fit."""
    if not body:
        raise InvalidArgument(fields=(NO_BODY,))
    decoders = _DECODERS.get(kind) or _decoders(kind)
    try:
        value: T = decoders.value.decode(body)
        if decoders.check is not None:
            decoders.check.decode(body)
        if _NUL in body:
            _check_texts(body)
    except msgspec.ValidationError as error:
        raise _unfit(body, kind, error) from None
    except (msgspec.DecodeError, UnicodeError):
        raise _malformed() from None
    except RecursionError:
        raise _too_deep() from None
    return value


@dataclass(frozen=True, slots=True)
class _Decoders:
    """One makes the value; `check` looks for unknown fields inside of inner structs, where there are any.

    The value itself is not made of the strict twins: they are equal to nothing but each other.
    """

    value: msgspec.json.Decoder[Any]
    check: msgspec.json.Decoder[Any] | None
    strict: type[msgspec.Struct]


_DECODERS: Final[dict[type[Any], _Decoders]] = {}


def _decoders(kind: type[Any]) -> _Decoders:
    twin = strict(kind)
    check = msgspec.json.Decoder(twin) if has_structs_inside(kind) else None
    made = _DECODERS[kind] = _Decoders(msgspec.json.Decoder(kind), check, twin)
    return made


def _unfit(body: bytes, kind: type[Any], first: msgspec.ValidationError) -> InvalidArgument:
    try:
        values = _OBJECT.decode(body)
    except msgspec.ValidationError:
        found = fault(first)
        return _refused("must be a JSON object") if found.field == WHOLE else InvalidArgument(fields=(found,))
    except (msgspec.DecodeError, UnicodeError):
        return _malformed()
    except RecursionError:
        return _too_deep()
    return InvalidArgument(fields=faults(_DECODERS[kind].strict, values, first))


def _check_texts(body: bytes) -> None:
    """Refuse NUL, which no database takes; called only where there may be one, since it could be text about one."""
    found = tuple(itertools.islice(_with_nul(_OBJECT.decode(body), ""), FAULTS_MAX))
    if found:
        message = "must not contain NUL characters: remove them"
        raise InvalidArgument(fields=tuple(FieldError(field=path, message=message) for path in found))


def _with_nul(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, str):
        if "\0" in value:
            yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _with_nul(inner, f"{path}.{shown(key)}" if path else shown(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _with_nul(inner, f"{path}[{index}]")


def _refused(message: str) -> InvalidArgument:
    return InvalidArgument("The request body is not valid.", fields=(FieldError(field=WHOLE, message=message),))


def _malformed() -> InvalidArgument:
    return _refused("is not well-formed JSON in UTF-8: check its syntax, its escapes and its encoding")


def _too_deep() -> InvalidArgument:
    return _refused("is nested too deeply")


def header(request: Request[Any, Any, Any], name: bytes) -> str | None:
    """Return a request header by its lower-case name; Litestar's own way builds a dictionary of them all first."""
    for key, value in request.scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return None
