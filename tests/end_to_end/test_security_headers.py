"""What goes with every answer, good or bad: nothing to be sniffed, framed, stored or learned about the server."""

import re

import httpx
import pytest
from tests.end_to_end.program import Program
from tests.end_to_end.raw import spoken

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
JSON = {"Content-Type": "application/json"}
WRONG = b'{"email":"x@y.org","password":"0123456789abcdef"}'
ANSWERS: dict[str, tuple[str, str, dict[str, str], bytes, int, str]] = {
    "a list": ("GET", "/api/patients", {}, b"", 200, "application/json"),
    "only its head": ("HEAD", "/api/patients", {}, b"", 200, "application/json"),
    "who one is": ("GET", "/auth/validate", {}, b"", 200, "application/json"),
    "the keys": ("GET", "/.well-known/jwks.json", {}, b"", 200, "application/jwk-set+json"),
    "health": ("GET", "/health/ready", {}, b"", 200, "application/json"),
    "the documentation": ("GET", "/api-docs", {}, b"", 200, "application/json"),
    "the documentation's page": ("GET", "/api-docs", {"Accept": "text/html"}, b"", 200, "text/html; charset=utf-8"),
    "nothing there": ("GET", f"/api/patients/{ID}", {}, b"", 404, "application/problem+json"),
    "nowhere": ("GET", "/nope", {}, b"", 404, "application/problem+json"),
    "nowhere, at the top": ("GET", "/", {}, b"", 404, "application/problem+json"),
    "another method": ("PUT", "/api/patients", JSON, b"{}", 405, "application/problem+json"),
    "what may be done": ("OPTIONS", "/api/patients", {}, b"", 405, "application/problem+json"),
    "what may be done nowhere": ("OPTIONS", "/nope", {}, b"", 404, "application/problem+json"),
    "an echo": ("TRACE", "/api/patients", {"X-Echo": "me"}, b"", 405, "application/problem+json"),
    "only the head of nowhere": ("HEAD", "/nope", {}, b"", 404, "application/problem+json"),
    "a wrong token": ("GET", "/auth/validate", {"Authorization": "Bearer x"}, b"", 401, "application/problem+json"),
    "a wrong password": (
        "POST", "/auth/login", JSON, WRONG, 401, "application/problem+json",
    ),
    "a bad body": ("POST", "/api/patients", JSON, b"{", 400, "application/problem+json"),
    "a bad query": ("GET", "/api/patients?x=1", {}, b"", 400, "application/problem+json"),
    "too much": ("POST", "/auth/login", JSON, b"x" * 5000, 413, "application/problem+json"),
    "another type": ("POST", "/auth/login", {"Content-Type": "text/plain"}, b"{}", 415, "application/problem+json"),
    "a preflight": (
        "OPTIONS",
        "/api/patients",
        {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
        b"",
        405,
        "application/problem+json",
    ),
    "another origin": ("GET", "/api/patients", {"Origin": "https://evil.example"}, b"", 200, "application/json"),
}  # fmt: skip
_PUBLIC = {"/api-docs", "/.well-known/jwks.json"}
_VERSION = re.compile(r"granian|litestar|hyper|python|uvloop|uvicorn|\d+\.\d+\.\d+", re.IGNORECASE)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_says_how_it_may_be_used(client: httpx.Client, name: str) -> None:
    """The same for all, whatever the status: and the type is exact, the browser is left nothing to guess."""
    method, path, headers, body, status, media = ANSWERS[name]
    answer = client.request(method, path, headers=headers, content=body or None)
    assert answer.status_code == status, answer.text
    assert answer.headers.get_list("content-type") == [media]
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("x-frame-options") == ["DENY"]
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    assert answer.headers.get_list("cross-origin-resource-policy") == ["same-origin"]
    policy = answer.headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert "default-src 'none'" in policy[0]
    assert "frame-ancestors 'none'" in policy[0]
    assert "base-uri 'none'" in policy[0]
    assert "unsafe-inline" not in policy[0].partition("script-src")[2].partition(";")[0]
    stored = r"public, max-age=\d{1,3}" if status == 200 and path in _PUBLIC else "no-store"
    assert re.fullmatch(stored, ", ".join(answer.headers.get_list("cache-control")))
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_tells_what_it_should_not(client: httpx.Client, name: str) -> None:
    """Not which software answers, nothing for another origin, nothing set, nothing echoed, no way elsewhere."""
    method, path, headers, body, _, _ = ANSWERS[name]
    answer = client.request(method, path, headers=headers, content=body or None)
    assert answer.headers.get_list("server") == ["careplane"]
    names = {header.lower() for header in answer.headers}
    assert not {
        n for n in names if n.startswith(("access-control-", "x-powered-by", "x-aspnet", "x-careplane", "grpc-"))
    }
    assert not names & {"set-cookie", "location", "refresh", "via"}
    told = {n: v for n, v in answer.headers.items() if n not in {"x-request-id", "traceparent", "date"}}
    assert not _VERSION.search(str(told)), told
    assert "me" not in names
    if method == "HEAD":
        assert answer.content == b""


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "//evil.example/%2e%2e", "/\\evil.example", "/%2f%2fevil.example", "/api-docs/..//evil.example",
     "/health/live/", "/API-DOCS", "/api-docs?next=//evil.example", "http://evil.example/api-docs/"],
)  # fmt: skip
def test_nobody_is_led_elsewhere(program: Program, target: str) -> None:
    """There are no redirects at all, so none is open."""
    asked = f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    heard = spoken(program, asked.encode())
    assert heard.statuses[0] >= 400, heard.data
    assert b"location" not in heard.head
    assert b"evil" not in heard.data


def test_what_the_parser_itself_refuses_tells_nothing(program: Program) -> None:
    """An answer to what is not even HTTP has no body and names no software."""
    for nonsense in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40_000 + b"\r\n\r\n"):
        heard = spoken(program, nonsense)
        assert heard.statuses in ([400], [431])
        assert not _VERSION.search(heard.data.decode().replace("HTTP/1.1", ""))
        assert heard.data.endswith(b"\r\n\r\n")
