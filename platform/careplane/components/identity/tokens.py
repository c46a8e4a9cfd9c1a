"""Tokens: made here when somebody signs in, and verified by whoever has the public keys, without asking anybody."""

import base64
import hashlib
import re
from collections import OrderedDict
from datetime import datetime
from typing import Final, NoReturn
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from jwt.algorithms import ECAlgorithm

from careplane.components.identity.domain import scopes_of
from careplane.components.identity.keys import ALGORITHM, SigningKey
from careplane.components.identity.messages import KeySet
from careplane.kernel.clock import Clock
from careplane.kernel.errors import Unauthenticated
from careplane.kernel.principal import Principal

LENGTH_MAX: Final = 4096
LEEWAY_MAX_SECONDS: Final = 5.0
LIFETIME_MAX_SECONDS: Final = 86_400
REMEMBERED: Final = 10_000

# An ES256 signature is 64 bytes, so 86 characters, of which the last has four bits to spare: those must be zero.
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")
_INVALID = "The token is not valid. Sign in again and send the new one as 'Authorization: Bearer <token>'."
_EXPIRED = "The token has expired. Sign in again and send the new one as 'Authorization: Bearer <token>'."


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a header may hold: no `crit`, and no key or address of a key that its sender likes better."""

    alg: str
    kid: str
    typ: str


class _Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a token says (RFC 7519); claims that are not named here mean nothing to us."""

    iss: str
    aud: str
    sub: UUID
    iat: int
    exp: int
    jti: UUID
    roles: tuple[str, ...]
    nbf: int | None = None


_jws = jwt.PyJWS(algorithms=[ALGORITHM])
_headers = msgspec.json.Decoder(_Header)
_claims = msgspec.json.Decoder(_Claims)


class TokenSigner:
    """Makes tokens under one key."""

    def __init__(self, key: SigningKey, *, issuer: str, audience: str, ttl_s: int) -> None:
        """Sign with `key`, for `ttl_s` seconds."""
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self.ttl_s = ttl_s

    def issue(self, user_id: UUID, roles: tuple[str, ...], *, now: datetime, jti: UUID) -> str:
        """Return a token that says who the user is and which roles they have."""
        iat = int(now.timestamp())
        claims = _Claims(self._issuer, self._audience, user_id, iat, iat + self.ttl_s, jti, roles)
        headers = {"kid": self._key.public.kid}
        return _jws.encode(msgspec.json.encode(claims), self._key.private, ALGORITHM, headers)


class TokenVerifier:
    """Tells whose token it is; a token once verified is remembered, by its digest, until it expires."""

    def __init__(
        self,
        keys: KeySet,
        *,
        issuer: str,
        audience: str,
        clock: Clock,
        leeway_s: float = LEEWAY_MAX_SECONDS,
        remembered: int = REMEMBERED,
    ) -> None:
        """Believe tokens under `keys` from `issuer` to `audience`, with at most five seconds between two clocks."""
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._leeway_s = min(leeway_s, LEEWAY_MAX_SECONDS)
        self._bound = remembered
        self._verified: OrderedDict[bytes, tuple[int, Principal]] = OrderedDict()
        self._keys: dict[str, EllipticCurvePublicKey] = {}
        self.learn(keys)

    def learn(self, keys: KeySet) -> None:
        """Believe these keys from now on, and no others."""
        self._keys = {key.kid: _public_key(key.x, key.y) for key in keys.keys if key.alg == ALGORITHM}
        self._verified.clear()

    def verify(self, token: str) -> Principal:
        """Return who the token says it is from; raise Unauthenticated unless everything about it is right."""
        if len(token) > LENGTH_MAX or not token.isascii():
            _refuse("size")
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock.now().timestamp()
        remembered = self._verified.get(digest)
        if remembered is None:
            return self._remember(digest, self._read(token), now)
        expires, principal = remembered
        if now >= expires + self._leeway_s:
            del self._verified[digest]
            raise Unauthenticated(_EXPIRED)
        self._verified.move_to_end(digest)
        return principal

    def _read(self, token: str) -> _Claims:
        shape = _SHAPE.fullmatch(token)
        if shape is None:
            _refuse("shape")
        try:
            header = _headers.decode(_decoded(shape[1]))
            key = self._keys.get(header.kid)
            if key is None or header.alg != ALGORITHM or header.typ != "JWT":
                _refuse("header")
            return _claims.decode(_jws.decode_complete(token, key, algorithms=[ALGORITHM])["payload"])
        except (ValueError, msgspec.MsgspecError, jwt.PyJWTError) as error:
            raise Unauthenticated(_INVALID, meta={"token": type(error).__name__}) from None

    def _remember(self, digest: bytes, claims: _Claims, now: float) -> Principal:
        if claims.iss != self._issuer or claims.aud != self._audience:
            _refuse("not for us")
        begun = max(claims.iat, claims.nbf or claims.iat) <= now + self._leeway_s
        if not begun or not 0 < claims.exp - claims.iat <= LIFETIME_MAX_SECONDS:
            _refuse("times")
        if now >= claims.exp + self._leeway_s:
            raise Unauthenticated(_EXPIRED)
        principal = Principal(id=str(claims.sub), roles=claims.roles, scopes=scopes_of(claims.roles))
        self._verified[digest] = (claims.exp, principal)
        if len(self._verified) > self._bound:
            self._verified.popitem(last=False)
        return principal


def _refuse(reason: str) -> NoReturn:
    raise Unauthenticated(_INVALID, meta={"token": reason})


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _public_key(x: str, y: str) -> EllipticCurvePublicKey:
    key = ECAlgorithm.from_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    return key if isinstance(key, EllipticCurvePublicKey) else key.public_key()
