"""Tokens forged in the header: another algorithm, another key, or a key that the sender brings along."""

import hmac
import json
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from tests.security.forging import Forge, Seed, text64

EVIL: Final = "https://evil.example/keys"


def _unsigned(name: str) -> Forge:
    return lambda seed: f"{seed.text({'alg': name})}."


def _header(**changes: Any) -> Forge:
    """Sign with the believed key what no header of ours holds."""
    return lambda seed: seed.signed(changes)


def _foreign(**changes: Any) -> Forge:
    """Sign with a key of one's own."""
    return lambda seed: seed.signed(changes, by=seed.other)


def _public(seed: Seed, encoding: Encoding, form: PublicFormat) -> bytes:
    return seed.private.public_key().public_bytes(encoding, form)


def _coordinate(seed: Seed) -> bytes:
    return seed.private.public_key().public_numbers().x.to_bytes(32)


def _jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return dict(ECAlgorithm.to_jwk(key.public_key(), as_dict=True))


def _hmac(secret: Callable[[Seed], bytes], algorithm: str = "HS256") -> Forge:
    """Sign with what everybody knows as if it were a shared secret."""

    def forge(seed: Seed) -> str:
        digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[algorithm]
        return seed.sealed(partial(hmac.digest, secret(seed), digest=digest), {"alg": algorithm})

    return forge


def _library(make: Callable[[], Any], algorithm: str) -> Forge:
    """Sign with a key of another kind under the believed key's id."""

    def forge(seed: Seed) -> str:
        return seed.sealed(partial(_by_library, algorithm, make()), {"alg": algorithm})

    return forge


def _by_library(algorithm: str, key: Any, text: bytes) -> bytes:
    made: bytes = jwt.get_algorithm_by_name(algorithm).sign(text, key)
    return made


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _weak(seed: Seed) -> str:
    """Sign with the private key 1, whose public key is in every textbook."""
    return seed.signed(by=ec.derive_private_key(1, ec.SECP256R1()))


def _embedded(seed: Seed, kid: str | None = None) -> str:
    jwk = _jwk(seed.other)
    return seed.signed({"jwk": jwk, "kid": kid or seed.kid}, by=seed.other)


def _deflated(seed: Seed) -> str:
    return seed.signed({"zip": "DEF"}, zlib.compress(json.dumps(seed.claims).encode())[2:-4])


def _twice(first: str, last: str) -> Forge:
    """Sign a header that holds a name twice: readers take the last, others the first."""

    def forge(seed: Seed) -> str:
        plain = json.dumps(seed.header)
        return seed.signed(f"{{{first},{plain[1:-1]},{last}}}".encode())

    return forge


def _encrypted(seed: Seed) -> str:
    header = text64(json.dumps({"alg": "dir", "enc": "A256GCM", "cty": "JWT", "kid": seed.kid}).encode())
    return f"{header}..{text64(bytes(12))}.{text64(seed.signed().encode())}.{text64(bytes(16))}"


def _detached(seed: Seed) -> str:
    header, _, signature = seed.signed({"b64": False, "crit": ["b64"]}).split(".")
    return f"{header}..{signature}"


