"""Strange HTTP on a real socket: whatever two readers could understand differently is refused, not guessed at."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from tests.gateway.conftest import World

from careplane.gateway.server import serving

HOST = "127.0.0.1"
BODY = json.dumps({"name": "A", "email": "a@b.org", "address": "x", "dateOfBirth": "1990-01-01"}).encode()
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)


@pytest.fixture
async def port(world: World) -> AsyncIterator[int]:
    """Serve the gateway on a free port."""
    async with serving(world.application(), HOST, 0) as port:
        yield port


async def answer(port: int, head: bytes, body: bytes = b"") -> bytes:
    """Send a request as it stands, signed in and as the last one of its connection; return the answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(head + b"\r\nAuthorization: Bearer admin\r\nConnection: close\r\n\r\n" + body)
    await writer.drain()
    async with asyncio.timeout(5):
        found = await reader.read()
    writer.close()
    await writer.wait_closed()
    return found


def status(found: bytes) -> int:
    """Return the status of an answer."""
    return int(found.split(b" ", 2)[1])


def posting(*headers: bytes) -> bytes:
    """Return the head of a registration with some headers of its own."""
    return b"\r\n".join((b"POST /api/patients HTTP/1.1", b"Host: x", b"Content-Type: application/json", *headers))


@pytest.mark.parametrize("coding", [b"chunked", b"Chunked", b" chunked "])
async def test_a_chunked_body_is_taken(port: int, coding: bytes) -> None:
    """However it is written."""
    assert status(await answer(port, posting(b"Transfer-Encoding:" + coding), CHUNKED)) == 201


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"identity, chunked", b"chunked, chunked", b"chunked;q=1"])
async def test_any_other_transfer_coding_is_refused(world: World, port: int, coding: bytes) -> None:
    """A proxy before us might have read another body (RFC 9112, section 6.1)."""
    found = await answer(port, posting(b"Transfer-Encoding: " + coding), CHUNKED)
    assert status(found) == 400
    assert world.registry.asked == []


async def test_two_transfer_codings_are_refused(world: World, port: int) -> None:
    """Even when each would do."""
    twice = posting(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked")
    assert status(await answer(port, twice, CHUNKED)) == 400
    assert world.registry.asked == []


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"identity, gzip", b"x"])
async def test_a_compressed_body_is_not_taken(world: World, port: int, coding: bytes) -> None:
    """415, with what would be (RFC 9110, section 15.5.16)."""
    length = b"Content-Length: %d" % len(BODY)
    found = await answer(port, posting(length, b"Content-Encoding: " + coding), BODY)
    assert status(found) == 415
    assert b"\r\naccept-encoding: identity\r\n" in found
    assert world.registry.asked == []
    assert status(await answer(port, posting(length, b"Content-Encoding: identity"), BODY)) == 201


@pytest.mark.parametrize("path", [b"/api%2Fpatients", b"/api/patients%2f01890a5d-ac96-774b-bcce-b302099a8057"])
async def test_an_escaped_slash_is_no_slash(port: int, path: bytes) -> None:
    """Who guards paths before us would not take it for one either; in a query it may stand."""
    assert status(await answer(port, b"GET " + path + b" HTTP/1.1\r\nHost: x")) == 404
    assert status(await answer(port, b"GET /api/patients?identifier=a%2Fb HTTP/1.1\r\nHost: x")) == 200
