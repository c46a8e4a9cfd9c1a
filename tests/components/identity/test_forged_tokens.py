"""Forged tokens: whatever was not signed here exactly as it comes, and for us, is refused."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.identity.api import TokenVerifier
from careplane.components.identity.keys import SigningKey, key_set
from careplane.kernel.clock import FixedClock
from careplane.kernel.errors import Unauthenticated

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
USER, JTI = UUID(int=7), UUID(int=8)
ISSUER, AUDIENCE = "https://issuer.example", "careplane-tests"
N = int(NOW.timestamp())


def good(key: SigningKey) -> str:
    """Return a token that is believed."""
    return crafted(key, roles=["analyst"])


def verifier_of(*keys: SigningKey) -> TokenVerifier:
    """Return a verifier as the gateway has one."""
    return TokenVerifier(key_set(keys), issuer=ISSUER, audience=AUDIENCE, clock=FixedClock(NOW))


def text64(data: bytes) -> str:
    """Write bytes as a token does."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def crafted(key: Any, claims: Any = None, header: Any = None, **changes: Any) -> str:
    """Sign, with the believed key or another, whatever an attacker might want signed."""
    body = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(USER),
        "iat": N,
        "exp": N + 60,
        "jti": str(JTI),
        "roles": ["admin"],
    }
    body = {name: value for name, value in (body | changes).items() if value is not ...}
    plain = {"alg": "ES256", "typ": "JWT", "kid": key.public.kid}
    plain = {name: value for name, value in (plain | (header or {})).items() if value is not ...}
    payload = claims if isinstance(claims, bytes) else json.dumps(body if claims is None else claims).encode()
    signing_input = f"{text64(json.dumps(plain).encode())}.{text64(payload)}"
    signature = jwt.get_algorithm_by_name("ES256").sign(signing_input.encode(), key.private)
    return f"{signing_input}.{text64(signature)}"


def with_hmac(key: SigningKey) -> str:
    """Sign with the public key as if it were a shared secret."""
    pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header, payload, _ = crafted(key, header={"alg": "HS256"}).split(".")
    return f"{header}.{payload}.{text64(hmac.digest(pem, f'{header}.{payload}'.encode(), hashlib.sha256))}"


def by_library(private: Any, algorithm: str, key: SigningKey) -> str:
    """Sign with a key of another kind under the believed key's id."""
    claims = jwt.decode(crafted(key), options={"verify_signature": False})
    return jwt.encode(claims, private, algorithm, headers={"kid": key.public.kid})


def swapped(key: SigningKey, place: int) -> str:
    """Take one part of the token from another token that is good too."""
    parts, others = good(key).split("."), crafted(key).split(".")
    parts[place] = others[place]
    return ".".join(parts)


def spare_bits(key: SigningKey) -> str:
    """Set a bit of the signature's last character that decoding drops."""
    token = good(key)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def der_signed(key: SigningKey) -> str:
    """Write the signature in DER, as certificates do and tokens do not."""
    from cryptography.hazmat.primitives.hashes import SHA256

    signed, _ = good(key).rsplit(".", 1)
    return f"{signed}.{text64(key.private.sign(signed.encode(), ec.ECDSA(SHA256())))}"


def without(name: str) -> Callable[[SigningKey, SigningKey], str]:
    """Return a forgery that leaves out one claim."""
    return lambda key, _other: crafted(key, **{name: ...})


