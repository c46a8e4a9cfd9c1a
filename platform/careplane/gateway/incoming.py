"""What a request says about itself in its headers, and how much of that is believed."""

import re
from typing import Final

from careplane.gateway.client_address import client_address
from careplane.gateway.exchange import Exchange
from careplane.gateway.refusals import Malformed
from careplane.gateway.tracing import first_context
from careplane.kernel.errors import FieldError, InvalidArgument
from careplane.kernel.ids import NewId

INTERNAL: Final = (b"x-careplane-", b"grpc-")
"""How the names of headers begin that mean something inside of the platform, and nothing from outside."""

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_OLD: Final = ("1", "1.0")
_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}")
_ONCE: Final = (
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"host",
    b"idempotency-key",
    b"if-match",
    b"transfer-encoding",
)


def read_headers(exchange: Exchange, new_id: NewId, trusted: int, address_header: bytes) -> None:
    """Take in the headers: our internal ones and their twins with underscores are dropped, wherever they come from."""
    scope = exchange.scope
    kept = [h for h in scope["headers"] if b"_" not in h[0] and not h[0].startswith(INTERNAL)]
    exchange.headers = kept
    exchange.fields = fields = dict(kept)
    exchange.context = first_context(fields, new_id)
    peer = scope["client"][0] if scope["client"] else ""
    exchange.address = client_address(peer, kept, trusted, address_header)
    exchange.tls = scope["scheme"] == "https" or (trusted > 0 and fields.get(b"x-forwarded-proto") == b"https")
    scope["headers"] = kept
    scope["client"] = (exchange.address, 0)


def check_headers(exchange: Exchange) -> None:
    """Raise Malformed where there is not one Host, or a header that can come only once came again."""
    host = exchange.fields.get(b"host", b"")
    if not _HOST.fullmatch(host) and (host or exchange.scope["http_version"] not in _OLD):
        message = "must be a host name with an optional port"
        raise Malformed(fields=(FieldError(field="Host", message=message),))
    if len(exchange.fields) == len(exchange.headers):
        return
    names = [name for name, _ in exchange.headers]
    twice = [name.decode() for name in _ONCE if names.count(name) > 1]
    if twice:
        raise Malformed(fields=tuple(FieldError(field=n, message="is given more than once") for n in twice))


def escapes_a_slash(exchange: Exchange) -> bool:
    """Tell whether a slash is written as %2F, which only the server took for one (RFC 3986, section 2.2)."""
    raw: bytes = exchange.scope.get("raw_path") or b""
    return b"%" in raw and b"%2f" in raw.lower()


def has_body(exchange: Exchange) -> bool:
    """Tell whether a body comes with it (HTTP/1.1: RFC 9112, section 6.3)."""
    return b"content-length" in exchange.fields or b"transfer-encoding" in exchange.fields


def idempotency_key(exchange: Exchange) -> str | None:
    """Return the Idempotency-Key, or raise InvalidArgument for one that is none."""
    sent = exchange.fields.get(b"idempotency-key")
    if sent is None:
        return None
    if not _KEY.fullmatch(sent):
        message = "must be 1 to 255 visible ASCII characters"
        raise InvalidArgument(fields=(FieldError(field="Idempotency-Key", message=message),))
    return sent.decode()