NONE: Final[dict[str, Forge]] = {
    **{f"alg {name!r}, unsigned": _unsigned(name) for name in ("none", "None", "NONE", "nOnE", "", "null")},
    **{f"alg {name!r}, signed": _header(alg=name) for name in ("none", "None", "NONE", "")},
    "alg none, another's signature": _foreign(alg="none"),
    "alg missing": _header(alg=...),
    "alg null": _header(alg=None),
    "alg a list": _header(alg=["ES256"]),
    "alg a list of two": _header(alg=["none", "ES256"]),
    "alg a number": _header(alg=256),
    "alg an object": _header(alg={"ES256": True}),
    **{f"alg {name!r}": _header(alg=name) for name in ("es256", "Es256", "ES256 ", " ES256", "ES256\0", "ES 256")},
    "alg of other letters": _header(alg="ЕS256"),
    "alg ES256 and a comment": _header(alg="ES256//none"),
}
CONFUSED: Final[dict[str, Forge]] = {
    "HS256 by the public key in PEM": _hmac(lambda s: _public(s, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
    "HS256 by that PEM without its last line end": _hmac(
        lambda s: _public(s, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).rstrip()
    ),
    "HS256 by the public key in DER": _hmac(lambda s: _public(s, Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    "HS256 by the public point": _hmac(lambda s: _public(s, Encoding.X962, PublicFormat.UncompressedPoint)),
    "HS256 by the compressed point": _hmac(lambda s: _public(s, Encoding.X962, PublicFormat.CompressedPoint)),
    "HS256 by the public key as JWK": _hmac(lambda s: json.dumps(_jwk(s.private)).encode()),
    "HS256 by x": _hmac(_coordinate),
    "HS256 by x as text": _hmac(lambda s: text64(_coordinate(s)).encode()),
    "HS256 by the key's id": _hmac(lambda s: s.kid.encode()),
    "HS256 by nothing": _hmac(lambda _: b""),
    "HS256 by one byte": _hmac(lambda _: b"a"),
    "HS384 by the public key": _hmac(
        lambda s: _public(s, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), algorithm="HS384"
    ),
    "HS512 by the public key": _hmac(
        lambda s: _public(s, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), algorithm="HS512"
    ),
    "HS256 said, ES256 done": _header(alg="HS256"),
    "RS256": _library(_rsa, "RS256"),
    "RS512": _library(_rsa, "RS512"),
    "PS256": _library(_rsa, "PS256"),
    "EdDSA": _library(ed25519.Ed25519PrivateKey.generate, "EdDSA"),
    "ES384": _library(lambda: ec.generate_private_key(ec.SECP384R1()), "ES384"),
    "ES512": _library(lambda: ec.generate_private_key(ec.SECP521R1()), "ES512"),
    "ES256K": _library(lambda: ec.generate_private_key(ec.SECP256K1()), "ES256K"),
    "ES256 said, another curve's signature": lambda s: s.signed(by=ec.generate_private_key(ec.SECP256K1())),
    "ES256 said, a small curve's signature": lambda s: s.signed(by=ec.generate_private_key(ec.SECP224R1())),
    **{f"{name} said, ES256 done": _header(alg=name) for name in ("ES384", "ES512", "ES256K", "RS256", "PS256")},
    "a weak key": _weak,
}
KEYS: Final[dict[str, Forge]] = {
    "another key under our id": lambda s: s.signed(by=s.other),
    "another key under its own id": _foreign(kid="attacker"),
    "our key under an unknown id": _header(kid="unknown"),
    "kid missing": _header(kid=...),
    "kid empty": _header(kid=""),
    "kid null": _header(kid=None),
    "kid a number": _header(kid=0),
    "kid true": _header(kid=True),
    "kid a list": lambda s: s.signed({"kid": [s.kid]}),
    "kid an object": lambda s: s.signed({"kid": {"kid": s.kid}}),
    "kid very long": _header(kid="k" * 2000),
    "kid in capitals": lambda s: s.signed({"kid": s.kid.swapcase()}),
    "kid and a space": lambda s: s.signed({"kid": f"{s.kid} "}),
    "kid and a null byte": lambda s: s.signed({"kid": f"{s.kid}\0"}),
    "kid and more": lambda s: s.signed({"kid": f"{s.kid}/../{s.kid}"}),
    "kid without its last letter": lambda s: s.signed({"kid": s.kid[:-1]}),
    "kid a pattern": _header(kid="*"),
    "kid a way up": _foreign(kid="../../../../../../dev/null"),
    "kid a way up, signed by nothing": lambda s: s.signed({"kid": "../../dev/null", "alg": "HS256"}, by=s.other),
    "kid a file": _foreign(kid="/etc/passwd"),
    "kid an address": _foreign(kid=EVIL),
    "kid a data address": _foreign(kid="data:application/json,%7B%7D"),
    "kid with SQL": _foreign(kid="' OR 1=1 --"),
    "kid with a union": _foreign(kid="x' UNION SELECT 'AA'; --"),
    "kid with a command": _foreign(kid="x; cat /etc/passwd |"),
    "kid with a template": _foreign(kid="{{7*7}}${7*7}"),
    "embedded jwk under our id": _embedded,
    "embedded jwk under its own id": lambda s: _embedded(s, "attacker"),
    "our own jwk embedded": lambda s: s.signed({"jwk": _jwk(s.private)}),
    "jku": _foreign(jku=EVIL),
    "jku, signed by us": _header(jku=EVIL),
    "x5u": _foreign(x5u=EVIL),
    "x5c": _foreign(x5c=["AAAA"]),
    "x5t": _header(x5t="AAAA"),
    "x5t#S256": _header(**{"x5t#S256": "AAAA"}),
}
SHAPES: Final[dict[str, Forge]] = {
    "crit of a claim": _header(crit=["exp"]),
    "crit of nothing": _header(crit=[]),
    "crit a text": _header(crit="b64"),
    "crit unheard of": _header(crit=["urn:example:new"], **{"urn:example:new": True}),
    "b64 false": _header(b64=False, crit=["b64"]),
    "b64 false and not crit": _header(b64=False),
    "a payload left out": _detached,
    "zip": _header(zip="DEF"),
    "zip, and deflated": _deflated,
    "cty": _header(cty="JWT"),
    "a token in the token": lambda s: s.signed({"cty": "JWT"}, s.signed().encode()),
    "encrypted": _encrypted,
    "typ missing": _header(typ=...),
    "typ null": _header(typ=None),
    "typ a list": _header(typ=["JWT"]),
    "enc": _header(enc="A256GCM"),
    "a name that we do not know": _header(admin=True),
    "alg twice, none last": _twice('"x":0', '"alg":"none"'),
    "alg twice, none first": _twice('"alg":"none"', '"x":0'),
    "kid twice, another's last": _twice('"kid":"x"', '"kid":"attacker"'),
    **{f"typ {typ}": _header(typ=typ) for typ in ("at+jwt", "refresh+jwt", "JWE", "JOSE", "dpop+jwt", "jwt ", "")},
    **{f"a header of {what!r}": partial(Seed.signed, header=what) for what in (b"", b"{}", b"[]", b"null", b'"x"')},
    "a header with a mark before": lambda s: s.signed(b"\xef\xbb\xbf" + json.dumps(s.header).encode()),
    "a header in UTF-16": lambda s: s.signed(json.dumps(s.header).encode("utf-16")),
    "a header of two": lambda s: s.signed(json.dumps(s.header).encode() * 2),
    "a header too deep": lambda s: s.signed(b'{"alg":' + b"[" * 1000),
}
HEADERS: Final = NONE | CONFUSED | KEYS | SHAPES
"""By name, so that a test that fails says which."""
