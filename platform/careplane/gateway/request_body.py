"""Request bodies at the edge: of a type that is taken, no larger than allowed, and in time."""

import asyncio
from typing import Final

from litestar.types import Receive

from careplane.gateway.refusals import BodyMissing, BodyTooLarge, Malformed, UnsupportedCoding, UnsupportedMedia
from careplane.kernel.errors import FieldError

JSON: Final = (b"application/json",)
JSON_OR_PATCH: Final = (b"application/merge-patch+json", b"application/json")
FORM: Final = (b"application/x-www-form-urlencoded",)
SECONDS: Final = 10.0
BYTES_PER_SECOND_MIN: Final = 64 * 1024
"""Slower than this, after the first seconds, no body is waited for, however long its route may take."""

_CHUNKED: Final = b"chunked"
_PLAIN: Final = b"identity"
_CHARSETS: Final = (b"utf-8", b'"utf-8"', b"utf8")


async def read_body(receive: Receive, fields: dict[bytes, bytes], limit: int, deadline: float) -> bytes:
    """Return the whole body; raise BodyTooLarge as soon as it is, and BodyMissing when it does not come in time."""
    _check_codings(fields)
    length = announced(fields)
    if length > limit:
        raise BodyTooLarge(limit)
    chunked = b"transfer-encoding" in fields
    if not length and not chunked:
        return b""
    patience = asyncio.get_running_loop().time() + SECONDS + limit / BYTES_PER_SECOND_MIN
    try:
        async with asyncio.timeout_at(min(deadline, patience)):
            return await _gathered(receive, limit, limit + 1 if chunked else length)
    except TimeoutError:
        raise BodyMissing from None


def _check_codings(fields: dict[bytes, bytes]) -> None:
    """Refuse codings: a list of them is where two readers come to different bodies (RFC 9112, section 6.1)."""
    if fields.get(b"transfer-encoding", _CHUNKED).strip().lower() != _CHUNKED:
        message = "must be chunked, if it is sent at all"
        raise Malformed(fields=(FieldError(field="Transfer-Encoding", message=message),))
    if fields.get(b"content-encoding", _PLAIN).strip().lower() != _PLAIN:
        raise UnsupportedCoding


async def _gathered(receive: Receive, limit: int, length: int) -> bytes:
    """Return what comes, until it is at its end or has the `length` after which no more can come."""
    parts: list[bytes] = []
    size = 0
    while size < length:
        message = await receive()
        if message["type"] != "http.request":
            raise BodyMissing
        parts.append(message["body"])
        size += len(message["body"])
        if size > limit:
            raise BodyTooLarge(limit)
        if not message.get("more_body", False):
            break
    return parts[0] if len(parts) == 1 else b"".join(parts)


def announced(fields: dict[bytes, bytes]) -> int:
    """Return Content-Length, 0 where there is none."""
    sent = fields.get(b"content-length")
    if sent is None:
        return 0
    if not sent.isdigit():
        message = "must be a whole number of bytes"
        raise Malformed(fields=(FieldError(field="Content-Length", message=message),))
    return int(sent[:20])


def check_media(sent: bytes | None, method: str, *, form: bool = False) -> None:
    """Raise UnsupportedMedia unless a body of the type `sent` is taken; `form` where it is no JSON but a form."""
    accepted = FORM if form else JSON_OR_PATCH if method == "PATCH" else JSON
    if sent in accepted:
        return
    media, _, parameters = (sent or b"").lower().partition(b";")
    name, _, charset = parameters.strip().partition(b"=")
    if media.strip() in accepted and (not name or (name.strip() == b"charset" and charset.strip() in _CHARSETS)):
        return
    raise UnsupportedMedia(b"accept-patch" if method == "PATCH" else b"accept", accepted)
