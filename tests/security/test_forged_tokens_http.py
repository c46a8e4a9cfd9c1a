"""Forged tokens, over HTTP at the running gateway: all are answered 401, and their unforged twin is let in."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm
from tests.end_to_end.patients import assert_problem
from tests.end_to_end.program import Program
from tests.security.forged_claims import CLAIMS
from tests.security.forged_headers import HEADERS
from tests.security.forged_texts import TEXTS
from tests.security.forging import Forge, Seed

FORGED = HEADERS | CLAIMS | TEXTS
GUARDED = "/auth/validate"


def private_key(folder: Path, kid: str, keys: list[dict[str, Any]]) -> EllipticCurvePrivateKey:
    """Find in the program's own folder the key behind a public one."""
    wanted = next(key for key in keys if key["kid"] == kid)
    for file in folder.rglob("*.pem"):
        private = load_pem_private_key(file.read_bytes(), password=None)
        assert isinstance(private, EllipticCurvePrivateKey)
        if ECAlgorithm.to_jwk(private.public_key(), as_dict=True)["x"] == wanted["x"]:
            return private
    pytest.fail("the key that signs is not in the program's folder")


@pytest.fixture(scope="module")
def seed(program: Program, signed_in: dict[str, str]) -> Seed:
    """Give the demo user's token and the very key that the program signs with."""
    token = signed_in["Authorization"].removeprefix("Bearer ")
    keys = httpx.get(f"{program.url}/.well-known/jwks.json", timeout=10).json()["keys"]
    taken = Seed.of(token, ..., int(time.time()))  # type: ignore[arg-type]  # its key is known by its header only
    return Seed.of(token, private_key(program.data, taken.kid, keys), taken.now)


def ask(client: httpx.Client, *authorization: str, path: str = GUARDED, **more: Any) -> httpx.Response:
    """Ask for something guarded, with Authorization fields as they are, in bytes."""
    fields = [(b"authorization", value.encode()) for value in authorization]
    return client.get(path, headers=fields, **more)


def assert_refused(answer: httpx.Response, token: str) -> None:
    """Check for the answer to who is not signed in, which shows nothing of what was sent."""
    problem = assert_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert len(token) < 4 or token not in answer.text
    assert set(problem) <= {"type", "title", "status", "detail", "requestId"}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_answered_401(stranger: httpx.Client, seed: Seed, forge: Forge) -> None:
    """It opens nothing, and the unforged twin, made the same way, still opens what it should."""
    token = forge(seed)
    assert_refused(ask(stranger, f"Bearer {token}"), token)
    twin = ask(stranger, f"Bearer {seed.signed()}")
    assert twin.status_code == 200, twin.text
    assert twin.json()["roles"] == ["admin"]


@pytest.mark.parametrize("asked", ["GET /api/patients", "POST /api/patients", "DELETE /api/patients/x"])
@pytest.mark.parametrize("kind", ["alg 'none', unsigned", "HS256 by x", "another key under our id", "r and s zero"])
def test_a_forged_token_opens_no_other_route(stranger: httpx.Client, seed: Seed, asked: str, kind: str) -> None:
    """Whatever is asked for, the token is read first."""
    answer = stranger.request(*asked.split(), headers={"Authorization": f"Bearer {FORGED[kind](seed)}"})
    assert_problem(answer, 401)


CARRIED: dict[str, Callable[[str], dict[str, Any]]] = {
    "nowhere": lambda _: {},
    "as nothing": lambda _: {"headers": {"Authorization": "Bearer"}},
    "in the query": lambda t: {"params": {"access_token": t}},
    "in the query, by other names": lambda t: {"params": {"token": t, "Authorization": f"Bearer {t}", "jwt": t}},
    "in a cookie": lambda t: {"headers": {"Cookie": f"access_token={t}; token={t}; Authorization=Bearer {t}"}},
    "as Basic": lambda t: {"headers": {"Authorization": f"Basic {t}"}},
    "as Token": lambda t: {"headers": {"Authorization": f"Token {t}"}},
    "as DPoP": lambda t: {"headers": {"Authorization": f"DPoP {t}"}},
    "as JWT": lambda t: {"headers": {"Authorization": f"JWT {t}"}},
    "without a scheme": lambda t: {"headers": {"Authorization": t}},
    "without a space": lambda t: {"headers": {"Authorization": f"Bearer{t}"}},
    "after a colon": lambda t: {"headers": {"Authorization": f"Bearer: {t}"}},
    "after a tab": lambda t: {"headers": {"Authorization": f"Bearer\t{t}"}},
    "after another scheme": lambda t: {"headers": {"Authorization": f"Basic eA==, Bearer {t}"}},
    "before another token": lambda t: {"headers": {"Authorization": f"Bearer {t}, Bearer x"}},
    "as a parameter": lambda t: {"headers": {"Authorization": f"Bearer token={t}"}},
    "in quotes": lambda t: {"headers": {"Authorization": f'Bearer "{t}"'}},
    "in angle brackets": lambda t: {"headers": {"Authorization": f"Bearer <{t}>"}},
    "scheme twice": lambda t: {"headers": {"Authorization": f"Bearer Bearer {t}"}},
    "in a field for proxies": lambda t: {"headers": {"Proxy-Authorization": f"Bearer {t}"}},
    "in a field of ours": lambda t: {"headers": {"X-Authorization": f"Bearer {t}", "X-Access-Token": t}},
    "forwarded": lambda t: {"headers": {"X-Forwarded-Authorization": f"Bearer {t}", "X-Forwarded-User": "admin"}},
    "as a user and a password": lambda t: {"auth": ("Bearer", t)},
}


@pytest.mark.parametrize("way", CARRIED)
def test_a_good_token_carried_wrongly_opens_nothing(stranger: httpx.Client, seed: Seed, way: str) -> None:
    """A token is read from the one field it belongs in, in the one form (RFC 6750, 2.1)."""
    assert_problem(stranger.get("/api/analytics/summary", **CARRIED[way](seed.signed())), 401)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_a_scheme_has_no_case(stranger: httpx.Client, seed: Seed, scheme: str) -> None:
    """RFC 9110, 11.1; this also shows that what is refused above is refused for how it is carried."""
    assert ask(stranger, f"{scheme} {seed.signed()}").status_code == 200


@pytest.mark.parametrize("order", [1, -1])
def test_two_tokens_are_one_too_many(stranger: httpx.Client, seed: Seed, order: int) -> None:
    """Of two fields none is chosen, whichever comes first, so that nobody in between can choose another."""
    fields = [f"Bearer {seed.signed()}", "Bearer x.y.z"][::order]
    assert ask(stranger, *fields).status_code in (400, 401)
    assert ask(stranger, fields[0], fields[0]).status_code in (400, 401)
