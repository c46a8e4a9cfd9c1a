"""Call tokens: who is asking, signed by who calls, for one component and a minute.

A token (JWT, ES256) travels with every call from one process to another, and the component called verifies it itself.
Its issuer is the component that calls, or the gateway; each has a key of its own. Who calls may speak for any user,
since users reach a component through others, but only with the scopes that its own work there needs; and as a component
of the platform only that component itself may speak.
"""

import base64
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, NoReturn

import jwt
import msgspec

from careplane.kernel.clock import Clock
from careplane.kernel.context import Context
from careplane.kernel.errors import Internal, Unauthenticated
from careplane.kernel.principal import Principal
from careplane_transports.grpc.call_keys import CallKeys

ALGORITHM: Final = "ES256"
GATEWAY: Final = "gateway"
TTL_SECONDS: Final = 60
LIFETIME_MAX_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 5.0
LENGTH_MAX: Final = 8192
REMEMBERED: Final = 4096
COMPONENT: Final = "component:"
"""How the ids of principals begin that are components of the platform."""

# An ES256 signature is 64 bytes, so 86 characters, of which the last has four bits to spare: those must be zero.
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")
_INVALID = "The call token is not valid. Check that both processes have the same call keys, and clocks that agree."
_EXPIRED = "The call token has expired. Check that the clocks of both processes agree."


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a header may hold: no `crit`, and no key or address of a key that its sender likes better."""

    alg: str
    kid: str
    typ: str


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token says (RFC 7519); every claim is required."""

    iss: str
    aud: str
    sub: str
    iat: int
    exp: int
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    session: str


class _Verified(msgspec.Struct, frozen=True, gc=False):
    until: float
    principal: Principal


class _Signed(msgspec.Struct, frozen=True, gc=False):
    until: float
    token: str


Callers = Mapping[str, Mapping[str, frozenset[str] | None]]
"""For a component those that may call it, each with the scopes that are believed from it; None means all of them."""

_jws = jwt.PyJWS(algorithms=[ALGORITHM])
_headers = msgspec.json.Decoder(_Header)
_claims = msgspec.json.Decoder(_Claims)


def issuer_of(context: Context) -> str:
    """Return who calls: the component that is answering, else the one whose own work it is, else the gateway."""
    if context.chain:
        return context.chain[-1]
    who = context.principal.id
    return who.removeprefix(COMPONENT) if who.startswith(COMPONENT) else GATEWAY


class CallTokens:
    """Signs tokens for what runs here, and verifies those of others; both are remembered for a while, and bounded."""

    def __init__(
        self,
        keys: CallKeys,
        clock: Clock,
        *,
        callers: Callers | None = None,
        ttl_s: int = TTL_SECONDS,
        remembered: int = REMEMBERED,
    ) -> None:
        """Sign and believe with `keys`; a token made here lasts `ttl_s` seconds, and is sent for half of that.

        A component that `callers` does not name, all may call who have a key, with whatever scopes.
        """
        if not 1 <= ttl_s <= LIFETIME_MAX_SECONDS:
            raise ValueError(f"a call token lasts from 1 to {LIFETIME_MAX_SECONDS} seconds, not {ttl_s}")
        self._keys = keys
        self._clock = clock
        self._callers = dict(callers or {})
        self._ttl_s = ttl_s
        self._bound = remembered
        self._signed: OrderedDict[tuple[Principal, str, str], _Signed] = OrderedDict()
        self._verified: OrderedDict[tuple[str, str], _Verified] = OrderedDict()

    def sign(self, principal: Principal, issuer: str, audience: str) -> str:
        """Return a token by which `issuer`, which runs here, asks the component `audience` for `principal`."""
        now = self._clock.now().timestamp()
        asked = (principal, issuer, audience)
        found = self._signed.get(asked)
        if found is None or now >= found.until:
            found = self._signed[asked] = self._sign(principal, issuer, audience, now)
            if len(self._signed) > self._bound:
                self._signed.popitem(last=False)
        self._signed.move_to_end(asked)
        return found.token

    def verify(self, token: str, audience: str) -> Principal:
        """Return for whom the token asks `audience`; raise Unauthenticated unless everything about it is right."""
        now = self._clock.now().timestamp()
        asked = (token, audience)
        found = self._verified.get(asked)
        if found is None:
            found = self._verified[asked] = self._checked(self._read(token), audience, now)
            if len(self._verified) > self._bound:
                self._verified.popitem(last=False)
        elif now >= found.until:
            del self._verified[asked]
            raise Unauthenticated(_EXPIRED)
        else:
            self._verified.move_to_end(asked)
        return found.principal

    def _sign(self, principal: Principal, issuer: str, audience: str, now: float) -> _Signed:
        key = self._keys.private.get(issuer)
        if key is None:
            raise Internal(meta={"no call key in grpc.keys_dir for": issuer})
        iat = int(now)
        scopes = tuple(sorted(principal.scopes))
        exp = iat + self._ttl_s
        claims = _Claims(issuer, audience, principal.id, iat, exp, principal.roles, scopes, principal.session)
        token = _jws.encode(msgspec.json.encode(claims), key, ALGORITHM, {"kid": issuer})
        if len(token) > LENGTH_MAX:
            raise Internal(meta={"call token": "more roles and scopes than it holds", "length": len(token)})
        return _Signed(iat + self._ttl_s / 2, token)

    def _read(self, token: str) -> _Claims:
        shape = _SHAPE.fullmatch(token) if len(token) <= LENGTH_MAX else None
        if shape is None:
            _refuse("shape")
        try:
            header = _headers.decode(_decoded(shape[1]))
            if header.alg != ALGORITHM or header.typ != "JWT":
                _refuse("header")
            key = self._keys.public.get(header.kid)
            if key is None:
                _refuse("unknown issuer")
            claims = _claims.decode(_jws.decode_complete(token, key, algorithms=[ALGORITHM])["payload"])
        except (ValueError, msgspec.MsgspecError, jwt.PyJWTError) as error:
            raise Unauthenticated(_INVALID, meta={"call token": type(error).__name__}) from None
        if claims.iss != header.kid:
            _refuse("issuer is not whose key it is")
        return claims

    def _checked(self, claims: _Claims, audience: str, now: float) -> _Verified:
        if claims.aud != audience:
            _refuse("for another component")
        callers = self._callers.get(audience, {claims.iss: None})
        if claims.iss not in callers:
            _refuse("from who does not call this component")
        if not claims.sub or (claims.sub.startswith(COMPONENT) and claims.sub != COMPONENT + claims.iss):
            _refuse("speaks as another component")
        if claims.iat > now + LEEWAY_SECONDS or not 0 < claims.exp - claims.iat <= LIFETIME_MAX_SECONDS:
            _refuse("times")
        until = claims.exp + LEEWAY_SECONDS
        if now >= until:
            raise Unauthenticated(_EXPIRED)
        said, believed = frozenset(claims.scopes), callers[claims.iss]
        scopes = said if believed is None else said & believed
        return _Verified(until, Principal(claims.sub, claims.roles, scopes, claims.session))


def _refuse(reason: str) -> NoReturn:
    raise Unauthenticated(_INVALID, meta={"call token": reason})


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
