"""Who may pass: tokens, scopes and rates."""

import httpx
import pytest
from tests.gateway.conftest import World, verify

from careplane.gateway.settings import EdgeSettings
from careplane.kernel.principal import Principal

SUMMARY = "/api/analytics/summary"


async def test_without_a_token_one_is_asked_for(world: World) -> None:
    """401 with a challenge that names the scheme."""
    answer = await world.client(token=None).get(SUMMARY)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="careplane"'
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "sent", ["Bearer wrong", "bearer wrong", "Basic YTpi", "Bearer", "Bearer ", "Bearer a b", "Bearer ü", "admin"]
)
async def test_a_wrong_token_is_refused(world: World, sent: str) -> None:
    """Whatever is wrong with it, the challenge says that it is the token."""
    answer = await world.client(token=None).get(SUMMARY, headers={b"Authorization": sent.encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="careplane", error="invalid_token"'


async def test_the_scheme_may_be_written_in_any_case(world: World) -> None:
    """RFC 9110 says so."""
    answer = await world.client(token=None).get(SUMMARY, headers={"Authorization": "bEaReR  admin"})
    assert answer.status_code == 200


async def test_a_public_route_needs_no_token_and_minds_no_wrong_one(world: World) -> None:
    """Signing in anew must work with an old token in hand."""
    answer = await world.client("expired").post("/auth/login", json={"email": "a@b.org", "password": "right"})
    assert answer.status_code == 200


async def test_what_is_out_of_scope_is_refused_early(world: World) -> None:
    """The component is not even asked; it would check again."""
    answer = await world.client("analyst").get("/api/patients")
    assert answer.status_code == 403
    assert "'patients:read'" in answer.json()["detail"]
    assert world.registry.asked == []


async def exhaust(client: httpx.AsyncClient, path: str, **options: object) -> httpx.Response:
    """Ask until it is too much, and return that answer."""
    for _ in range(1000):
        answer = await client.get(path, **options)  # type: ignore[arg-type]
        if answer.status_code == 429:
            return answer
    raise AssertionError


async def test_too_many_requests_are_told_when_to_come_again(world: World) -> None:
    """429 with Retry-After and the RateLimit headers, and another user is not touched by it."""
    world.table = world.table.times(0.01)
    application = world.client()
    first = await application.get(SUMMARY)
    assert first.headers["ratelimit-policy"] == '"read";q=4;w=2'
    assert first.headers["ratelimit"] == '"read";r=3;t=1'
    answer = await exhaust(application, SUMMARY)
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["ratelimit"] == '"read";r=0;t=1'
    assert answer.json()["type"] == "urn:careplane:problem:resource-exhausted"
    other = await application.get(SUMMARY, headers={"Authorization": "Bearer analyst"})
    assert other.status_code == 200
    assert world.metrics.registry.get_sample_value("careplane_limiter_refused_total") == 1.0


async def test_wrong_tokens_are_counted_by_address(world: World) -> None:
    """Who tries many is refused, whichever of them would have been the right one next."""
    world.table = world.table.times(0.1)
    answer = await exhaust(world.client("guess"), SUMMARY)
    assert answer.headers["ratelimit-policy"].startswith('"refused"')


async def test_a_flood_of_wrong_tokens_is_not_even_looked_into(world: World) -> None:
    """Once the address has used up its rate nothing is verified there but tokens known to be good."""
    world.table = world.table.times(0.1)
    looked: list[str] = []

    def noted(token: str) -> Principal:
        looked.append(token)
        return verify(token)

    world.verify = noted
    world.remembers = {"admin"}.__contains__
    await exhaust(world.client("guess"), SUMMARY)
    looked.clear()
    assert [(await world.client(token).get(SUMMARY)).status_code for token in ("guess", "analyst", "admin")] == [
        429,
        429,
        200,
    ]
    assert looked == ["admin"]
    assert (await world.client("analyst", address="203.0.113.8").get(SUMMARY)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nope", {}, 404),
        ("PATCH", SUMMARY, {}, 405),
        ("GET", SUMMARY, {"Host": "a b"}, 400),
        ("GET", "/nope", {"Host": ""}, 400),
    ],
)
async def test_what_leads_nowhere_is_counted_by_address(
    world: World, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """A flood of it is refused like any other, and told so; the calls of those who are signed in go on."""
    world.table = world.table.times(0.1)
    client = world.client()
    found = [(await client.request(method, path, headers=headers)).status_code for _ in range(40)]
    assert set(found) == {status, 429}
    assert found.count(status) <= 15
    assert (await client.get(SUMMARY)).status_code == 200


async def test_behind_a_proxy_each_caller_has_their_own_rate(world: World) -> None:
    """By the address that the trusted proxy saw, which is also what the component is told."""
    world.settings = EdgeSettings(cursor_secret=b"s" * 32, trusted_proxies=1)
    world.table = world.table.times(0.001)
    client = world.client(token=None)
    assert (await client.get("/health/live", headers={"X-Forwarded-For": "198.51.100.1"})).status_code == 200
    assert (await client.get("/health/live", headers={"X-Forwarded-For": "198.51.100.1"})).status_code == 429
    spoofed = {"X-Forwarded-For": "192.0.2.99, 198.51.100.1"}
    assert (await client.get("/health/live", headers=spoofed)).status_code == 429
    assert (await client.get("/health/live", headers={"X-Forwarded-For": "198.51.100.2"})).status_code == 200


async def test_the_header_with_the_address_can_be_another_one(world: World) -> None:
    """Then X-Forwarded-For is but a claim."""
    world.settings = EdgeSettings(cursor_secret=b"s" * 32, trusted_proxies=1, address_header=b"x-client-address")
    world.table = world.table.times(0.001)
    client = world.client(token=None)
    sent = {"X-Client-Address": "198.51.100.1", "X-Forwarded-For": "192.0.2.1"}
    assert (await client.get("/health/live", headers=sent)).status_code == 200
    assert (await client.get("/health/live", headers={**sent, "X-Forwarded-For": "192.0.2.2"})).status_code == 429
    assert (await client.get("/health/live", headers={**sent, "X-Client-Address": "2001:db8::1"})).status_code == 200


async def test_without_a_trusted_proxy_nobody_is_believed(world: World) -> None:
    """X-Forwarded-For then is but a claim."""
    await world.client(token=None).post(
        "/auth/login", json={"email": "a@b.org", "password": "right"}, headers={"X-Forwarded-For": "192.0.2.1"}
    )
    assert world.sign_in.addresses == ["203.0.113.7"]
