"""What forged tokens start from: a token that is believed, the key behind it, and how to sign anything at all."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many points the curve P-256 has: r and s of a signature are below it."""

Json = dict[str, Any]
Part = Json | bytes | None
"""Changes to the header or the claims, with `...` for what is left out, or the bytes to take instead of them."""


def text64(data: bytes) -> str:
    """Write bytes as a token does."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes64(text: str) -> bytes:
    """Read bytes as a token has them."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def raw_signature(r: int, s: int) -> bytes:
    """Write a signature as a token has it (RFC 7518, 3.4)."""
    return r.to_bytes(32) + s.to_bytes(32)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a key of the right kind."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Seed:
    """A token that is believed at `now`, taken apart; `private` signed it, `other` is nobody's."""

    private: ec.EllipticCurvePrivateKey
    other: ec.EllipticCurvePrivateKey
    header: Json
    claims: Json
    now: int

    @staticmethod
    def of(token: str, private: ec.EllipticCurvePrivateKey, now: int) -> "Seed":
        """Take a good token apart."""
        header, claims = (json.loads(bytes64(part)) for part in token.split(".")[:2])
        return Seed(private, new_key(), header, claims, now)

    @property
    def kid(self) -> str:
        """The id of the key that is believed."""
        return str(self.header["kid"])

    def text(self, header: Part = None, claims: Part = None) -> str:
        """Return what is signed of a token."""
        return f"{text64(_part(self.header, header))}.{text64(_part(self.claims, claims))}"

    def signed(self, header: Part = None, claims: Part = None, *, by: ec.EllipticCurvePrivateKey | None = None) -> str:
        """Return a token that differs from the good one as told, and is signed, by the believed key or another."""
        text = self.text(header, claims)
        return f"{text}.{text64(raw_signature(*self.numbers(text, by)))}"

    def numbers(self, text: str, by: ec.EllipticCurvePrivateKey | None = None) -> tuple[int, int]:
        """Return r and s of a fresh signature."""
        return decode_dss_signature((by or self.private).sign(text.encode(), ec.ECDSA(SHA256())))

    def sealed(self, make: Callable[[bytes], bytes], header: Part = None, claims: Part = None) -> str:
        """Return a token whose signature is whatever `make` makes of the text."""
        text = self.text(header, claims)
        return f"{text}.{text64(make(text.encode()))}"

    def with_signature(self, signature: bytes) -> str:
        """Return the good token under another signature."""
        return f"{self.text()}.{text64(signature)}"

    def with_numbers(self, r: int, s: int) -> str:
        """Return the good token under a signature of two numbers."""
        return self.with_signature(raw_signature(r, s))


Forge = Callable[[Seed], str]
"""Makes a forged token."""


def _part(good: Json, change: Part) -> bytes:
    if isinstance(change, bytes):
        return change
    changed = {name: value for name, value in (good | (change or {})).items() if value is not ...}
    return json.dumps(changed, separators=(",", ":")).encode()
