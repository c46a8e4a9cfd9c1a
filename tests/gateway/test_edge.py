"""The edge: what every request passes, whatever it asks for."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import httpx
import pytest
from tests.gateway.conftest import World

from careplane.gateway.edge import NOWHERE, Edge
from careplane.gateway.security_headers import API_POLICY

PATIENT = {"name": "Zoë", "email": "zoe@example.org", "address": "1 Way", "dateOfBirth": "1990-02-28"}
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MISSING = "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057"


async def test_a_path_that_is_not_in_the_table_does_not_exist(world: World) -> None:
    """Litestar never sees it, and the path is in no log and no number."""
    client = world.client()
    for path in ("/", "/nope", "/api/patients/", "//api/patients", "/api//patients", "/schema", "/api/patients/x/y"):
        answer = await client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:careplane:problem:no-such-path"
    assert {line[2] for line in world.lines} == {NOWHERE}


async def test_a_method_that_a_path_does_not_take_is_told_which_it_does(client: httpx.AsyncClient) -> None:
    """405 with Allow, in the one shape of all problems."""
    for method in ("PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
        answer = await client.request(method, "/api/patients")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
        assert answer.json()["status"] == 405


async def test_head_is_get_without_a_body(client: httpx.AsyncClient) -> None:
    """The headers are those of GET, and nothing follows them."""
    answer = await client.head("/auth/validate")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


async def test_a_request_id_of_the_callers_is_kept(client: httpx.AsyncClient) -> None:
    """A well-formed one comes back, and stands in problems."""
    answer = await client.get(MISSING, headers={"X-Request-Id": "call-7.b_c"})
    assert answer.headers["x-request-id"] == answer.json()["requestId"] == "call-7.b_c"


@pytest.mark.parametrize("odd", ["", "has space", "zoë", "x" * 65, "a;b", "<b>"])
async def test_an_odd_request_id_is_replaced(client: httpx.AsyncClient, odd: str) -> None:
    """What could be anything is not taken over: a fresh UUIDv7 stands for it."""
    answer = await client.get("/auth/validate", headers={b"X-Request-Id": odd.encode()})
    assert UUID7.fullmatch(answer.headers["x-request-id"])


async def test_a_trace_goes_on(world: World) -> None:
    """The trace id stays, the span is ours, and the component is told both."""
    sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = await world.client().get("/api/patients", headers={"traceparent": sent})
    version, trace_id, span_id, flags = answer.headers["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "01")
    assert span_id != "00f067aa0ba902b7"
    assert world.registry.asked[0][1].trace.traceparent == answer.headers["traceparent"]


@pytest.mark.parametrize(
    "sent",
    [
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "nonsense",
    ],
)
async def test_a_trace_that_is_none_is_begun_anew(client: httpx.AsyncClient, sent: str) -> None:
    """What is not W3C Trace Context is not continued."""
    answer = await client.get("/auth/validate", headers={"traceparent": sent})
    assert "4bf92f3577b34da6a3ce929d0e0e4736" not in answer.headers["traceparent"].lower()


async def test_a_trace_of_a_later_version_is_continued(client: httpx.AsyncClient) -> None:
    """Its first fields are read, as the standard asks."""
    sent = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-ever"
    answer = await client.get("/auth/validate", headers={"traceparent": sent})
    assert answer.headers["traceparent"].startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")


async def test_internal_headers_of_callers_are_dropped(world: World) -> None:
    """Ours, and every header with an underscore, which a server behind might take for ours."""
    seen: list[bytes] = []

    async def spy(scope: Any, _receive: Any, _send: Any) -> None:
        seen.extend(name for name, _ in scope["headers"])

    edge = Edge(replace(world.application().parts, app=spy))
    names = (
        b"x-careplane-principal",
        b"x_careplane_principal",
        b"x-careplane_scope",
        b"content_length",
        b"grpc-timeout",
        b"accept",
    )
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/health/live",
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
    }
    whole: Any = {**scope, "client": ("1.2.3.4", 5), "headers": [(b"host", b"a"), *((name, b"x") for name in names)]}
    await edge(whole, cast("Any", None), cast("Any", None))
    assert seen == [b"host", b"accept"]


async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient) -> None:
    """Good answers and bad ones."""
    for path in ("/health/live", "/nope", MISSING):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == API_POLICY.decode()
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert headers["server"] == "careplane"
        assert "strict-transport-security" not in headers


async def test_over_tls_browsers_are_told_to_stay_there(world: World) -> None:
    """HSTS is sent over TLS only, which may end at the client's side of this server."""
    answer = await world.client().get("https://gateway/health/live")
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


