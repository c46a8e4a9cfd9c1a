"""The edge: what is not in the table does not exist, what is too much is refused, what is internal is dropped."""

import asyncio
import http.client
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.patients import assert_problem, registered, somebody
from tests.end_to_end.program import Program, generous_routes

NOWHERE = (
    "/",
    "/api",
    "/api/",
    "/api/patients/",
    "/API/patients",
    "/api//patients",
    "/api/patients/x/y/z",
    "/api/patients/%2e%2e/patients",
    "/static/../api/patients",
    "/api/./patients",
    "//api/patients",
    "/api/patients;x=1",
    "/api-docs/",
    "/docs",
    "/schema",
    "/schema/openapi.json",
    "/metrics",
    "/auth",
    "/auth/login/",
    "/.env",
    "/health",
    "/api/billing/accounts",
    "/%00",
    "/%ff%fe",
)


def as_written(program: Program, path: str, headers: dict[str, str]) -> tuple[int, str | None, dict[str, Any]]:
    """Return status, media type and body of a GET for a path that is sent as it is written, dots and all."""
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=10.0)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type"), json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_not_in_the_table_does_not_exist(program: Program, signed_in: dict[str, str], path: str) -> None:
    """404 as a problem, signed in or not; a path is taken as it is written."""
    for headers in (signed_in, {}):
        status, media, problem = as_written(program, path, headers)
        assert (status, media) == (404, "application/problem+json"), problem
        assert problem["status"] == 404
        assert "/api-docs" in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/patients", {"GET", "HEAD", "POST"}),
        ("DELETE", "/auth/login", {"POST"}),
        ("GET", "/auth/login", {"POST"}),
        ("POST", "/health/ready", {"GET", "HEAD"}),
        ("POST", "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("GET", "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057/restore", {"POST"}),
        ("OPTIONS", "/api/patients", {"GET", "HEAD", "POST"}),
        ("TRACE", "/api/patients", {"GET", "HEAD", "POST"}),
        ("BREW", "/api/patients", {"GET", "HEAD", "POST"}),
    ],
)
def test_another_method_is_told_which_there_are(
    client: httpx.Client, method: str, path: str, allowed: set[str]
) -> None:
    """405 with Allow."""
    answer = client.request(method, path)
    assert_problem(answer, 405)
    assert set(re.split(r",\s*", answer.headers["allow"])) == allowed


def test_internal_headers_are_dropped(program: Program, client: httpx.Client, stranger: httpx.Client) -> None:
    """A client that claims to be somebody, by whatever header the platform might use inside, is who they are."""
    claims = {
        "X-Careplane-User": "somebody-else",
        "X-Careplane-Principal": '{"id":"root","roles":["admin"]}',
        "X-Careplane-Scopes": "patients:read patients:write",
        "x-careplane-deadline": "0.000001",
        "x-careplane-context-bin": "AAAA",
        "X_Careplane_User": "somebody-else",
    }
    assert_problem(stranger.get("/api/patients", headers=claims), 401)
    patient = registered(client)
    answer = client.get(f"/api/patients/{patient['id']}", headers=claims)
    assert answer.status_code == 200
    me = client.get("/auth/validate", headers=claims).json()["userId"]
    rows = program.sql("SELECT caller FROM patient.audit WHERE request_id = $1", answer.headers["x-request-id"])
    assert [row["caller"] for row in rows] == [me]
    assert not [name for name in answer.headers if name.startswith("x-careplane")]


def left_in(answer: httpx.Response) -> int:
    """Return how many requests are left, as the RateLimit header tells."""
    found = re.fullmatch(r'"[a-z]+";r=(\d+);t=\d+', answer.headers["ratelimit"])
    assert found
    return int(found[1])


def test_forwarded_addresses_are_not_believed(start_program: StartProgram, tmp_path: Path) -> None:
    """Without a trusted proxy, another X-Forwarded-For does not make somebody else of the same caller."""
    routes = generous_routes(tmp_path, per_second=1, burst=50)
    program = start_program(generous=False, CAREPLANE_HTTP_ROUTES_FILE=str(routes))
    answers = [
        httpx.get(f"{program.url}/health/live", headers={"X-Forwarded-For": f"10.0.0.{n}"}, timeout=10.0)
        for n in range(3)
    ]
    assert left_in(answers[0]) > left_in(answers[1]) > left_in(answers[2])


def test_who_asks_too_much_is_told_when_to_come_again(start_program: StartProgram, tmp_path: Path) -> None:
    """429 as a problem with Retry-After and the RateLimit headers; another user is not held up."""
    routes = generous_routes(tmp_path, per_second=2, burst=10)
    program = start_program(generous=False, CAREPLANE_HTTP_ROUTES_FILE=str(routes))
    with httpx.Client(base_url=program.url, headers=program.sign_in(), timeout=30.0) as client:
        answers = [client.get("/api/patients") for _ in range(14)]
        assert [answer.status_code for answer in answers[:10]] == [200] * 10
        left = [left_in(answer) for answer in answers[:10]]
        assert left == sorted(left, reverse=True)
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        for answer in refused:
            assert_problem(answer, 429)
            assert 1 <= int(answer.headers["retry-after"]) <= 5
            assert answer.headers["ratelimit-policy"] == '"search";q=10;w=5'
            assert answer.headers["ratelimit"].startswith('"search";r=0;t=')
        # Each class of routes has a bucket of its own.
        assert client.post("/api/patients", json=somebody()).status_code == 201
        assert httpx.get(f"{program.url}/health/live", timeout=10.0).status_code == 200


async def test_the_table_that_comes_with_it_limits_too(start_program: StartProgram) -> None:
    """With the rates that Careplane comes with, one user's 120 searches at once are too many, and nothing breaks."""
    program = start_program(generous=False)
    async with httpx.AsyncClient(base_url=program.url, headers=program.sign_in(), timeout=30.0) as crowd:
        answers = await asyncio.gather(*(crowd.get("/api/patients") for _ in range(120)))
    assert {answer.status_code for answer in answers} == {200, 429}
    assert 60 <= sum(answer.status_code == 200 for answer in answers) <= 100
