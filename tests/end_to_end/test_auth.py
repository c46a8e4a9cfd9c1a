"""Signing in over HTTP, asking about a token, and the public keys."""

import base64
import json
import statistics
import time
from typing import Any

import httpx
import jwt
import pytest
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.patients import assert_problem, somebody
from tests.end_to_end.program import DEMO_EMAIL, DEMO_PASSWORD, REAL_HASHING, Program, run_careplane

GUARDED = (
    ("GET", "/auth/validate"),
    ("GET", "/api/patients"),
    ("POST", "/api/patients"),
    ("GET", "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057"),
    ("PUT", "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057"),
    ("PATCH", "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057"),
    ("DELETE", "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057"),
    ("POST", "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057/restore"),
    ("GET", "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057/history"),
    ("GET", "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057/history/1"),
    ("GET", "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057/billing-account"),
    ("GET", "/api/analytics/summary"),
    ("GET", "/api/analytics/registrations"),
    ("GET", "/api/analytics/demographics"),
)


def log_in(client: httpx.Client, email: str = DEMO_EMAIL, password: str = DEMO_PASSWORD) -> httpx.Response:
    """Try to sign in."""
    return client.post("/auth/login", json={"email": email, "password": password})


def token_of(signed_in: dict[str, str]) -> str:
    """Return the token out of a header."""
    return signed_in["Authorization"].removeprefix("Bearer ")


