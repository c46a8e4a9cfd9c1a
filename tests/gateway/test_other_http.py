"""Identity, analytics, health and the documentation over HTTP."""

import asyncio
import re
from datetime import date

import httpx
import pytest
from tests.gateway.conftest import World, default_table

from careplane.components.analytics.api import GetRegistrations
from careplane.kernel.errors import Unavailable


async def test_signing_in_gives_a_token(world: World) -> None:
    """200, and the names of the Java sample."""
    answer = await world.client(token=None).post("/auth/login", json={"email": "a@b.org", "password": "right"})
    assert answer.status_code == 200
    assert answer.json() == {
        "token": "admin",
        "tokenType": "Bearer",
        "expiresIn": 900,
        "refreshToken": "cpr_next",
        "refreshExpiresIn": 43_200,
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_a_wrong_password_is_answered_401(world: World) -> None:
    """With the challenge that HTTP asks for."""
    answer = await world.client(token=None).post("/auth/login", json={"email": "a@b.org", "password": "x"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="careplane"')


@pytest.mark.parametrize("body", [{}, {"email": "a@b.org"}, {"email": "a", "password": 1}, {"email": "", "x": ""}])
async def test_a_sign_in_that_is_none_is_refused(world: World, body: dict[str, object]) -> None:
    """Both fields are required, as text."""
    answer = await world.client(token=None).post("/auth/login", json=body)
    assert answer.status_code == 400
    assert world.sign_in.addresses == []


async def test_a_token_can_be_asked_about(world: World) -> None:
    """200 with whose it is, or 401."""
    answer = await world.client("analyst").get("/auth/validate")
    assert answer.json() == {"userId": "user-2", "roles": ["analyst"], "scopes": ["analytics:read"]}
    assert (await world.client(token=None).get("/auth/validate")).status_code == 401


async def test_the_keys_are_public_and_may_be_kept_a_while(world: World) -> None:
    """A JWK set, with the kid of each key."""
    answer = await world.client(token=None).get("/.well-known/jwks.json")
    assert answer.json()["keys"][0] == {
        "kid": "k1",
        "kty": "EC",
        "crv": "P-256",
        "x": "x",
        "y": "y",
        "alg": "ES256",
        "use": "sig",
    }
    assert answer.headers["cache-control"] == "public, max-age=15"


async def test_analytics_answers(world: World) -> None:
    """Three questions; the dates are read as dates."""
    client = world.client("analyst")
    assert (await client.get("/api/analytics/summary")).json()["patientsTotal"] == 0
    assert (await client.get("/api/analytics/demographics")).json()["byGender"] == []
    query = {"interval": "week", "from": "2025-01-01", "to": "2025-02-01"}
    assert (await client.get("/api/analytics/registrations", params=query)).status_code == 200
    expected = GetRegistrations(interval="week", date_from=date(2025, 1, 1), date_to=date(2025, 2, 1))
    assert world.counts.asked == [expected]


@pytest.mark.parametrize("wrong", ["2025-02-30", "yesterday", "2025-1-1", ""])
async def test_a_date_that_is_none_is_refused(world: World, wrong: str) -> None:
    """Under the name that the URL gives it."""
    answer = await world.client("analyst").get("/api/analytics/registrations", params={"from": wrong})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "from", "message": "must be a real date, written YYYY-MM-DD"}]


async def test_ready_says_what_is_not(world: World) -> None:
    """A check that fails, one that hangs and one that breaks are each named; nothing private is told."""

    async def fine() -> None:
        pass

    async def down() -> None:
        raise Unavailable("The database does not answer.")

    async def broken() -> None:
        raise RuntimeError("secret")

    world.checks |= {"fine": fine}
    client = world.client(token=None)
    assert (await client.get("/health/ready")).json() == {"status": "ready", "checks": {"fine": "ready"}}
    world.checks |= {"database": down, "other": broken}
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "checks": {"fine": "ready", "database": "The database does not answer.", "other": "failed: RuntimeError"},
    }
    assert (await client.get("/health/live")).json() == {"status": "alive", "checks": {}}


async def test_a_check_that_hangs_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe gets its answer in time."""

    async def hangs() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("careplane.gateway.health.CHECK_SECONDS", 0.01)
    world.checks |= {"slow": hangs}
    answer = await world.client(token=None).get("/health/ready")
    assert answer.json()["checks"] == {"slow": "no answer within 0.01 seconds"}


async def test_the_documentation_is_openapi(client: httpx.AsyncClient) -> None:
    """3.1, with every route of the table but its own, security, problems and examples."""
    document = (await client.get("/api-docs")).json()
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    register = document["paths"]["/api/patients"]["post"]
    assert register["security"] == [{"bearer": ["patients:write"]}]
    assert register["requestBody"]["content"]["application/json"]["example"]["name"] == "Ada Lovelace"
    assert register["responses"]["201"]["content"]["application/json"]["example"]["version"] == 1
    assert "application/problem+json" in register["responses"]["409"]["content"]
    assert "Idempotency-Key" in {p["name"] for p in register["parameters"]}
    assert document["paths"]["/auth/login"]["post"]["security"] == []
    patch = document["paths"]["/api/patients/{patient_id}"]["patch"]
    assert "application/merge-patch+json" in patch["requestBody"]["content"]
    assert "status_code" not in str(document), "Litestar's own error shape is not ours"


async def test_each_component_has_its_document(client: httpx.AsyncClient) -> None:
    """With its own paths and what they refer to, and nothing else."""
    patients = (await client.get("/api-docs/patients")).json()
    sign_in = (await client.get("/api-docs/auth")).json()
    rows = default_table().routes
    assert set(patients["paths"]) == {row.path for row in rows if row.component == "patient"} >= {"/api/patients"}
    assert set(sign_in["paths"]) == {row.path for row in rows if row.component == "identity"} >= {"/auth/login"}
    for document in (patients, sign_in):
        referred = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
        assert referred <= set(document["components"]["schemas"])


async def test_browsers_get_a_page_that_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    """No script, no address of another host, and a policy under which neither would work."""
    answer = await client.get("/api-docs", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "/api/patients/{patient_id}/history" in answer.text
    assert not re.search(r"<script|https?://|src=", answer.text)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
