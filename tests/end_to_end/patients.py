"""Patients made up for the tests, and what every answer about one must be like."""

import itertools
import re
import uuid
from typing import Any

import httpx

_numbers = itertools.count(1)
_run = uuid.uuid4().hex[:8]
UUID_PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def fresh_email() -> str:
    """Return an e-mail address that nobody in this run has."""
    return f"e2e-{_run}-{next(_numbers)}@example.org"


def fresh_word(length: int = 9) -> str:
    """Return a word of lower-case letters that no name in this run has."""
    number, letters = uuid.uuid4().int, ""
    for _ in range(length):
        number, place = divmod(number, 20)
        letters += "bcdfghjklmnpqrstvwxz"[place]
    return letters


def somebody(**changes: Any) -> dict[str, Any]:
    """Return the body of a registration as the Java sample's clients send it, with changes."""
    return {
        "name": "Ada Lovelace",
        "email": fresh_email(),
        "address": "12 St James's Square, London",
        "dateOfBirth": "1985-12-10",
        "registeredDate": "2025-01-15",
        **changes,
    }


def registered(client: httpx.Client, **changes: Any) -> dict[str, Any]:
    """Register somebody and return the answer's body."""
    answer = client.post("/api/patients", json=somebody(**changes))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def assert_problem(answer: httpx.Response, status: int, *fields: str) -> dict[str, Any]:
    """Check that an answer is an RFC 9457 problem with this status that names these fields, and return its body."""
    assert answer.status_code == status, (answer.status_code, answer.text[:600])
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:careplane:problem:")
    assert problem["title"]
    assert len(problem["detail"]) > 10, problem
    assert problem["requestId"] == answer.headers["x-request-id"]
    named = [fault["field"] for fault in problem.get("errors", [])]
    assert sorted(named) == sorted(fields), problem
    assert all(fault["message"] for fault in problem.get("errors", []))
    return problem


def etag_of(answer: httpx.Response) -> str:
    """Return an answer's ETag, which must be a strong one."""
    etag = answer.headers["etag"]
    assert re.fullmatch(r'"[^"]+"', etag), etag
    return etag
