"""Signed cursors: where a page ended, in a form that a caller can carry but not make or take to another search."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

import msgspec

from careplane.kernel.errors import FieldError, InvalidArgument

SECRET_BYTES_MIN: Final = 32
_TAG_BYTES: Final = 16
_LENGTH_MAX: Final = 4096


class SignedCursors:
    """Seals the inner cursors of components; each is bound to the search it belongs to."""

    def __init__(self, secret: bytes) -> None:
        """Sign with `secret`, of at least 32 bytes, which all gateways of one platform share."""
        if len(secret) < SECRET_BYTES_MIN:
            message = f"the secret for cursors must have at least {SECRET_BYTES_MIN} bytes"
            raise ValueError(message)
        self._key = hashlib.blake2b(secret, person=b"careplane-cursor").digest()

    def seal(self, inner: str | None, *search: object) -> str | None:
        """Return `inner` sealed for the search it belongs to, or None at the end."""
        if inner is None:
            return None
        text = inner.encode()
        return base64.urlsafe_b64encode(self._tag(text, search) + text).rstrip(b"=").decode()

    def open(self, cursor: str | None, *search: object) -> str | None:
        """Return the inner cursor; raise InvalidArgument for one that was not sealed here for this very search."""
        if cursor is None:
            return None
        try:
            sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)) if cursor.isascii() else b""
        except (ValueError, binascii.Error):
            raise _refused() from None
        tag, text = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
        if len(cursor) > _LENGTH_MAX or not hmac.compare_digest(tag, self._tag(text, search)):
            raise _refused()
        return text.decode()

    def _tag(self, text: bytes, search: tuple[object, ...]) -> bytes:
        about = hashlib.blake2b(msgspec.json.encode(search)).digest()
        return hashlib.blake2b(about + text, key=self._key, digest_size=_TAG_BYTES).digest()


def _refused() -> InvalidArgument:
    message = "is not a cursor of this search: ask again without it and follow nextCursor"
    return InvalidArgument(fields=(FieldError(field="cursor", message=message),))
