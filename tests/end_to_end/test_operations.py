"""What operators look at: health, metrics on an address of their own, logs, ids of requests and traces."""

import json
import re
import uuid
from typing import Any

import httpx
import pytest
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.patients import assert_problem, registered
from tests.end_to_end.program import Program, until_true

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


def test_live_and_ready(stranger: httpx.Client) -> None:
    """Live says that the process is; ready says of every part that it is."""
    assert stranger.get("/health/live").json()["status"] == "alive"
    answer = stranger.get("/health/ready")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ready"
    assert set(body["checks"]) >= {"identity", "patient", "billing", "analytics"}
    assert set(body["checks"].values()) == {"ready"}


def test_ready_says_what_is_not(start_program: StartProgram) -> None:
    """With its database gone the process lives on, and says 503 with the names of what cannot work; calls get 503."""
    program = start_program()
    signed_in = program.sign_in()
    postgres = program.postgres()
    assert postgres is not None
    postgres.stop(program.data.resolve() / "postgres", 10.0)
    with httpx.Client(base_url=program.url, headers=signed_in, timeout=30.0) as client:
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        body = answer.json()
        assert body["status"] == "not ready"
        assert set(body["checks"]) >= {"identity", "patient", "billing", "analytics"}
        assert all(word != "ready" for word in body["checks"].values())
        assert client.get("/health/live").status_code == 200
        refused = client.get(f"/api/patients/{uuid.uuid4()}")
        assert_problem(refused, 503)
        assert int(refused.headers["retry-after"]) >= 1
    assert program.stop() == 0, program.said()[-4000:]
    assert "Traceback" not in program.said()


def test_metrics_are_on_their_own_address_only(program: Program, client: httpx.Client) -> None:
    """The gateway does not know /metrics; the internal address knows nothing else."""
    assert_problem(client.get("/metrics"), 404)
    metrics = httpx.get(program.metrics_url, timeout=10.0)
    assert metrics.status_code == 200
    assert metrics.headers["content-type"].startswith(("application/openmetrics-text", "text/plain"))
    assert httpx.get(program.metrics_url.replace("/metrics", "/api/patients"), timeout=10.0).status_code == 404
    assert httpx.post(program.metrics_url, timeout=10.0).status_code == 405


def count(text: str, labels: str) -> float:
    """Return how many requests are counted under these labels."""
    found = re.search(rf"careplane_http_requests_total\{{{re.escape(labels)}\}} (\S+)", text)
    return float(found[1]) if found else 0.0


def test_metrics_tell_of_every_part(program: Program, client: httpx.Client) -> None:
    """Requests by route template, mailboxes, batches, outbox, pool and limiter."""
    registered(client)
    text = program.metrics()
    for name in (
        "careplane_http_requests_total",
        "careplane_http_request_seconds_bucket",
        "careplane_mailbox_calls",
        "careplane_batches_total",
        "careplane_batched_total",
        "careplane_pool_in_use",
        "careplane_limiter_buckets",
        "outbox",
        "process_resident_memory_bytes",
    ):
        assert name in text, name
    assert count(text, 'method="POST",route="/api/patients",status="201"') >= 1


def test_metrics_are_by_template_and_hold_no_ids(program: Program, client: httpx.Client) -> None:
    """However many patients and wrong paths there are, the labels stay the same few."""
    patient = registered(client)
    path = f"/api/patients/{patient['id']}"
    labels = 'method="GET",route="/api/patients/{patient_id}",status="200"'
    before = count(program.metrics(), labels)
    client.get(path)
    client.get(path)
    client.get("/no/such/path/no-such-id-4711")
    client.request("BREW", path)
    text = program.metrics()
    assert count(text, labels) == before + 2
    assert patient["id"] not in text
    assert "no-such-id-4711" not in text
    assert "BREW" not in text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", text)


@pytest.mark.parametrize(
    "path", ["/health/live", "/api-docs", "/api/patients", "/no/such/path", "/.well-known/jwks.json", "/auth/validate"]
)
def test_every_answer_has_security_headers(client: httpx.Client, path: str) -> None:
    """Whatever the answer, a browser is told to take no liberties with it."""
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"]
    assert headers["server"] == "careplane"
    assert "strict-transport-security" not in headers  # this is plain HTTP, where it means nothing
    assert len(headers.get_list("server")) == 1


def test_records_are_not_for_caches(client: httpx.Client) -> None:
    """What is about a patient must not be stored by anything on the way."""
    patient = registered(client)
    for path in ("", "/history", "/history/1", "/billing-account"):
        assert client.get(f"/api/patients/{patient['id']}{path}").headers["cache-control"] == "no-store"


def lines_of(program: Program, request_id: str) -> list[dict[str, Any]]:
    """Return the log lines of a request."""
    return [json.loads(line) for line in program.said().splitlines() if request_id in line]


def test_a_request_id_goes_through(program: Program, client: httpx.Client) -> None:
    """The caller's request id and trace are in the answer and in the log; without them they are made."""
    mine = f"e2e-{uuid.uuid4()}"
    answer = client.get("/api/patients", headers={"X-Request-ID": mine, "traceparent": f"00-{TRACE}-{SPAN}-01"})
    assert answer.headers["x-request-id"] == mine
    version, trace, span, flags = answer.headers["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != SPAN
    until_true(lambda: lines_of(program, mine))
    line = lines_of(program, mine)[-1]
    assert (line["request_id"], line["trace_id"]) == (mine, TRACE)
    assert (line["route"], line["method"], line["status"]) == ("/api/patients", "GET", 200)
    made = client.get("/health/live")
    assert made.headers["x-request-id"] != mine
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", made.headers["traceparent"])


@pytest.mark.parametrize("sent", ["a" * 129, "with space", 'quote"', "<script>", ""])
def test_an_odd_request_id_is_replaced(client: httpx.Client, sent: str) -> None:
    """What could upset a log is not taken over."""
    assert client.get("/health/live", headers={"X-Request-ID": sent}).headers["x-request-id"] != sent


@pytest.mark.parametrize(
    "sent",
    [
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        "nonsense",
    ],
)
def test_an_odd_traceparent_begins_a_new_trace(client: httpx.Client, sent: str) -> None:
    """W3C Trace Context: what is not well-formed is as good as absent."""
    trace = client.get("/health/live", headers={"traceparent": sent}).headers["traceparent"].split("-")[1]
    assert trace not in {TRACE, "0" * 32}


def test_the_trace_reaches_the_audit(program: Program, client: httpx.Client) -> None:
    """Who read a record is in the audit, with the caller's own request id and trace."""
    patient = registered(client)
    mine = f"e2e-{uuid.uuid4()}"
    client.get(f"/api/patients/{patient['id']}", headers={"X-Request-ID": mine, "traceparent": f"00-{TRACE}-{SPAN}-01"})
    rows = program.sql("SELECT * FROM patient.audit WHERE request_id = $1", mine)
    assert [(str(row["subject"]), row["trace_id"]) for row in rows] == [(patient["id"], TRACE)]


def test_every_log_line_is_json_with_its_ids(program: Program, client: httpx.Client) -> None:
    """A line of a request has request and trace id; every line says when, how grave and what."""
    client.get("/api/patients")
    lines = [json.loads(line) for line in program.said().splitlines() if line.startswith("{")]
    assert lines
    for line in lines:
        assert {"timestamp", "level", "event"} <= line.keys()
        if line["event"] == "request":
            assert {"request_id", "trace_id", "route", "method", "status", "ms"} <= line.keys()
    assert not [line for line in lines if line["level"] in {"error", "critical"}]
