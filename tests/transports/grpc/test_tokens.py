"""Call tokens: who calls is believed by whom it calls, for a minute, and nobody else is."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from careplane.kernel.clock import FixedClock
from careplane.kernel.context import Context
from careplane.kernel.errors import Internal, Unauthenticated
from careplane.kernel.principal import ANONYMOUS, Principal, component_principal
from careplane_transports.grpc import tokens as module
from careplane_transports.grpc.call_keys import CallKeys, make_call_keys
from careplane_transports.grpc.tokens import CallTokens, issuer_of

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
N = int(NOW.timestamp())
KEYS = make_call_keys(("gateway", "patient", "billing"))
USER = Principal("0197a6c0-0000-7000-8000-000000000001", ("clerk",), frozenset({"patients:read", "a:b"}), "session-1")
PATIENT = component_principal("patient", "billing:open")


def tokens(keys: CallKeys = KEYS, at: datetime = NOW, **more: Any) -> tuple[CallTokens, FixedClock]:
    """Return what signs and verifies, and its clock."""
    clock = FixedClock(at)
    return CallTokens(keys, clock, **more), clock


def forged(key: Any = None, algorithm: str = "ES256", header: Any = None, **claims: Any) -> str:
    """Return a token that the gateway could have made for billing, but for what is said."""
    said = {
        "iss": "gateway", "aud": "billing", "sub": USER.id, "iat": N, "exp": N + 60,
        "roles": ["clerk"], "scopes": ["patients:read"], "session": "session-1", **claims,
    }  # fmt: skip
    said = {name: value for name, value in said.items() if value is not None}
    heading = {name: value for name, value in {"kid": "gateway", **(header or {})}.items() if value is not None}
    return jwt.encode(said, key or KEYS.private["gateway"], algorithm, heading)


@pytest.mark.parametrize(
    ("principal", "issuer"), [(USER, "gateway"), (USER, "patient"), (ANONYMOUS, "gateway"), (PATIENT, "patient")]
)
def test_who_asks_arrives_whole(principal: Principal, issuer: str) -> None:
    """What was signed in one process is, in another, the same caller with the same rights."""
    token = tokens()[0].sign(principal, issuer, "billing")
    assert tokens()[0].verify(token, "billing") == principal


def test_a_token_is_a_plain_jwt() -> None:
    """PyJWT alone reads it, and requires all that one should be able to require."""
    token = tokens()[0].sign(USER, "gateway", "billing")
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "gateway", "typ": "JWT"}
    options: Any = {"require": ["exp", "iat", "aud", "iss", "sub"], "verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, KEYS.public["gateway"], ["ES256"], audience="billing", issuer="gateway", options=options)
    assert claims == {
        "iss": "gateway", "aud": "billing", "sub": USER.id, "iat": N, "exp": N + 60,
        "roles": ["clerk"], "scopes": ["a:b", "patients:read"], "session": "session-1",
    }  # fmt: skip


def test_the_forgeries_differ_from_a_good_token_in_one_thing_only() -> None:
    """Else they would be refused for another reason than the one tested."""
    assert tokens()[0].verify(forged(), "billing").id == USER.id


FOREIGN = ec.generate_private_key(ec.SECP256R1())
OTHER_CURVE = ec.generate_private_key(ec.SECP384R1())
PUBLIC_PEM = KEYS.public["gateway"].public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def unsigned(alg: str = "none") -> str:
    """Return a token with a signature of zeros."""
    parts = [{"alg": alg, "kid": "gateway", "typ": "JWT"}, jwt.decode(forged(), options={"verify_signature": False})]
    head = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return f"{head}.{'A' * 86}"


def keyed_with_the_public_half() -> str:
    """Return an HMAC token whose secret is what everyone knows: PyJWT refuses to make one, so by hand."""
    import hashlib
    import hmac

    head = unsigned("HS256").rpartition(".")[0]
    made = hmac.digest(PUBLIC_PEM, head.encode(), hashlib.sha256)
    return f"{head}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


REFUSED: dict[str, Callable[[], str]] = {
    "an empty one": lambda: "",
    "no token": lambda: "nonsense",
    "too long a one": lambda: forged(roles=["r" * 10_000]),
    "signed with a foreign key": lambda: forged(FOREIGN),
    "signed with the key of another caller": lambda: forged(KEYS.private["patient"]),
    "signed on another curve": lambda: forged(OTHER_CURVE, "ES384"),
    "unsigned": lambda: unsigned().rpartition(".")[0] + ".",
    "unsigned, in the right shape": unsigned,
    "HMAC with the public key": keyed_with_the_public_half,
    "a signature of zeros": lambda: unsigned("ES256"),
    "changed on the way": lambda: forged()[:120] + ("A" if forged()[120] != "A" else "B") + forged()[121:],
    "cut off": lambda: forged()[:-1],
    "with something behind it": lambda: forged() + "A",
    "an unknown key": lambda: forged(header={"kid": "stranger"}),
    "no key named": lambda: forged(header={"kid": None}),
    "a key of its own": lambda: forged(header={"jwk": {"kty": "EC"}}),
    "a critical extension": lambda: forged(header={"crit": ["exp"]}),
    "another type": lambda: forged(header={"typ": "at+jwt"}),
    "an issuer that is not whose key it is": lambda: forged(iss="patient"),
    "no issuer": lambda: forged(iss=None),
    "another audience": lambda: forged(aud="patient"),
    "several audiences": lambda: forged(aud=["billing", "patient"]),
    "no audience": lambda: forged(aud=None),
    "no subject": lambda: forged(sub=None),
    "an empty subject": lambda: forged(sub=""),
    "another component": lambda: forged(sub="component:patient"),
    "the component called": lambda: forged(sub="component:billing"),
    "no component in particular": lambda: forged(sub="component:"),
    "a component in other letters": lambda: forged(sub="component:Gateway"),
    "no roles": lambda: forged(roles=None),
    "no scopes": lambda: forged(scopes=None),
    "scopes in one text": lambda: forged(scopes="patients:read"),
    "no session": lambda: forged(session=None),
    "no end": lambda: forged(exp=None),
    "an end before its beginning": lambda: forged(exp=N - 1),
    "too far an end": lambda: forged(exp=N + 301),
    "no beginning": lambda: forged(iat=None),
    "a beginning in the future": lambda: forged(iat=N + 6),
    "a time in words": lambda: forged(exp="tomorrow"),
    "claims we do not know": lambda: forged(admin=True),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_anything_wrong_is_refused(name: str) -> None:
    """Whatever is wrong with it; and the answer does not say what, for who sent it may have made it."""
    with pytest.raises(Unauthenticated, match="The call token is not valid") as caught:
        tokens()[0].verify(REFUSED[name](), "billing")
    assert caught.value.meta
    assert USER.id not in str(caught.value.meta)


def test_a_component_is_called_by_those_who_have_business_with_it() -> None:
    """Where it is said who that is, a key alone does not open the door: a billing taken over is nobody to patient."""
    signer, _ = tokens()
    told, _ = tokens(callers={"patient": {"gateway": None}})
    assert told.verify(signer.sign(USER, "gateway", "patient"), "patient") == USER
    assert told.verify(signer.sign(USER, "patient", "billing"), "billing") == USER
    with pytest.raises(Unauthenticated, match="not valid"):
        told.verify(signer.sign(USER, "billing", "patient"), "patient")


def test_a_token_ends() -> None:
    """Remembered or not, it is believed for a minute, with five seconds for clocks that differ, and no longer."""
    token = tokens()[0].sign(USER, "gateway", "billing")
    remembering, clock = tokens()
    for seconds in (0, 59, 64):
        clock.at = NOW + timedelta(seconds=seconds)
        assert remembering.verify(token, "billing") == tokens(at=clock.at)[0].verify(token, "billing") == USER
    clock.at = NOW + timedelta(seconds=65)
    for late in (remembering, remembering, tokens(at=clock.at)[0]):
        with pytest.raises(Unauthenticated, match="has expired"):
            late.verify(token, "billing")


def test_what_was_verified_for_one_component_is_not_for_another() -> None:
    """The memory of one audience does not answer for another."""
    verifier, _ = tokens()
    token = verifier.sign(USER, "gateway", "billing")
    verifier.verify(token, "billing")
    with pytest.raises(Unauthenticated, match="not valid"):
        verifier.verify(token, "patient")


def test_a_token_is_sent_for_half_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then another is made, so that none arrives at its end; for each caller and component there is one of its own."""
    signer, clock = tokens()
    first = signer.sign(USER, "gateway", "billing")
    others = [signer.sign(USER, "gateway", "patient"), signer.sign(USER, "patient", "billing")]
    others.append(signer.sign(ANONYMOUS, "gateway", "billing"))
    assert len({first, *others}) == 4
    clock.at = NOW + timedelta(seconds=29)
    assert signer.sign(Principal(USER.id, USER.roles, USER.scopes, USER.session), "gateway", "billing") == first
    clock.at = NOW + timedelta(seconds=30)
    assert signer.sign(USER, "gateway", "billing") != first


