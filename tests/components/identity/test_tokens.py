"""Tokens: what was signed here is believed, by anyone with the keys, until it expires."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.identity.api import ROLES, KeySet, RoleTable, TokenVerifier
from careplane.components.identity.signing.keys import SigningKey, key_set
from careplane.components.identity.signing.tokens import TokenSigner
from careplane.kernel.clock import FixedClock
from careplane.kernel.errors import Unauthenticated

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
USER, JTI, SESSION = UUID(int=7), UUID(int=8), UUID(int=9)
ISSUER, AUDIENCE = "https://issuer.example", "careplane-tests"
N = int(NOW.timestamp())


def signer_of(key: SigningKey, issuer: str = ISSUER, audience: str = AUDIENCE) -> TokenSigner:
    """Return a signer as the platform has one."""
    return TokenSigner(lambda _: key, issuer=issuer, audience=audience, ttl_s=900)


def verifier_of(*keys: SigningKey, at: datetime = NOW, **more: Any) -> tuple[TokenVerifier, FixedClock]:
    """Return a verifier as the gateway has one, and its clock."""
    clock = FixedClock(at)
    scopes = RoleTable.configured({}).scopes_of
    return TokenVerifier(
        key_set(keys), issuer=ISSUER, audience=AUDIENCE, clock=clock, **{"scopes": scopes, **more}
    ), clock


def good(key: SigningKey) -> str:
    """Return a token that is believed."""
    return signer_of(key).issue(USER, ("analyst",), session=SESSION, epoch=3, now=NOW, jti=JTI)


def test_a_token_says_who_and_which_roles(key: SigningKey) -> None:
    """What went in comes out, with the scopes of the roles."""
    principal = verifier_of(key)[0].verify(good(key))
    assert (principal.id, principal.roles, principal.session) == (str(USER), ("analyst",), str(SESSION))
    assert principal.scopes == {"analytics:read"}


def test_a_token_is_a_plain_jwt_that_others_can_verify(key: SigningKey) -> None:
    """PyJWT alone, with the published key set, reads the same claims."""
    published = jwt.PyJWKSet.from_json(json.dumps({"keys": [vars_of(key)]}))
    token = good(key)
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "ES256", "kid": key.public.kid, "typ": "JWT"}
    claims = jwt.decode(
        token, published[header["kid"]].key, ["ES256"], audience=AUDIENCE,
        options={"verify_iat": False, "verify_exp": False},
    )  # fmt: skip
    assert claims == {
        "iss": ISSUER, "aud": AUDIENCE, "sub": str(USER), "iat": N,
        "exp": N + 900, "jti": str(JTI), "sid": str(SESSION), "epoch": 3, "roles": ["analyst"],
    }  # fmt: skip


def vars_of(key: SigningKey) -> dict[str, str]:
    """Return a public key's fields."""
    return {name: getattr(key.public, name) for name in key.public.__struct_fields__}


def test_a_remembered_token_ends_with_its_time(key: SigningKey) -> None:
    """Remembered or not, it is believed to five seconds after its end and not a second longer."""
    verifier, clock = verifier_of(key)
    token = good(key)
    for seconds in (0, 899, 904):
        clock.at = NOW + timedelta(seconds=seconds)
        assert verifier.verify(token).id == str(USER)
        assert verifier_of(key, at=clock.at)[0].verify(token).id == str(USER)
    clock.at = NOW + timedelta(seconds=905)
    for late in (verifier, verifier, verifier_of(key, at=clock.at)[0]):
        with pytest.raises(Unauthenticated, match="has expired"):
            late.verify(token)


def test_what_is_remembered_is_bounded_and_verified_once(key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that comes again costs no signature check; the one unused for longest is forgotten."""
    from careplane.components.identity.signing import tokens

    checks: list[str] = []
    real = tokens._jws.decode_complete

    def counted(token: str, *rest: Any, **more: Any) -> Any:
        checks.append(token)
        return real(token, *rest, **more)

    monkeypatch.setattr(tokens._jws, "decode_complete", counted)
    verifier, _ = verifier_of(key, remembered=2)
    a, b, c = (signer_of(key).issue(USER, (), session=SESSION, epoch=0, now=NOW, jti=UUID(int=n)) for n in range(3))
    for token in (a, a, b, a, c, a, b):
        verifier.verify(token)
    assert checks == [a, b, c, b]
    assert len(verifier._verified) == 2


def test_keys_can_be_replaced(key: SigningKey, other: SigningKey) -> None:
    """A second key is believed beside the first, and one taken away is not believed even if it was remembered."""
    verifier, _ = verifier_of(key)
    verifier.learn(key_set((other, key)))
    assert verifier.verify(good(key)) == verifier.verify(good(other))
    verifier.learn(key_set((other,)))
    verifier.verify(good(other))
    with pytest.raises(Unauthenticated):
        verifier.verify(good(key))
    verifier.learn(KeySet(keys=()))
    with pytest.raises(Unauthenticated):
        verifier.verify(good(other))


def test_the_leeway_cannot_be_widened(key: SigningKey) -> None:
    """Whatever is asked for, two clocks may be five seconds apart at most."""
    verifier, _ = verifier_of(key, at=NOW + timedelta(seconds=906), leeway_s=3600.0)
    with pytest.raises(Unauthenticated):
        verifier.verify(good(key))


@given(st.lists(st.sampled_from([*ROLES, "emperor", ""]), max_size=4))
def test_scopes_add_up(roles: list[str]) -> None:
    """Several roles give what each gives, and a role that does not exist gives nothing."""
    assert RoleTable.configured({}).scopes_of(roles) == {scope for role in roles for scope in ROLES.get(role, ())}
