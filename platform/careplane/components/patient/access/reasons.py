"""The reason for an emergency: it will be read by whoever reviews it, so it must be text that says something."""

import unicodedata
from typing import Final

from careplane.components.patient.access.access_messages import REASON_MAX, REASON_MIN
from careplane.kernel.errors import FieldError, InvalidArgument

_LETTERS_MIN: Final = 4


def checked_reason(reason: str) -> str:
    """Return the reason with single spaces; raise InvalidArgument for one that is too short, too long or no text."""
    text = " ".join(reason.split())
    if not REASON_MIN <= len(text) <= REASON_MAX:
        raise _refused(f"must be {REASON_MIN} to {REASON_MAX} characters: say why you need the record now")
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        raise _refused("must be plain text without control characters")
    if len({char.casefold() for char in text if char.isalpha()}) < _LETTERS_MIN:
        raise _refused("must be words: say why you need the record now")
    return text


def _refused(message: str) -> InvalidArgument:
    return InvalidArgument(fields=(FieldError(field="reason", message=message),))
