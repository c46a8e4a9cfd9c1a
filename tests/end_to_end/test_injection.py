"""Injection: what people enter is text wherever it goes: into SQL, into cursors, into log lines, into a terminal."""

import base64
import json
import uuid
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.end_to_end.conftest import programs
from tests.end_to_end.patients import assert_problem, fresh_word, registered
from tests.end_to_end.program import Program, run_careplane

TRIES = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SQL = (
    "' OR '1'='1",
    "'; DROP TABLE patients; --",
    '" OR ""="',
    "1) OR 1=1 --",
    "\\'; SELECT pg_sleep(10); --",
    "%' AND archived --",
    "ann%",
    "_nn",
    "{}",
    "{0}",
    "$1",
    "$$",
    "%s",
    "/* */",
    "a' UNION SELECT document FROM patients --",
    "E'\\\\x27'",
    "\u02bc OR 1=1",
    "ａ＇ＯＲ",
)
LINES = (
    "x\r\nINFO forged line",
    'x\n{"level":"error","event":"forged"}',
    "x\u2028forged",
    "x\u0085forged",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\u202eforged",
)


@pytest.mark.parametrize("text", SQL)
@pytest.mark.parametrize("parameter", ["name", "q", "email", "identifier"])
def test_search_terms_are_text(client: httpx.Client, parameter: str, text: str) -> None:
    """Whoever is found bears what was looked for; mostly nobody does, and nothing else happens."""
    registered(client, name=f"Ada {fresh_word()}")
    before = client.get("/api/patients", params={"limit": 1}).status_code
    answer = client.get("/api/patients", params={parameter: text, "limit": 200})
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 400:
        assert_problem(answer, 400, parameter)
    elif parameter in {"email", "identifier"}:
        assert answer.json()["patients"] == []
    assert client.get("/api/patients", params={"limit": 1}).status_code == before == 200


@pytest.mark.parametrize(
    "sort", ["name; DROP TABLE patients", "name,(select 1)", "id", "document", "name desc", "-", "--name", "NAME", ""]
)
def test_only_what_is_in_the_table_sorts(client: httpx.Client, sort: str) -> None:
    """An order is one of a few words, none of which becomes SQL."""
    assert_problem(client.get("/api/patients", params={"sort": sort}), 400, "sort")


@pytest.fixture(scope="module")
def cursor(program: Program, signed_in: dict[str, str]) -> str:
    """Give the cursor of a first page."""
    with httpx.Client(base_url=program.url, headers=signed_in, timeout=30.0) as client:
        for _ in range(2):
            registered(client)
        found: str = client.get("/api/patients", params={"limit": 1}).json()["nextCursor"]
        return found


def test_a_cursor_is_its_searchs_own(client: httpx.Client, cursor: str) -> None:
    """It goes on where it was given, and nowhere else."""
    assert client.get("/api/patients", params={"limit": 1, "cursor": cursor}).status_code == 200
    for other in ({"sort": "name"}, {"name": "ada"}, {"archived": "true"}, {"q": "x"}):
        assert_problem(client.get("/api/patients", params={"cursor": cursor, **other}), 400, "cursor")
    assert_problem(client.get("/api/break-glass", params={"cursor": cursor}), 400, "cursor")


