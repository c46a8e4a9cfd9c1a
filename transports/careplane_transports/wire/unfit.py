"""Which field of a message does not cross the wire, and why: looked for only once it is known that one does not."""

from typing import TYPE_CHECKING, Any

import msgspec

from careplane.kernel.errors import FieldError
from careplane.web.faults import WHOLE
from careplane_transports.wire.values import Unfit

if TYPE_CHECKING:
    from careplane_transports.wire.codec import Codec


def unfit(codec: "Codec[Any]", struct: msgspec.Struct, error: Exception) -> FieldError:
    """Return the field at fault, by its path in JSON; the value itself is not repeated."""
    for pair in codec.pairs:
        value = getattr(struct, pair.name)
        try:
            if value is not pair.nothing:
                codec.pb(**{pair.name: value if pair.outward is None else pair.outward(value)})
        except (ValueError, OverflowError) as found:
            inner = _inside(pair.inner, value, found)
            path = f"{pair.key}{inner.field}" if inner.field.startswith("[") else f"{pair.key}.{inner.field}"
            return FieldError(field=path.removesuffix(f".{WHOLE}"), message=inner.message)
    return FieldError(field=WHOLE, message=_in_words(error))


def _inside(codec: "Codec[Any] | None", value: Any, error: Exception) -> FieldError:  # noqa: ANN401 - any field's
    """Return what is at fault within a value, by its path from there."""
    if codec is None:
        return FieldError(field=WHOLE, message=_in_words(error))
    if isinstance(value, msgspec.Struct):
        return unfit(codec, value, error)
    for index, one in enumerate(value):
        try:
            codec.pb(**codec.outward(one))
        except (ValueError, OverflowError) as found:
            inner = unfit(codec, one, found)
            return FieldError(field=f"[{index}].{inner.field}", message=inner.message)
    return FieldError(field=WHOLE, message=_in_words(error))


def _in_words(error: Exception) -> str:
    """Say what the value must be; protobuf's own words may repeat it."""
    if isinstance(error, Unfit):
        return str(error)
    if isinstance(error, UnicodeError):
        return "must be text that UTF-8 can write: no surrogates on their own"
    return "is a number out of range"
