"""The headers that go with every answer, whatever it says."""

from typing import Final

API_POLICY: Final = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ALWAYS: Final = (
    (b"server", b"careplane"),  # not which software it is
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_POLICY: Final = (b"content-security-policy", API_POLICY)
_NO_STORE: Final = (b"cache-control", b"no-store")
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_CHANGEABLE: Final = frozenset({b"content-security-policy", b"cache-control"})

# What an answer that says nothing itself gets, over plain HTTP and over TLS.
_USUAL: Final = {False: (*_ALWAYS, _POLICY, _NO_STORE), True: (*_ALWAYS, _POLICY, _NO_STORE, _HSTS)}


def secured(fields: list[tuple[bytes, bytes]], *, tls: bool) -> None:
    """Add the headers to `fields`, which may have a content policy and a cache control of their own."""
    usual = _USUAL[tls]
    said = {name for name, _ in fields if name in _CHANGEABLE}
    fields.extend([field for field in usual if field[0] not in said] if said else usual)