@TRIES
@given(data=st.data())
def test_no_cursor_can_be_made(client: httpx.Client, cursor: str, data: st.DataObject) -> None:
    """Any bit changed, anything cut off, put in or made up is refused, before it is looked into."""
    sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    flipped = bytearray(sealed)
    flipped[place // 8] ^= 1 << (place % 8)
    inner = data.draw(st.sampled_from([b'[0,"few"]', b"[1,[0,[1]]]", b"", sealed[16:] + b" "]))
    kinds = (bytes(flipped), sealed[: place // 8], sealed + b"x", sealed[:16] + inner, inner)
    forged = base64.urlsafe_b64encode(data.draw(st.sampled_from(kinds))).rstrip(b"=").decode()
    assert_problem(client.get("/api/patients", params={"limit": 1, "cursor": forged}), 400, "cursor")


@pytest.fixture(scope="module", params=["json", "pretty"])
def talkative(request: pytest.FixtureRequest) -> Iterator[Program]:
    """Give a program that logs all it can, for machines and for people."""
    with programs() as start:
        yield start(CAREPLANE_LOGGING_LEVEL="debug", CAREPLANE_LOGGING_FORMAT=request.param)


def test_what_people_enter_makes_no_log_line(talkative: Program) -> None:
    """Line ends and escapes in names, paths, parameters, headers, ids and reasons: none of them reaches the log."""
    with httpx.Client(base_url=talkative.url, headers=talkative.sign_in(), timeout=30.0) as client:
        for line in LINES:
            made = client.post(
                "/api/patients",
                json={
                    "name": line,
                    "email": f"{uuid.uuid4()}@example.org",
                    "address": line,
                    "dateOfBirth": "1980-01-01",
                    "phone": line,
                    "identifiers": [{"system": line, "value": line}],
                },
            )
            assert made.status_code == 201, made.text
            client.get("/api/patients", params={"q": line, "name": line})
            client.get("/api/patients", params={line: line, "sort": line, "cursor": line})
            client.get(f"/api/patients/{httpx.QueryParams({'a': line})}")
            client.post("/api/break-glass", json={"mrn": line, "reason": line * 5})
            client.post("/auth/login", json={"email": line, "password": line})
            client.patch(made.headers["location"], json={line: line, "name": line})
            client.get("/api/patients", headers={"X-Request-Id": "x\tforged", "User-Agent": "forged"})
    said = talkative.said()
    for forbidden in ("forged", "\x1b]0;", "\x9b", "\u202e", "\u2028", "\x85"):
        assert forbidden not in said, forbidden
    assert "\x1b[31mred" not in said


def test_an_emergencys_reason_makes_no_log_line(talkative: Program) -> None:
    """The warning holds ids and an instant, whatever the reason says; and stands on one line."""
    data = str(talkative.data)
    added = run_careplane(
        "users", "add", "ben@example.org", "--role", "clinician", "--data", data, stdin=f"{PASSWORD}\n"
    )
    if added.returncode:
        assert "email" in added.stderr, added.stderr
    with httpx.Client(base_url=talkative.url, headers=talkative.sign_in(), timeout=30.0) as admin:
        made = registered(admin, name="x\r\nforged name")
        body = {"restricted": True, "careTeam": []}
        assert admin.put(f"/api/patients/{made['id']}/access", json=body).status_code == 200
    signed_in = talkative.sign_in("ben@example.org", PASSWORD)
    with httpx.Client(base_url=talkative.url, headers=signed_in, timeout=30.0) as ben:
        reason = "Urgent\r\nWARNING forged reason, she is bleeding"
        assert ben.post(f"/api/patients/{made['id']}/break-glass", json={"reason": reason}).status_code == 201
    (line,) = [line for line in talkative.said().splitlines() if "break-glass: a restricted" in line]
    assert made["id"] in line
    assert "forged" not in talkative.said()
    kept = talkative.sql("SELECT reason FROM patient.break_glass")
    assert [row["reason"] for row in kept] == ["Urgent WARNING forged reason, she is bleeding"]


PASSWORD = "seventeen words of no importance"


@TRIES
@given(key=st.text(st.characters(min_codepoint=0, max_codepoint=0x17F), min_size=1, max_size=30))
@example("x\r\ny")
def test_no_header_splits_an_answer(client: httpx.Client, key: str) -> None:
    """What comes in a parameter never comes out as a header of its own."""
    answer = client.get("/api/patients", params={"q": f"{key}\r\nSet-Cookie: forged=1"})
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-type"].split(";")[0] in {"application/json", "application/problem+json"}
    json.loads(answer.content)
