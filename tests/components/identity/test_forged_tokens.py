"""Forged tokens, straight at the verifier: whatever was not signed here exactly as it comes, and for us, is refused."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm
from tests.security.forged_claims import CLAIMS
from tests.security.forged_headers import HEADERS
from tests.security.forged_texts import TEXTS, UNSENDABLE
from tests.security.forging import ORDER, Forge, Seed, new_key

from careplane.components.identity.api import RoleTable, TokenVerifier
from careplane.components.identity.messages import KeySet, PublicKey
from careplane.kernel.clock import FixedClock
from careplane.kernel.errors import Unauthenticated

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
N = int(NOW.timestamp())
KINDS_AT_LEAST = 60
CLAIMS_OF_OURS = {
    "iss": "https://issuer.example",
    "aud": "careplane-tests",
    "sub": str(UUID(int=7)),
    "iat": N,
    "exp": N + 60,
    "jti": str(UUID(int=8)),
    "roles": ["admin"],
    "sid": str(UUID(int=9)),
    "epoch": 0,
}
PRIVATE, NEXT = new_key(), new_key()
SEED = Seed(PRIVATE, new_key(), {"alg": "ES256", "typ": "JWT", "kid": "ours"}, CLAIMS_OF_OURS, N)
TOKEN = SEED.signed()
FORGED = HEADERS | CLAIMS | TEXTS | UNSENDABLE


def public(kid: str, key: EllipticCurvePrivateKey) -> PublicKey:
    """Return what the world may know of a key."""
    jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return PublicKey(kid=kid, kty="EC", crv="P-256", x=jwk["x"], y=jwk["y"], alg="ES256", use="sig")


def new_verifier() -> TokenVerifier:
    """Make a verifier as the gateway has one; it believes a second key too."""
    keys = KeySet(keys=(public("ours", PRIVATE), public("next", NEXT)))
    return TokenVerifier(
        keys,
        issuer=str(CLAIMS_OF_OURS["iss"]),
        audience=str(CLAIMS_OF_OURS["aud"]),
        clock=FixedClock(NOW),
        scopes=RoleTable.configured({}).scopes_of,
    )


@pytest.fixture
def verifier() -> TokenVerifier:
    """Give a verifier that has seen no token."""
    return new_verifier()


def assert_refused(verifier: TokenVerifier, token: str) -> None:
    """Check that a token is refused, twice, by an error that shows nothing of it."""
    for _ in range(2):
        with pytest.raises(Unauthenticated) as caught:
            verifier.verify(token)
        assert "Sign in again" in caught.value.detail
        assert not token or token not in f"{caught.value.detail}{caught.value.meta}"


def test_there_are_kinds_enough() -> None:
    """Each kind is another text, so that none is there twice under two names."""
    assert len(FORGED) >= KINDS_AT_LEAST
    assert len(FORGED) == len(HEADERS) + len(CLAIMS) + len(TEXTS) + len(UNSENDABLE)


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(verifier: TokenVerifier, forge: Forge) -> None:
    """It is refused, and its unforged twin is believed before and after."""
    twin = SEED.signed()
    assert verifier.verify(twin).roles == ("admin",)
    assert_refused(verifier, forge(SEED))
    assert verifier.verify(twin).roles == ("admin",)
    assert verifier.verify(SEED.signed()).roles == ("admin",)


@pytest.mark.parametrize("claims", [{"nbf": N}, {"unheard-of": [1]}, {"exp": N + 1}, {"roles": ["admin"], "x": "é"}])
def test_a_token_made_the_same_way_is_believed(verifier: TokenVerifier, claims: dict[str, object]) -> None:
    """What forgeries are made with makes good tokens too, so that each fails for its own reason."""
    assert verifier.verify(SEED.signed(claims=claims)).roles == ("admin",)
    assert verifier.verify(SEED.signed({"kid": "next"}, claims, by=NEXT)).roles == ("admin",)


def test_each_key_signs_under_its_own_id_only(verifier: TokenVerifier) -> None:
    """Two keys are believed, and neither in the other's name."""
    assert_refused(verifier, SEED.signed({"kid": "next"}))
    assert_refused(verifier, SEED.signed(by=NEXT))


def test_the_other_half_of_a_signature_says_the_same(verifier: TokenVerifier) -> None:
    """ECDSA takes (r, -s) for (r, s), so one token has two texts: nothing may go by the text of a token.

    Whoever it is taken from, its claims are those that were signed; revocation goes by session, user and epoch.
    """
    r, s = SEED.numbers(SEED.text())
    assert verifier.verify(SEED.with_numbers(r, ORDER - s)) == verifier.verify(SEED.with_numbers(r, s))


@given(st.text(max_size=300))
def test_no_text_is_too_strange_to_be_refused(text: str) -> None:
    """Whatever is sent as a token, the answer is Unauthenticated."""
    with pytest.raises(Unauthenticated):
        new_verifier().verify(text)


@given(st.data())
def test_no_changed_character_goes_unnoticed(data: st.DataObject) -> None:
    """A good token with any one character replaced, left out or doubled is refused."""
    place = data.draw(st.integers(0, len(TOKEN) - 1))
    new = data.draw(st.sampled_from(["", TOKEN[place] * 2, *sorted(set("AZaz09-_.=~ ") - {TOKEN[place]})]))
    with pytest.raises(Unauthenticated):
        new_verifier().verify(TOKEN[:place] + new + TOKEN[place + 1 :])
