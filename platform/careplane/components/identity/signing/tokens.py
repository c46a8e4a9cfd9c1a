"""Tokens: made here when somebody signs in, and verified by whoever has the public keys, without asking anybody."""

import base64
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, NoReturn
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from jwt.algorithms import ECAlgorithm

from careplane.components.identity.messages import KeySet
from careplane.components.identity.signing.denied import Denied
from careplane.components.identity.signing.keys import ALGORITHM, SigningKey
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
_ENDED = "The session of this token has ended. Sign in again and send the new one as 'Authorization: Bearer <token>'."


class UnknownKey(Unauthenticated):
    """The token names a key that is not known here, or not yet."""

    default_detail = _INVALID


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
    sid: UUID
    epoch: int
    roles: tuple[str, ...]
    nbf: int | None = None


_jws = jwt.PyJWS(algorithms=[ALGORITHM])
_headers = msgspec.json.Decoder(_Header)
_claims = msgspec.json.Decoder(_Claims)


class _Verified(msgspec.Struct, frozen=True, gc=False):
    """A token that was found good: until when, under which key, and whose."""

    until: float
    kid: str
    epoch: int
    principal: Principal


class TokenSigner:
    """Makes tokens under the key of the moment."""

    def __init__(self, key_at: Callable[[datetime], SigningKey], *, issuer: str, audience: str, ttl_s: int) -> None:
        """Sign with the key that `key_at` names for the time, for `ttl_s` seconds."""
        self._key_at = key_at
        self._issuer = issuer
        self._audience = audience
        self.ttl_s = ttl_s

    def issue(
        self, user_id: UUID, roles: tuple[str, ...], *, session: UUID, epoch: int, now: datetime, jti: UUID
    ) -> str:
        """Return a token that says who the user is, which roles they have, and which sign-in it came of."""
        iat = int(now.timestamp())
        claims = _Claims(self._issuer, self._audience, user_id, iat, iat + self.ttl_s, jti, session, epoch, roles)
        key = self._key_at(now)
        return _jws.encode(msgspec.json.encode(claims), key.private, ALGORITHM, {"kid": key.public.kid})


class TokenVerifier:
    """Tells whose token it is; a token once verified is remembered, by its digest, until it expires."""

    def __init__(
        self,
        keys: KeySet,
        *,
        issuer: str,
        audience: str,
        clock: Clock,
        scopes: Callable[[Iterable[str]], frozenset[str]],
        leeway_s: float = LEEWAY_MAX_SECONDS,
        remembered: int = REMEMBERED,
    ) -> None:
        """Believe tokens under `keys` from `issuer` to `audience`, with at most five seconds between two clocks.

        `scopes` tells what roles give, as configured.
        """
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._leeway_s = min(leeway_s, LEEWAY_MAX_SECONDS)
        self._bound = remembered
        self._scopes = scopes
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._keys: dict[str, EllipticCurvePublicKey] = {}
        self._known: KeySet | None = None
        self.denied = Denied()
        self.learn(keys)

    def learn(self, keys: KeySet) -> None:
        """Believe these keys from now on, and no others."""
        if keys == self._known:
            return
        self._keys = {key.kid: _public_key(key.x, key.y) for key in keys.keys if key.alg == ALGORITHM}
        self._verified = OrderedDict((digest, v) for digest, v in self._verified.items() if v.kid in self._keys)
        self._known = keys

    def verify(self, token: str) -> Principal:
        """Return who the token says it is from; raise Unauthenticated unless everything about it is right."""
        if len(token) > LENGTH_MAX or not token.isascii():
            _refuse("size")
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock.now().timestamp()
        found = self._verified.get(digest)
        if found is None:
            found = self._remember(digest, *self._read(token), now)
        elif now >= found.until:
            del self._verified[digest]
            raise Unauthenticated(_EXPIRED)
        else:
            self._verified.move_to_end(digest)
        principal = found.principal
        if self.denied.covers(principal.session, principal.id, found.epoch):
            raise Unauthenticated(_ENDED)
        return principal

    def remembers(self, token: str) -> bool:
        """Tell whether the token has been verified before, without looking into one that has not."""
        return len(token) <= LENGTH_MAX and hashlib.sha256(token.encode()).digest() in self._verified

    def _read(self, token: str) -> tuple[str, _Claims]:
        shape = _SHAPE.fullmatch(token)
        if shape is None:
            _refuse("shape")
        try:
            header = _headers.decode(_decoded(shape[1]))
            if header.alg != ALGORITHM or header.typ != "JWT":
                _refuse("header")
            key = self._keys.get(header.kid)
            if key is None:
                raise UnknownKey(meta={"token": "unknown key"})
            return header.kid, _claims.decode(_jws.decode_complete(token, key, algorithms=[ALGORITHM])["payload"])
        except (ValueError, msgspec.MsgspecError, jwt.PyJWTError) as error:
            raise Unauthenticated(_INVALID, meta={"token": type(error).__name__}) from None

    def _remember(self, digest: bytes, kid: str, claims: _Claims, now: float) -> _Verified:
        if claims.iss != self._issuer or claims.aud != self._audience:
            _refuse("not for us")
        begun = max(claims.iat, claims.nbf or claims.iat) <= now + self._leeway_s
        if not begun or not 0 < claims.exp - claims.iat <= LIFETIME_MAX_SECONDS:
            _refuse("times")
        until = claims.exp + self._leeway_s
        if now >= until:
            raise Unauthenticated(_EXPIRED)
        principal = Principal(str(claims.sub), claims.roles, self._scopes(claims.roles), str(claims.sid))
        found = self._verified[digest] = _Verified(until, kid, claims.epoch, principal)
        if len(self._verified) > self._bound:
            self._verified.popitem(last=False)
        return found


def _refuse(reason: str) -> NoReturn:
    raise Unauthenticated(_INVALID, meta={"token": reason})


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _public_key(x: str, y: str) -> EllipticCurvePublicKey:
    key = ECAlgorithm.from_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    return key if isinstance(key, EllipticCurvePublicKey) else key.public_key()
