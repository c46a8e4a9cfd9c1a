"""Requests made to burst the server: compressed, endless, deep, wide or many; each is refused, and costs no memory."""

import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx
import psutil
import pytest
from tests.end_to_end.patients import assert_problem, somebody
from tests.end_to_end.program import Program
from tests.end_to_end.raw import connected, heard, spoken

MEMORY_MAX = 48 << 20
LIMIT = 1 << 20
MANY = 100_000
JSON = {"Content-Type": "application/json"}
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture(autouse=True)
def nothing_grows(program: Program) -> Iterator[None]:
    """Check that the program is about as large as before, and that nothing went wrong inside."""
    process = psutil.Process(program.process.pid)
    before, said = process.memory_info().rss, len(program.said())
    yield
    assert process.memory_info().rss < before + MEMORY_MAX
    assert '"level":"error"' not in program.said()[said:]


def bomb(text: bytes = b"0" * (32 << 20)) -> bytes:
    """Return a little that would unfold to a lot."""
    return gzip.compress(text)


CODED: dict[str, tuple[bytes, bytes]] = {
    "gzip": (b"gzip", bomb()),
    "x-gzip": (b"x-gzip", bomb()),
    "deflate": (b"deflate", zlib.compress(b"0" * (32 << 20))),
    "gzip in gzip": (b"gzip, gzip", gzip.compress(bomb())),
    "br": (b"br", b"\x0b\x02\x80" * 100),
    "zstd": (b"zstd", b"\x28\xb5\x2f\xfd" * 100),
    "compress": (b"compress", b"\x1f\x9d" * 100),
    "gzip behind identity": (b"identity, gzip", bomb()),
    "in capitals": (b"GZIP", bomb()),
    "made up": (b"bomb", b"x"),
}


@pytest.mark.parametrize("name", CODED)
def test_a_compressed_body_is_not_unfolded(client: httpx.Client, name: str) -> None:
    """415 with what would be taken instead, whatever it is compressed with."""
    coding, body = CODED[name]
    answer = client.post("/api/patients", content=body, headers={**JSON, "Content-Encoding": coding.decode()})
    assert_problem(answer, 415)
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("header", "status"),
    [("Content-Encoding: gzip\r\nContent-Length: 1000", 415), (f"Content-Length: {LIMIT + 1}", 413),
     ("Content-Length: 999999999999", 413), ("Content-Type: text/xml\r\nContent-Length: 2000000", 413)],
)  # fmt: skip
def test_what_its_headers_condemn_is_refused_unread(
    program: Program, signed_in: dict[str, str], header: str, status: int
) -> None:
    """The answer is there, and the connection ended, before a byte of the body has been sent."""
    token = signed_in["Authorization"]
    kind = "" if "Content-Type" in header else "Content-Type: application/json\r\n"
    head = f"POST /api/patients HTTP/1.1\r\nHost: a\r\nAuthorization: {token}\r\n{kind}{header}\r\n\r\n"
    answer = spoken(program, head.encode())
    assert answer.statuses == [status]
    assert b"connection: close" in answer.head