def test_rights_that_changed_are_signed_anew() -> None:
    """Who has lost a scope does not travel with it until the token ends."""
    signer, _ = tokens()
    signer.sign(USER, "gateway", "billing")
    fewer = Principal(USER.id, USER.roles, frozenset(), USER.session)
    assert tokens()[0].verify(signer.sign(fewer, "gateway", "billing"), "billing") == fewer


def test_what_is_remembered_is_bounded_and_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that comes again costs no signature; what was unused for longest is forgotten."""
    checks: list[str] = []
    real = module._jws.decode_complete

    def counted(token: str, *rest: Any, **more: Any) -> Any:
        checks.append(token)
        return real(token, *rest, **more)

    monkeypatch.setattr(module._jws, "decode_complete", counted)
    both, _ = tokens(remembered=2)
    a, b, c = (both.sign(Principal(f"user-{n}"), "gateway", "billing") for n in range(3))
    assert len(both._signed) == 2
    for token in (a, a, b, a, c, a, b):
        both.verify(token, "billing")
    assert checks == [a, b, c, b]
    assert len(both._verified) == 2


def test_who_calls_is_believed_no_more_than_it_needs() -> None:
    """Whoever has the key of a component cannot act with the rights of an administrator, nor where it does not call."""
    admin = Principal("admin", ("admin",), frozenset({"billing:read", "billing:write", "audit:read"}))
    callers = {"billing": {"gateway": None, "patient": frozenset({"billing:open", "billing:read"})}}
    keys = make_call_keys(("gateway", "patient", "analytics"))
    signer, billing = tokens(keys)[0], tokens(keys, callers=callers)[0]
    assert billing.verify(signer.sign(admin, "gateway", "billing"), "billing") == admin
    through = billing.verify(signer.sign(admin, "patient", "billing"), "billing")
    assert (through.id, through.scopes) == (admin.id, frozenset({"billing:read"}))
    with pytest.raises(Unauthenticated, match="not valid"):
        billing.verify(signer.sign(admin, "analytics", "billing"), "billing")


def test_nobody_signs_for_who_does_not_run_here() -> None:
    """The private keys of others are not here, and that is said in the log, not to the caller."""
    here, _ = tokens(CallKeys({"gateway": KEYS.private["gateway"]}, KEYS.public))
    with pytest.raises(Internal) as caught:
        here.sign(PATIENT, "patient", "billing")
    assert "patient" in str(caught.value.meta)


def test_more_than_a_token_holds_is_not_sent() -> None:
    """The other side would refuse it for its size, and nobody would know why."""
    many = Principal("user", tuple(f"role-{n:0>10}" for n in range(1000)))
    with pytest.raises(Internal):
        tokens()[0].sign(many, "gateway", "billing")


@pytest.mark.parametrize("ttl", [0, -1, 301])
def test_a_token_is_short_lived(ttl: int) -> None:
    """Nobody can set another lifetime than one that the other side believes."""
    with pytest.raises(ValueError, match="from 1 to 300"):
        tokens(ttl_s=ttl)


@pytest.mark.parametrize(
    ("context", "issuer"),
    [
        (Context(USER), "gateway"),
        (Context(), "gateway"),
        (Context(USER, chain=("patient",)), "patient"),
        (Context(USER, chain=("analytics", "patient")), "patient"),
        (Context(PATIENT), "patient"),
        (Context(PATIENT, chain=("patient",)), "patient"),
        (Context(component_principal("gateway")), "gateway"),
    ],
)
def test_who_signs(context: Context, issuer: str) -> None:
    """The component that is answering, a component in its own work, and for all else the gateway."""
    assert issuer_of(context) == issuer
