"""Bad requests over HTTP: ids, queries and headers that make no sense, and bytes that are no HTTP; always a 4xx."""

import json
import socket
from contextlib import suppress

import httpx
import pytest
from tests.end_to_end.patients import assert_problem, somebody
from tests.end_to_end.program import Program

ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize(
    "bad",
    [
        "1",
        "x",
        "null",
        "0" * 32,
        ID[:-1],
        ID + "0",
        ID.replace("-", "_"),
        "{" + ID + "}",
        "%00",
        "%FF",
        "a'b",
        "ü",
        "*",
    ],
)
def test_a_bad_id_is_refused(client: httpx.Client, bad: str) -> None:
    """An id that is no UUID is 400 and says what one looks like, for every call that takes one."""
    for method, rest in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/history"),
        ("POST", "/restore"),
        ("GET", "/billing-account"),
    ):
        answer = client.request(method, f"/api/patients/{bad}{rest}")
        if bad == "0" * 32 and answer.status_code == 404:
            continue  # a UUID without its dashes is one
        assert_problem(answer, 400, "patientId")
    assert_problem(
        client.put(f"/api/patients/{bad}", json=somebody()),
        404 if bad == "0" * 32 else 400,
        *(() if bad == "0" * 32 else ("patientId",)),
    )


@pytest.mark.parametrize("version", ["0", "-1", "x", "1.5", "99999999999999999999", "%00"])
def test_a_bad_version_is_refused(client: httpx.Client, version: str) -> None:
    """A version is a number from 1."""
    assert_problem(client.get(f"/api/patients/{ID}/history/{version}"), 400, "version")


QUERIES: list[tuple[str, str]] = [
    ("dateOfBirth=1985-02-30", "dateOfBirth"),
    ("dateOfBirth=yesterday", "dateOfBirth"),
    ("dateOfBirth=", "dateOfBirth"),
    ("archived=maybe", "archived"),
    ("name=%00", "name"),
    ("q=a%00b", "q"),
    ("name=%FF", "name"),
    ("name=%ED%A0%80", "name"),
    ("name=%zz", "name"),
    ("name=" + "x" * 201, "name"),
    ("identifier=" + "x" * 201, "identifier"),
    ("name=a&name=b", "name"),
    ("limit=1&limit=2", "limit"),
    ("cursor=abc", "cursor"),
    ("page=2", "page"),
    ("Name=ada", "Name"),
    ("limit=1e400", "limit"),
    ("limit=0x10", "limit"),
    ("limit=%D9%A3%00", "limit"),
]


@pytest.mark.parametrize(("query", "field"), QUERIES)
def test_a_bad_query_is_refused(client: httpx.Client, query: str, field: str) -> None:
    """An unknown, doubled or senseless parameter is 400 with its name."""
    assert_problem(client.get(f"/api/patients?{query}"), 400, field)


def test_a_query_beyond_all_measure_is_refused(client: httpx.Client) -> None:
    """So long a query is not even looked into."""
    assert_problem(client.get("/api/patients?" + "&".join(f"a{n}=1" for n in range(60))), 400)
    assert_problem(client.get("/api/patients?name=" + "x" * 9000), 400)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Idempotency-Key", ["one", "two"]),
        ("If-Match", ['"v1"', '"v2"']),
        ("Content-Type", ["application/json", "text/plain"]),
        ("Authorization", ["Bearer x", "Bearer y"]),
    ],
)
def test_a_header_given_twice_is_refused(client: httpx.Client, name: str, values: list[str]) -> None:
    """Which of the two counts would be a guess."""
    headers = [(n, v) for n, v in client.headers.items() if n.lower() not in {name.lower(), "content-type"}]
    if name != "Content-Type":
        headers.append(("Content-Type", "application/json"))
    headers += [(name, value) for value in values]
    with httpx.Client(base_url=client.base_url) as bare:
        answer = bare.put(f"/api/patients/{ID}", content=json.dumps(somebody()), headers=headers)
    assert_problem(answer, 400, name.lower())


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"If-Match": "v1"}, "If-Match"),
        ({"If-Match": '"v1", "v2"'}, "If-Match"),
        ({"If-Match": ""}, "If-Match"),
        ({"Idempotency-Key": ""}, "Idempotency-Key"),
        ({"Idempotency-Key": "a b"}, "Idempotency-Key"),
        ({"Idempotency-Key": "x" * 256}, "Idempotency-Key"),
    ],
)
def test_a_bad_header_is_refused(client: httpx.Client, headers: dict[str, str], field: str) -> None:
    """A header that makes no sense is 400 with its name."""
    assert_problem(client.put(f"/api/patients/{ID}", json=somebody(), headers=headers), 400, field)


def exchanged(program: Program, request: bytes) -> bytes:
    """Send bytes as they are and return all that comes back until the other side hangs up."""
    answer = b""
    with socket.create_connection(("127.0.0.1", program.port), timeout=12.0) as connection, suppress(ConnectionError):
        connection.sendall(request)
        while piece := connection.recv(65_536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /health/live HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST /auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_ends_the_connection(program: Program, client: httpx.Client, request_bytes: bytes) -> None:
    """Bytes that are no request are answered 4xx or not at all, and the next client is served."""
    answer = exchanged(program, request_bytes)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer[:200]
    assert client.get("/health/live").status_code == 200