def test_the_demo_user_signs_in(stranger: httpx.Client) -> None:
    """The answer is a bearer token and for how many seconds it is good, and nobody may store it."""
    answer = log_in(stranger)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"token", "tokenType", "expiresIn", "refreshToken", "refreshExpiresIn", "device"}
    assert body["tokenType"] == "Bearer"
    claims = jwt.decode(body["token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == body["expiresIn"] == 7200
    assert claims.keys() == {"iss", "aud", "sub", "iat", "exp", "jti", "sid", "epoch", "roles"}
    assert claims["roles"] == ["admin"]
    assert DEMO_EMAIL not in str(claims)


def test_the_case_of_an_email_does_not_matter(stranger: httpx.Client) -> None:
    """People write their address as they like."""
    assert log_in(stranger, DEMO_EMAIL.upper()).status_code == 200


def test_whatever_is_wrong_the_answer_is_the_same(stranger: httpx.Client) -> None:
    """Unknown user, wrong password and what cannot be an address get one answer, word for word, header for header."""
    answers = [
        log_in(stranger, password="wrong-password"),
        log_in(stranger, email="nobody@example.org"),
        log_in(stranger, email="not an address"),
        log_in(stranger, password="pass\x07word"),
        log_in(stranger, password="x" * 2000),
        log_in(stranger, password=""),
    ]
    ids = {"x-request-id", "traceparent", "date", "ratelimit"}
    seen = set()
    for answer in answers:
        problem = assert_problem(answer, 401)
        problem.pop("requestId")
        headers = {name: value for name, value in answer.headers.items() if name not in ids}
        headers["content-length"] = "whatever"
        seen.add(json.dumps([problem, headers], sort_keys=True))
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert len(seen) == 1


@pytest.mark.alone
def test_unknown_users_take_as_long_as_wrong_passwords(start_program: StartProgram) -> None:
    """The time of the answer does not tell whether somebody has an account, at what a password really costs."""
    program = start_program(**REAL_HASHING)

    def seconds(email: str) -> float:
        begun = time.perf_counter()
        assert log_in(client, email, "wrong-password").status_code == 401
        return time.perf_counter() - begun

    with httpx.Client(base_url=program.url, timeout=30.0) as client:
        # Alternating, so that whatever else the machine does falls on both.
        pairs = [(seconds(DEMO_EMAIL), seconds("nobody@example.org")) for _ in range(8)]
    known = statistics.median(pair[0] for pair in pairs)
    unknown = statistics.median(pair[1] for pair in pairs)
    assert 0.5 < known / unknown < 2.0, (known, unknown)


@pytest.mark.parametrize("lacks", ["email", "password"])
def test_a_sign_in_needs_both(stranger: httpx.Client, lacks: str) -> None:
    """What is missing is named."""
    body = {"email": "a@example.org", "password": "secret-secret"}
    del body[lacks]
    assert_problem(stranger.post("/auth/login", json=body), 400, lacks)


def test_a_good_token_is_valid(client: httpx.Client) -> None:
    """Whoever asks is told whose token it is and what it gives."""
    answer = client.get("/auth/validate")
    assert answer.status_code == 200
    body = answer.json()
    assert body["roles"] == ["admin"]
    assert "patients:write" in body["scopes"]
    assert set(body) == {"userId", "roles", "scopes"}


def forged(token: str) -> dict[str, str]:
    """Return tokens that must not pass, by what is wrong with them."""
    head, body, signature = token.split(".")

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    return {
        "empty signature": f"{head}.{body}.",
        "another signature": f"{head}.{body}.{signature[::-1]}",
        "other claims": f"{head}.{part({**claims, 'roles': ['auditor']})}.{signature}",
        "no algorithm": f"{part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{body}.",
        "a secret of one's own": jwt.encode(claims, "x" * 32, "HS256", {"kid": kid}),
        "not a token": "abc.def.ghi",
        "too long": token + "A" * 8000,
    }


def test_no_other_token_passes(stranger: httpx.Client, signed_in: dict[str, str]) -> None:
    """Forged, changed and senseless tokens are answered 401, and say that the token is what is wrong."""
    for kind, token in forged(token_of(signed_in)).items():
        answer = stranger.get("/auth/validate", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, kind
        assert_problem(answer, 401)
        assert 'error="invalid_token"' in answer.headers["www-authenticate"], kind


@pytest.mark.parametrize("sent", [None, "", "Basic dGVzdDp0ZXN0", "Bearer", "Bearer a b", "token"])
def test_no_token_is_not_valid(stranger: httpx.Client, sent: str | None) -> None:
    """Without a token, or with something that is none, the answer is 401 with a challenge."""
    headers = {} if sent is None else {"Authorization": sent}
    answer = stranger.get("/auth/validate", headers=headers)
    assert_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_nothing_is_given_to_strangers(stranger: httpx.Client, method: str, path: str) -> None:
    """Every path but sign-in, keys, documentation and health asks for a token, before it looks at anything else."""
    body = somebody() if method in {"POST", "PUT", "PATCH"} and not path.endswith("restore") else None
    assert_problem(stranger.request(method, path, json=body), 401)


def test_tokens_verify_with_the_public_keys(stranger: httpx.Client, signed_in: dict[str, str]) -> None:
    """Anybody can check a token with the key that its `kid` names; no private part is shown."""
    answer = stranger.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    keys = answer.json()["keys"]
    assert keys
    assert all(key["use"] == "sig" and key["kid"] and "d" not in key for key in keys)
    token = token_of(signed_in)
    kid = jwt.get_unverified_header(token)["kid"]
    jwk = next(key for key in keys if key["kid"] == kid)
    claims = jwt.decode(
        token, jwt.PyJWK(jwk).key, algorithms=[jwk["alg"]], audience="careplane", issuer="https://careplane.local"
    )
    assert jwk["alg"] in {"ES256", "EdDSA"}
    assert claims["sub"]


def test_roles_give_what_they_give_and_no_more(program: Program) -> None:
    """Somebody who may only read analytics is refused the patients, by name of the scope that is missing."""
    email, password = "analyst@example.org", "purple otters climb ladders"
    added = run_careplane(
        "users", "add", email, "--role", "analyst", "--data", str(program.data), stdin=f"{password}\n"
    )
    assert added.returncode == 0, added.stderr
    with httpx.Client(base_url=program.url, headers=program.sign_in(email, password), timeout=30.0) as analyst:
        assert analyst.get("/api/analytics/summary").status_code == 200
        assert analyst.get("/auth/validate").json()["scopes"] == ["analytics:read"]
        assert "patients:read" in assert_problem(analyst.get("/api/patients"), 403)["detail"]
        assert "patients:write" in assert_problem(analyst.post("/api/patients", json=somebody()), 403)["detail"]