JWK = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
FORGED: dict[str, Callable[[SigningKey, SigningKey], str]] = {
    "empty": lambda _k, _o: "",
    "no dots": lambda _k, _o: "nodots",
    "only dots": lambda _k, _o: "..",
    "four parts": lambda k, _o: good(k) + ".AAAA",
    "no signature": lambda k, _o: good(k).rsplit(".", 1)[0] + ".",
    "half a signature": lambda k, _o: good(k)[:-43],
    "zero signature": lambda k, _o: good(k).rsplit(".", 1)[0] + "." + "A" * 86,
    "spare bits set": lambda k, _o: spare_bits(k),
    "padding": lambda k, _o: good(k) + "==",
    "DER signature": lambda k, _o: der_signed(k),
    "a space before": lambda k, _o: " " + good(k),
    "a line end after": lambda k, _o: good(k) + "\n",
    "junk in the signature": lambda k, _o: good(k)[:-4] + "!" + good(k)[-4:],
    "not ASCII": lambda k, _o: good(k)[:-1] + "é",
    "a lone surrogate": lambda k, _o: good(k)[:-1] + "\ud800",
    "too long": lambda k, _o: crafted(k, padding="x" * 4096),
    "enormous": lambda _k, _o: "A" * 10_000_000,
    "alg none": lambda k, _o: crafted(k, header={"alg": "none"}),
    "alg none, unsigned": lambda k, _o: crafted(k, header={"alg": "none"}).rsplit(".", 1)[0] + ".",
    "alg None": lambda k, _o: crafted(k, header={"alg": "None"}),
    "alg missing": lambda k, _o: crafted(k, header={"alg": ...}),
    "alg ES384": lambda k, _o: crafted(k, header={"alg": "ES384"}),
    "alg a list": lambda k, _o: crafted(k, header={"alg": ["ES256"]}),
    "HMAC by the public key": lambda k, _o: with_hmac(k),
    "RSA": lambda k, _o: by_library(rsa.generate_private_key(65537, 2048), "RS256", k),
    "Ed25519": lambda k, _o: by_library(ed25519.Ed25519PrivateKey.generate(), "EdDSA", k),
    "another key, its own id": lambda _k, o: good(o),
    "another key, our id": lambda k, o: crafted(o, header={"kid": k.public.kid}),
    "no key id": lambda k, _o: crafted(k, header={"kid": ...}),
    "empty key id": lambda k, _o: crafted(k, header={"kid": ""}),
    "key id with SQL": lambda k, _o: crafted(k, header={"kid": "' OR 1=1 --"}),
    "key id as a path": lambda k, _o: crafted(k, header={"kid": "../../dev/null"}),
    "key id a number": lambda k, _o: crafted(k, header={"kid": 1}),
    "typ missing": lambda k, _o: crafted(k, header={"typ": ...}),
    "typ at+jwt": lambda k, _o: crafted(k, header={"typ": "at+jwt"}),
    "embedded jwk": lambda k, _o: crafted(k, header={"jwk": JWK}),
    "jku": lambda k, _o: crafted(k, header={"jku": "https://evil.example/jwks"}),
    "x5u": lambda k, _o: crafted(k, header={"x5u": "https://evil.example/cert"}),
    "x5c": lambda k, _o: crafted(k, header={"x5c": ["AAAA"]}),
    "crit": lambda k, _o: crafted(k, header={"crit": ["exp"]}),
    "b64 false": lambda k, _o: crafted(k, header={"b64": False, "crit": ["b64"]}),
    "zip": lambda k, _o: crafted(k, header={"zip": "DEF"}),
    "cty": lambda k, _o: crafted(k, header={"cty": "JWT"}),
    "header swapped": lambda k, o: good(o).split(".")[0] + "." + good(k).split(".", 1)[1],
    "payload swapped": lambda k, _o: swapped(k, 1),
    "signature swapped": lambda k, _o: swapped(k, 2),
    "payload no object": lambda k, _o: crafted(k, claims=[1]),
    "payload no JSON": lambda k, _o: crafted(k, claims=b"{"),
    "payload no UTF-8": lambda k, _o: crafted(k, claims=b'{"iss":"\xff"}'),
    "payload too deep": lambda k, _o: crafted(k, claims=b"[" * 2500),
    "other issuer": lambda k, _o: crafted(k, iss="https://evil.example"),
    "other audience": lambda k, _o: crafted(k, aud="another"),
    "audience a list": lambda k, _o: crafted(k, aud=[AUDIENCE, "another"]),
    "audience a prefix": lambda k, _o: crafted(k, aud=AUDIENCE[:-1]),
    "subject no id": lambda k, _o: crafted(k, sub="admin"),
    "subject a number": lambda k, _o: crafted(k, sub=7),
    "roles a text": lambda k, _o: crafted(k, roles="admin"),
    "expired": lambda k, _o: crafted(k, iat=N - 100, exp=N - 5),
    "expired long ago": lambda k, _o: crafted(k, iat=1, exp=2),
    "expires before it begins": lambda k, _o: crafted(k, iat=N + 1, exp=N + 1),
    "from the future": lambda k, _o: crafted(k, iat=N + 6, exp=N + 60),
    "not yet": lambda k, _o: crafted(k, nbf=N + 6),
    "exp a text": lambda k, _o: crafted(k, exp=str(N + 60)),
    "exp a fraction": lambda k, _o: crafted(k, exp=N + 0.5),
    "exp true": lambda k, _o: crafted(k, exp=True),
    "exp infinite": lambda k, _o: crafted(k, exp=float("inf")),
    "exp enormous": lambda k, _o: crafted(k, exp=10**40),
    "good for longer than a day": lambda k, _o: crafted(k, exp=N + 86_401),
    "exp null": lambda k, _o: crafted(k, exp=None),
    **{f"no {name}": without(name) for name in ("iss", "aud", "sub", "iat", "exp", "jti", "roles")},
}  # fmt: skip


def test_a_crafted_token_is_good_as_long_as_nothing_is_changed(key: SigningKey) -> None:
    """The forgeries below start from a token that is believed, so that each fails for its own reason."""
    assert verifier_of(key).verify(crafted(key)).roles == ("admin",)
    assert verifier_of(key).verify(crafted(key, nbf=N)).roles == ("admin",)


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(
    key: SigningKey, other: SigningKey, forge: Callable[[SigningKey, SigningKey], str]
) -> None:
    """It raises Unauthenticated, twice, and the error shows nothing of it."""
    verifier = verifier_of(key)
    token = forge(key, other)
    for _ in range(2):
        with pytest.raises(Unauthenticated) as caught:
            verifier.verify(token)
        assert "Sign in again" in caught.value.detail
        assert not token or token not in f"{caught.value.detail}{caught.value.meta}"


@given(st.text(max_size=300))
def test_no_text_is_too_strange_to_be_refused(key: SigningKey, text: str) -> None:
    """Whatever is sent as a token, the answer is Unauthenticated."""
    with pytest.raises(Unauthenticated):
        verifier_of(key).verify(text)


@pytest.fixture(scope="module")
def token(key: SigningKey) -> str:
    """Give one good token to all examples."""
    return good(key)


@given(st.data())
def test_no_changed_character_goes_unnoticed(key: SigningKey, token: str, data: st.DataObject) -> None:
    """A good token with any one character replaced, left out or doubled is refused."""
    place = data.draw(st.integers(0, len(token) - 1))
    new = data.draw(st.sampled_from(["", token[place] * 2, *sorted(set("AZaz09-_.=~ ") - {token[place]})]))
    with pytest.raises(Unauthenticated):
        verifier_of(key).verify(token[:place] + new + token[place + 1 :])
