"""The proxy of the fault campaign does to a link what it says."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.end_to_end.program import until_true_async
from tests.faults.proxy import Address, Link

PATIENCE_S = 10.0


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes, until the other side has said all."""
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def linked(kind: str) -> AsyncIterator[tuple[Link, Address]]:
    """Give a link to an echo, and where to call it."""
    with tempfile.TemporaryDirectory() as folder:
        sockets = Path(folder)
        target: Address
        if kind == "unix":
            server = await asyncio.start_unix_server(echo, sockets / "echo")
            target = sockets / "echo"
        else:
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            target = ("127.0.0.1", server.sockets[0].getsockname()[1])
        link = Link("echo", target, listens=sockets / "link" if kind == "unix" else None)
        await link.open()
        try:
            yield link, sockets / "link" if kind == "unix" else ("127.0.0.1", link.port)
        finally:
            await link.close()
            server.close()


@asynccontextmanager
async def call(address: Address) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to a link for the body."""
    opening = asyncio.open_unix_connection(address) if isinstance(address, Path) else asyncio.open_connection(*address)
    reader, writer = await opening
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("kind", ["tcp", "unix"])
async def test_an_open_link_passes_everything_on(kind: str) -> None:
    """In order, and to the end: who has said all is told so, and may still listen."""
    said = b"".join(b"%d\n" % number for number in range(50_000))
    async with asyncio.timeout(PATIENCE_S), linked(kind) as (link, address):
        async with call(address) as (reader, writer), asyncio.TaskGroup() as tasks:
            tasks.create_task(_say_all(writer, said))
            assert await reader.read(-1) == said
        await until_true_async(lambda: link.connections == 0)


async def _say_all(writer: asyncio.StreamWriter, said: bytes) -> None:
    writer.write(said)
    await writer.drain()
    writer.write_eof()


async def test_a_cut_ends_connections_until_restored() -> None:
    """Those that there are, and new ones."""
    async with asyncio.timeout(PATIENCE_S), linked("tcp") as (link, address):
        async with call(address) as (reader, writer):
            writer.write(b"one\n")
            assert await reader.readline() == b"one\n"
            await link.cut()
            assert await _ended(reader)
        async with call(address) as (reader, _):
            assert await _ended(reader)
        link.restore()
        async with call(address) as (reader, writer):
            writer.write(b"two\n")
            assert await reader.readline() == b"two\n"


async def _ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


async def test_a_black_hole_holds_back_until_restored() -> None:
    """What is sent into it, and who connects to it, gets no answer; what was held back arrives afterwards."""
    async with (
        asyncio.timeout(PATIENCE_S),
        linked("tcp") as (link, address),
        call(address) as (reader, writer),
        call(address) as (other, another),
    ):
        link.black_hole()
        writer.write(b"one\n")
        another.write(b"two\n")
        waiting = {asyncio.create_task(one.readline()) for one in (reader, other)}
        done, _ = await asyncio.wait(waiting, timeout=0.05)
        assert not done
        async with call(address) as (late, later):
            later.write(b"three\n")
            link.restore()
            assert {await one for one in waiting} == {b"one\n", b"two\n"}
            assert await late.readline() == b"three\n"


async def test_a_delay_is_waited_for() -> None:
    """Once on the way there and once on the way back."""
    async with asyncio.timeout(PATIENCE_S), linked("tcp") as (link, address), call(address) as (reader, writer):
        loop = asyncio.get_running_loop()
        link.delay(0.05)
        since = loop.time()
        writer.write(b"one\n")
        assert await reader.readline() == b"one\n"
        assert loop.time() - since >= 0.1


async def test_where_nobody_listens_the_connection_is_ended() -> None:
    """As it would be without the proxy, if a moment later."""
    lost = Link("lost", Path("/nonexistent/socket"))
    await lost.open()
    try:
        async with asyncio.timeout(PATIENCE_S), call(("127.0.0.1", lost.port)) as (reader, _):
            assert await _ended(reader)
    finally:
        await lost.close()