async def test_an_idempotency_key_reaches_the_component(world: World) -> None:
    """It travels in the context of a change, and not with a mere question."""
    client = world.client()
    await client.post("/api/patients", json=PATIENT, headers={"Idempotency-Key": "k-1"})
    await client.get("/api/patients", headers={"Idempotency-Key": "k-2"})
    assert [context.idempotency_key for _, context in world.registry.asked] == ["k-1", None]


@pytest.mark.parametrize("key", ["", " ", "a b", "ключ", "x" * 256])
async def test_an_idempotency_key_that_is_none_is_refused(client: httpx.AsyncClient, key: str) -> None:
    """1 to 255 visible ASCII characters are wanted."""
    answer = await client.post("/api/patients", json=PATIENT, headers={b"Idempotency-Key": key.encode()})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_the_component_knows_who_asks_and_until_when(world: World) -> None:
    """Principal and deadline come from the token and the table."""
    await world.client().get("/api/patients")
    context = world.registry.asked[0][1]
    assert context.principal.id == "user-1"
    assert context.deadline is not None
    assert context.chain == ()


async def test_a_header_that_comes_once_cannot_come_twice(client: httpx.AsyncClient) -> None:
    """Which of two tokens counts is not for a proxy and us to disagree about."""
    headers = [("Authorization", "Bearer admin"), ("Authorization", "Bearer analyst")]
    answer = await client.get("/auth/validate", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "authorization", "message": "is given more than once"}]


async def test_a_body_may_be_sent_in_pieces_up_to_the_limit(client: httpx.AsyncClient) -> None:
    """What is streamed is counted; it is refused as soon as it is too much."""

    async def pieces(count: int) -> AsyncIterator[bytes]:
        yield b'{"email":"'
        for _ in range(count):
            yield b"x" * 1024
        yield b'","password":"right"}'

    headers = {"Content-Type": "application/json"}
    assert (await client.post("/auth/login", content=pieces(2), headers=headers)).status_code == 200
    answer = await client.post("/auth/login", content=pieces(100), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:careplane:problem:body-too-large")


async def test_a_large_body_is_refused_unread(client: httpx.AsyncClient) -> None:
    """10 MiB announced are 10 MiB too many."""
    answer = await client.post("/api/patients", content=b"x" * (10 << 20), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "1048576 bytes" in answer.json()["detail"]


async def test_a_call_that_takes_no_body_gets_none(client: httpx.AsyncClient) -> None:
    """A body where none belongs is refused rather than overlooked."""
    assert (await client.request("DELETE", MISSING, content=b"{}")).status_code == 413


async def test_the_access_log_names_the_route_and_never_the_path(world: World) -> None:
    """Ids, names and searches are in paths and queries; none of them is in a line."""
    await world.client().get(MISSING, params={"name": "Canary"})
    context, method, route, status, seconds = world.lines[0]
    assert (method, route, status) == ("GET", "/api/patients/{patient_id}", 400)
    assert context.request_id
    assert seconds > 0


async def test_requests_are_counted_by_route(world: World) -> None:
    """By template, method and status."""
    client = world.client()
    for _ in range(3):
        await client.get(MISSING)
    value = world.metrics.registry.get_sample_value
    labels = {"route": "/api/patients/{patient_id}", "method": "GET"}
    assert value("careplane_http_requests_total", {**labels, "status": "404"}) == 3.0
    assert value("careplane_http_request_seconds_count", labels) == 3.0
    assert value("careplane_http_request_seconds_bucket", {**labels, "le": "+Inf"}) == 3.0


async def test_a_web_socket_is_turned_away(world: World) -> None:
    """There are none."""
    said: list[object] = []

    async def send(message: object) -> None:
        said.append(message)

    await world.application()({"type": "websocket", "path": "/"}, None, send)  # type: ignore[arg-type]
    assert said == [{"type": "websocket.close", "code": 1008, "reason": "There are no web sockets here."}]