def test_a_body_without_end_is_refused_at_the_limit(program: Program, signed_in: dict[str, str]) -> None:
    """Chunks that never end are read up to the limit and no further; whoever goes on sending is hung up on."""
    head = f"POST /api/patients HTTP/1.1\r\nHost: a\r\nAuthorization: {signed_in['Authorization']}\r\n"
    piece, sent = b"%x\r\n%b\r\n" % (65_536, b" " * 65_536), 0
    with connected(program) as connection:
        connection.sendall(head.encode() + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(4096):
                connection.sendall(piece)
                sent += len(piece)
        assert heard(connection).statuses in ([413], [])
    assert sent < 64 * LIMIT, "it took a lot before it hung up"


def test_a_hundred_large_bodies_at_once_are_not_held(program: Program, client: httpx.Client) -> None:
    """Most of a hundred bodies of the largest size is sent, without a token and without an end: none of it is kept."""
    head = (
        b"POST /api/patients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1048576\r\n\r\n"
    )
    crowd = [connected(program) for _ in range(100)]
    try:
        for connection in crowd:
            with suppress(ConnectionError):
                connection.sendall(head + b" " * 1_000_000)
        assert client.get("/health/live").status_code == 200
        assert all(heard(connection).statuses in ([401], []) for connection in crowd)
    finally:
        for connection in crowd:
            connection.close()


def _of(**changes: object) -> bytes:
    return json.dumps(somebody(**changes)).encode()


def _nested(opening: str, closing: str) -> bytes:
    return _of(name="@").replace(b'"@"', (opening * MANY + "1" + closing * MANY).encode())


BODIES: dict[str, Callable[[], bytes]] = {
    "lists in lists": lambda: b"[" * MANY + b"]" * MANY,
    "lists without an end": lambda: b"[" * (LIMIT - 1),
    "objects in objects": lambda: b'{"a":' * MANY + b"1" + b"}" * MANY,
    "lists in a field": lambda: _nested("[", "]"),
    "objects in a field": lambda: _nested('{"a":', "}"),
    "a number of a million digits": lambda: _of(name="@").replace(b'"@"', b"9" * 1_000_000),
    "a fraction of a million digits": lambda: _of(name="@").replace(b'"@"', b"0." + b"9" * 1_000_000),
    "an exponent of a million digits": lambda: _of(name="@").replace(b'"@"', b"1e" + b"9" * 1_000_000),
    "a text of a million letters": lambda: _of(name="a" * 1_000_000),
    "a text of a million escapes": lambda: _of(name="@").replace(b'"@"', b'"' + rb"\u0061" * 160_000 + b'"'),
    "a name of a million letters": lambda: _of(**{"a" * 1_000_000: 1}),
    "fifty thousand fields": lambda: _of(**{f"f{n}": n for n in range(50_000)}),
    "the same field again and again": lambda: b"{" + b'"name":1,' * MANY + b'"name":1}',
    "fifty thousand elements": lambda: _of(name=list(range(50_000))),
    "a million spaces": lambda: b" " * 1_000_000,
    "a million quotes": lambda: b'"' * 1_000_000,
    "half a million escaped quotes": lambda: rb'"\"' + rb"\"" * 500_000,
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_too_much_of_something_is_refused(client: httpx.Client, name: str) -> None:
    """400, in a moment, whether the whole platform's reader takes it or a change's."""
    body = BODIES[name]()
    assert len(body) <= LIMIT
    for method, path in (("POST", "/api/patients"), ("PATCH", f"/api/patients/{ID}")):
        answer = client.request(method, path, content=body, headers=JSON)
        assert answer.status_code in {400, 404}, answer.text[:300]
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.content) < 32_768, "the refusal is a bomb itself"
        assert answer.elapsed.total_seconds() < 20
    assert client.post("/auth/login", content=body, headers=JSON).status_code == 413


@pytest.mark.parametrize(
    "media",
    ["multipart/form-data; boundary=x", "multipart/mixed; boundary=x", "application/x-www-form-urlencoded", "text/xml",
     "application/xml", "text/plain", "application/json-seq", "application/cbor", "application/x-msgpack",
     "application/octet-stream", "application/json; charset=utf-7", "application/json; charset=utf-16", ""],
)  # fmt: skip
def test_another_media_type_is_not_read(client: httpx.Client, media: str) -> None:
    """415, though the body is JSON: nothing is guessed at."""
    assert_problem(client.post("/api/patients", json=somebody(), headers={"Content-Type": media}), 415)


HEADS: dict[str, tuple[bytes, int]] = {
    "a hundred and one headers": (b"".join(b"X%d: y\r\n" % n for n in range(101)), 431),
    "ten thousand headers": (b"".join(b"X%d: y\r\n" % n for n in range(10_000)), 431),
    "the same header ten thousand times": (b"X: y\r\n" * 10_000, 431),
    "a large header": (b"X: " + b"y" * 40_000 + b"\r\n", 431),
    "a name that is large": (b"X" * 40_000 + b": y\r\n", 431),
    "many cookies": (b"Cookie: " + b"; ".join(b"c%d=v" % n for n in range(5_000)) + b"\r\n", 431),
    "a header without end": (b"X: " + b"y" * 4_000_000, 431),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_is_too_large_is_refused(program: Program, name: str) -> None:
    """431 and the end of the connection, before all of it has been read."""
    lines, status = HEADS[name]
    answer = spoken(program, b"GET /health/live HTTP/1.1\r\nHost: a\r\n", lines, b"\r\n")
    assert answer.statuses in ([status], []), answer.data[:200]  # a reset may overtake the answer


@pytest.mark.parametrize(
    ("target", "statuses"),
    [
        (b"/" + b"x" * 10_000, [404]),
        (b"/" + b"x/" * 5_000, [404]),
        (b"/" + b"%41" * 3_000, [404]),
        (b"/api/patients/" + b"x" * 10_000, [401]),
        (b"/" + b"x" * 100_000, [414]),
        (b"/health/live?" + b"x" * 10_000, [400]),
        (b"/health/live?" + b"&".join(b"a%d=1" % n for n in range(1_000)), [400]),
        (b"/health/live?" + b"&" * 10_000, [400]),
    ],
)
def test_a_target_that_is_too_long_is_refused(program: Program, target: bytes, statuses: list[int]) -> None:
    """The path leads nowhere, the query is refused, and what is beyond all measure is not read."""
    answer = spoken(program, b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.statuses in (statuses, [431]), answer.data[:200]


def test_what_callers_make_up_is_not_remembered(program: Program, client: httpx.Client) -> None:
    """Thousands of unknown paths, methods, tokens and idempotency keys leave no trace in the numbers' labels."""
    before = len(program.metrics().splitlines())
    for number in itertools.islice(itertools.count(), 700):
        client.get(f"/made-up-{number}")
        client.request(f"M{number}", "/health/live")
        client.get("/auth/validate", headers={"Authorization": f"Bearer made.up.{number}"})
    assert len(program.metrics().splitlines()) < before + 60
