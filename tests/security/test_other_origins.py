"""What a browser may do from another site, and what the safe and the strange methods of HTTP do: nothing."""

import httpx
import pytest
from tests.end_to_end.patients import registered

PATHS = ("/auth/login", "/auth/validate", "/api/patients", "/api-docs", "/health/live", "/nowhere")
ASKED = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:4004"])
def test_no_other_origin_is_let_in(stranger: httpx.Client, path: str, method: str, origin: str) -> None:
    """No answer carries a word of CORS, so a browser shows it to no other site and sends nothing with a token."""
    answer = stranger.request(method, path, headers={**ASKED, "Origin": origin})
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["TRACE", "TRACK", "DEBUG", "CONNECT"])
def test_trace_is_not_answered(stranger: httpx.Client, path: str, method: str) -> None:
    """What was sent is not sent back."""
    if method == "CONNECT":
        path = "127.0.0.1:80"
    answer = stranger.request(method, path, headers={"X-Canary": "canary-in-a-header"})
    assert 400 <= answer.status_code < 500
    assert "canary-in-a-header" not in answer.text


def test_a_safe_method_changes_nothing(client: httpx.Client) -> None:
    """GET, HEAD and OPTIONS on everything about a record leave its version as it was."""
    patient = registered(client)
    path = f"/api/patients/{patient['id']}"
    before = client.get(f"{path}/history").json()
    for method in ("GET", "HEAD", "OPTIONS"):
        for part in ("", "/restore", "/history", "/billing-account", "?archived=true", "/access", "/break-glass"):
            assert client.request(method, f"{path}{part}").status_code < 500
    assert client.get(f"{path}/history").json() == before
