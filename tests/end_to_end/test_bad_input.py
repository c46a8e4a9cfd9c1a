"""Bad input over HTTP, by hand: always a 4xx that says what is wrong, never a 5xx, and nothing is stored."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.end_to_end.patients import assert_problem, registered, somebody
from tests.end_to_end.program import Program

JSON = {"Content-Type": "application/json"}
DEEP = 100_000
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture(scope="module")
def path(program: Program, signed_in: dict[str, str]) -> str:
    """Give the path of a patient who is there, for changes that must not come about."""
    with httpx.Client(base_url=program.url, headers=signed_in, timeout=30.0) as client:
        return f"/api/patients/{registered(client)['id']}"


@pytest.fixture(autouse=True)
def nothing_is_stored(program: Program, path: str) -> Iterator[None]:
    """Check that a test leaves the registry as it was, and that nothing went wrong inside."""
    counted = (
        "SELECT (SELECT count(*) FROM patient.patients) AS patients, (SELECT count(*) FROM patient.outbox) AS events"
    )
    before = program.sql(counted)
    said = len(program.said())
    yield
    assert program.sql(counted) == before
    assert '"level":"error"' not in program.said()[said:]


def in_name(text: str) -> bytes:
    """Return a registration whose name is this piece of JSON."""
    return json.dumps(somebody(name="@@")).replace('"@@"', text).encode()


BODIES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "half an object": lambda: b'{"name": "Ada"',
    "a trailing comma": lambda: json.dumps(somebody()).encode()[:-1] + b",}",
    "single quotes": lambda: str(somebody(name="Ada", address="x")).encode(),
    "two objects": lambda: json.dumps(somebody()).encode() * 2,
    "a comment": lambda: b"/* x */" + json.dumps(somebody()).encode(),
    "not a number": lambda: in_name("NaN"),
    "infinity": lambda: in_name("-Infinity"),
    "an odd escape": lambda: in_name(r'"\x41"'),
    "half an escape": lambda: in_name(r'"\u12"'),
    "a raw line break": lambda: in_name('"a\nb"'),
    "bad UTF-8": lambda: json.dumps(somebody()).encode().replace(b"Ada", b"Ad\xff"),
    "overlong UTF-8": lambda: json.dumps(somebody()).encode().replace(b"Ada", b"Ad\xc0\xaf"),
    "a surrogate in UTF-8": lambda: json.dumps(somebody()).encode().replace(b"Ada", b"Ad\xed\xa0\x80"),
    "UTF-16": lambda: json.dumps(somebody()).encode("utf-16"),
    "a byte order mark": lambda: b"\xef\xbb\xbf" + json.dumps(somebody()).encode(),
    "NUL": lambda: in_name(r'"Ada\u0000"'),
    "a raw NUL": lambda: json.dumps(somebody()).encode().replace(b"Ada", b"Ad\x00"),
    "NUL inside of a list": lambda: json.dumps(somebody(names=[{"family": "a\0b"}])).encode(),
    "NUL in the name of a field": lambda: json.dumps(somebody(**{"na\0me": 1})).encode(),
    "a lone surrogate": lambda: in_name(r'"Ada\ud800"'),
    "a lone low surrogate": lambda: in_name(r'"\udc00Ada"'),
    "swapped surrogates": lambda: in_name(r'"\udc00\ud800"'),
    "deep lists": lambda: in_name("[" * DEEP + "]" * DEEP),
    "deep objects": lambda: in_name('{"a":' * DEEP + "1" + "}" * DEEP),
    "deep in an unknown field": lambda: (
        json.dumps(somebody())[:-1].encode() + b',"x":' + b"[" * DEEP + b"]" * DEEP + b"}"
    ),
    "deep and broken": lambda: b"[" * DEEP,
    "deep in a contact": lambda: (
        json.dumps(somebody(contacts="@@")).encode().replace(b'"@@"', b"[" * DEEP + b"]" * DEEP)
    ),
    "a list": lambda: b"[]",
    "null": lambda: b"null",
    "a text": lambda: b'"Ada"',
    "a number": lambda: b"4711",
    "a number as a name": lambda: in_name("4711"),
    "a huge number": lambda: in_name("1" + "0" * 5000),
    "a huge exponent": lambda: in_name("1e999999"),
    "a huge rank": lambda: json.dumps(
        somebody(telecom=[{"system": "phone", "value": "1234567", "rank": 10**30}])
    ).encode(),
    "a negative rank": lambda: json.dumps(
        somebody(telecom=[{"system": "phone", "value": "1234567", "rank": -1}])
    ).encode(),
    "a fraction as a rank": lambda: json.dumps(
        somebody(telecom=[{"system": "phone", "value": "1234567", "rank": 1.5}])
    ).encode(),
    "an object as a name": lambda: in_name('{"$ne": null}'),
    "a list as an e-mail": lambda: json.dumps(somebody(email=["a@example.org"])).encode(),
    "an unknown field": lambda: json.dumps(somebody(isAdmin=True)).encode(),
    "a field of Python": lambda: json.dumps(somebody(__class__="x")).encode(),
    "an unknown field inside": lambda: json.dumps(somebody(names=[{"family": "x", "admin": True}])).encode(),
    "a field of the platform": lambda: json.dumps(somebody(patientId=ID)).encode(),
    "too many identifiers": lambda: json.dumps(somebody(identifiers=[{"value": str(n)} for n in range(51)])).encode(),
    "many keys": lambda: json.dumps(dict.fromkeys(map(str, range(20_000)), 1)).encode(),
    "no e-mail but SQL": lambda: json.dumps(somebody(email="'; DROP TABLE patients; --")).encode(),
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "login"])
def test_a_bad_body_is_refused_with_reasons(client: httpx.Client, path: str, method: str, kind: str) -> None:
    """Whatever is wrong with a body, and wherever it is sent, the answer is 400 and names a fault."""
    where = {"POST": "/api/patients", "login": "/auth/login"}.get(method, path)
    answer = client.request("POST" if method == "login" else method, where, content=BODIES[kind](), headers=JSON)
    if method == "login" and answer.status_code == 413:
        return  # a sign-in is short
    problem = answer.json()
    assert_problem(answer, 400, *[fault["field"] for fault in problem["errors"]])
    assert problem["errors"], problem


def test_a_body_of_ten_megabytes_is_too_large(client: httpx.Client) -> None:
    """413 at every path that takes a body, with the limit; told from its length, or noticed on the way."""
    body = json.dumps(somebody(name="x" * 10_485_760)).encode()
    for method, path in (("POST", "/api/patients"), ("PUT", f"/api/patients/{ID}"), ("PATCH", f"/api/patients/{ID}")):
        assert "1048576" in assert_problem(client.request(method, path, content=body, headers=JSON), 413)["detail"]
    assert_problem(client.post("/auth/login", content=body, headers=JSON), 413)

    def chunked() -> Iterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    try:
        answer = client.post("/api/patients", content=chunked(), headers=JSON)
    except httpx.WriteError:
        return  # it was refused and hung up before we had said everything, as RFC 9110 (15.5.14) allows
    assert_problem(answer, 413)


@pytest.mark.parametrize(
    "path", [f"/api/patients/{ID}", "/auth/validate", "/health/live", f"/api/patients/{ID}/history"]
)
def test_a_body_where_none_belongs_is_refused(client: httpx.Client, path: str) -> None:
    """A path that takes no body says so."""
    answer = client.request("GET", path, content=b'{"a": 1}', headers=JSON)
    assert_problem(answer, 413)


@pytest.mark.parametrize(
    "media",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/jsonx",
        "*/*",
        "",
    ],
)
def test_other_media_types_are_refused(client: httpx.Client, media: str | None) -> None:
    """415 says which type is taken."""
    headers = {} if media is None else {"Content-Type": media}
    body = json.dumps(somebody()).encode()
    answer = client.post("/api/patients", content=body, headers=headers)
    assert "application/json" in assert_problem(answer, 415)["detail"]
    answer = client.patch(f"/api/patients/{ID}", content=body, headers=headers)
    assert "application/merge-patch+json" in assert_problem(answer, 415)["detail"]
