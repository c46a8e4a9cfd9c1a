"""The truth of a record: the complete FHIR R4 Patient as JSON, in which nothing is lost that was sent.

Numbers with a fraction are kept as decimals, so 42.5342020 is stored and printed with each of its digits. The text is
canonical (sorted keys, no spaces): two documents are the same exactly when their texts are.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from careplane.kernel.errors import FieldError, InvalidArgument

Document = dict[str, Any]

DOCUMENT_BYTES_MAX = 1 << 20
DEPTH_MAX = 60
NUMBER_LENGTH_MAX = 60
EXPONENT_MAX = 300
_CONTAINERS = (dict, list)


def _exact(text: str) -> Decimal:
    """Keep every digit; refuse what the database would have to write out with a million zeros."""
    try:
        number = Decimal(text)
    except InvalidOperation as e:
        raise ValueError from e
    if len(text) > NUMBER_LENGTH_MAX or abs(number.adjusted()) > EXPONENT_MAX:
        message = "a number has too many digits"
        raise ValueError(message)
    return number


_decoder = msgspec.json.Decoder(type=dict[str, Any], float_hook=_exact)
_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="number")


def decode(text: str | bytes) -> Document:
    """Read a document; raise InvalidArgument for what is not a JSON object, too large, too deep or with NUL in it."""
    if len(text) > DOCUMENT_BYTES_MAX:
        raise _refused("is larger than 1 MiB: leave out embedded photos")
    try:
        document = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, ValueError):
        raise _refused("is not a JSON object: check its syntax and numbers") from None
    except RecursionError:
        raise _refused("is nested too deeply") from None
    if _brackets(text) > DEPTH_MAX and not depth_within(document, DEPTH_MAX):
        raise _refused("is nested too deeply")
    return document


def encode(document: Document) -> str:
    """Write a document as canonical JSON text."""
    return _encoder.encode(document).decode()


def canonical(text: str | bytes) -> str:
    """Return the canonical form of a JSON text, for instance of one that the database has formatted its own way."""
    return encode(decode(text))


def _brackets(text: str | bytes) -> int:
    """Count what may begin an object or array: nothing is nested deeper than that, and counting is quick."""
    if isinstance(text, str):
        return text.count("{") + text.count("[")
    return text.count(b"{") + text.count(b"[")


def depth_within(document: Document, levels: int) -> bool:
    """Tell whether objects and arrays are nested no deeper than `levels`."""
    level: list[Any] = [document]
    for _ in range(levels):
        # One comprehension a level: a third of the time of a function call for each value.
        level = [
            v for outer in level for v in (outer.values() if type(outer) is dict else outer) if type(v) in _CONTAINERS
        ]
        if not level:
            return True
    return False


def _refused(message: str) -> InvalidArgument:
    return InvalidArgument(fields=(FieldError(field="document", message=message),))
