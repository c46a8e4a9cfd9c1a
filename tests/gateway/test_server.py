"""The server on a real socket: that it says when it cannot listen, and that stopping cuts nothing off."""

import asyncio
import resource
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest
from tests.gateway.conftest import World

from careplane.gateway import server
from careplane.gateway.metrics import Metrics
from careplane.gateway.metrics_listener import showing
from careplane.gateway.server import serving
from careplane.kernel.errors import FailedPrecondition

HOST = "127.0.0.1"


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Return a port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


class Gate:
    """An application that answers when it is let."""

    def __init__(self, wanted: int = 1) -> None:
        """Begin closed; `entered` is set once that many requests wait before it."""
        self._wanted = wanted
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer 200, after a wait."""
        self._wanted -= 1
        if self._wanted == 0:
            self.entered.set()
        await asyncio.wait_for(self.opened.wait(), 10)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


async def test_the_gateway_serves(world: World) -> None:
    """Through granian, in this event loop, on a free port."""
    async with serving(world.application(), HOST, 0) as port, httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as c:
        answer = await c.post("/auth/login", json={"email": "a@b.org", "password": "right"})
        assert answer.json()["token"] == "admin"
        assert answer.headers.get_list("server") == ["careplane"]
        assert (await c.get("/api/patients", headers={"Authorization": "Bearer admin"})).status_code == 200
        assert (await c.head("/health/live")).status_code == 200
        for path in ("/%ff", "/%00", "/api/patients/%2e%2e%2fx", "/%"):
            assert (await c.get(path)).status_code in {400, 404}, path
    with pytest.raises(httpx.ConnectError):
        await httpx.AsyncClient().get(f"http://{HOST}:{port}/health/live")


async def test_what_is_in_flight_when_it_stops_is_answered() -> None:
    """Nothing new comes in, and nobody who was in is cut off."""
    gate = Gate(wanted=5)
    stopped = asyncio.Event()

    async def serve(ready: asyncio.Future[int]) -> None:
        async with serving(gate, HOST, 0) as port:
            ready.set_result(port)
            await stopped.wait()

    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with httpx.AsyncClient() as client, asyncio.TaskGroup() as tasks:
        server = tasks.create_task(serve(ready))
        url = f"http://{HOST}:{await ready}/"
        calls = [tasks.create_task(client.get(url)) for _ in range(5)]
        await gate.entered.wait()
        stopped.set()
        await asyncio.wait_for(_until_closed(url), 5)
        assert not server.done()
        gate.opened.set()
        assert [(await call).status_code for call in calls] == [200] * 5


async def _until_closed(url: str) -> None:
    async with httpx.AsyncClient() as client:
        while True:
            try:
                await client.get(url, timeout=0.2)
            except httpx.ConnectError:
                return
            except (httpx.TimeoutException, httpx.RemoteProtocolError, httpx.ReadError):
                continue  # the last one to be let in may be hung up on


async def test_it_does_not_wait_for_ever() -> None:
    """Who does not answer in the time of grace is left behind; so is a connection that sends nothing."""
    gate = Gate()
    async with httpx.AsyncClient() as client:
        async with serving(gate, HOST, 0, grace_s=0.2) as port:
            _, idle = await asyncio.open_connection(HOST, port)
            idle.write(b"GET / HTTP/1.1\r\nHost:")
            call = asyncio.create_task(client.get(f"http://{HOST}:{port}/"))
            await gate.entered.wait()
        gate.opened.set()
        await asyncio.gather(call, return_exceptions=True)
    idle.close()


async def test_an_idle_connection_is_ended_when_its_time_is_up() -> None:
    """And not before: a balancer in front must be the one who gives up first."""
    async with serving(Gate(), HOST, 0, head_s=0.3) as brief, serving(Gate(), HOST, 0, head_s=60) as long:
        ended, ours = await asyncio.open_connection(HOST, brief)
        kept, other = await asyncio.open_connection(HOST, long)
        async with asyncio.timeout(20):
            assert await ended.read() == b""
        assert not kept.at_eof()
        for writer in (ours, other):
            writer.close()
            await writer.wait_closed()


async def test_who_does_not_take_the_answers_is_hung_up_on() -> None:
    """Asking for ever and reading nothing holds a place only until the stated time is over."""

    async def large(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
        await send({"type": "http.response.body", "body": b"x" * 1_000_000})

    async with serving(large, HOST, 0, stall_s=0.5) as port:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((HOST, port))
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 40)
            await _until(lambda: _held(port) == 1)
            await _until(lambda: _held(port) == 0)


async def _until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not check():  # noqa: ASYNC110 - what is waited for happens in the system
            await asyncio.sleep(0.02)


def _held(port: int) -> int:
    """Return how many connections the server has."""
    mine = psutil.Process().net_connections("tcp")
    return sum(c.laddr.port == port and c.status == psutil.CONN_ESTABLISHED for c in mine)


def test_there_are_no_more_places_than_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of files a process may open is raised as far as it goes, and is enough for all connections."""
    limits: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limits.update(now=wanted))
    for before, after, places in (
        ((1024, 1024), None, 768),
        ((1024, 2048), (2048, 2048), 1792),
        ((1024, 65536), (4352, 65536), 4096),
        ((65536, 65536), None, 4096),
        ((-1, -1), None, 4096),
        ((1024, -1), (4352, -1), 4096),
        ((100, 100), None, 1),
    ):
        limits.clear()
        monkeypatch.setattr(resource, "getrlimit", lambda _, now=before: now)
        assert server._places() == places
        assert limits.get("now") == after


async def test_a_taken_port_is_told(world: World, taken_port: int) -> None:
    """Granian itself would share it in silence."""
    with pytest.raises(FailedPrecondition, match=f"Cannot listen on {HOST}:{taken_port}: Address already in use"):
        async with serving(world.application(), HOST, taken_port):
            pass


async def test_a_port_is_not_free_while_we_listen_on_it() -> None:
    """Two of us do not share one either."""
    async with serving(Gate(), HOST, 0) as port:
        with pytest.raises(FailedPrecondition):
            async with serving(Gate(), HOST, port):
                pass


async def test_an_address_that_is_not_ours_is_told(world: World) -> None:
    """With what the system says about it."""
    with pytest.raises(FailedPrecondition, match=r"Cannot listen on 192\.0\.2\.1:0"):
        async with serving(world.application(), "192.0.2.1", 0):
            pass


async def test_prometheus_finds_the_numbers() -> None:
    """At /metrics and nowhere else; gauges are read when asked for."""
    metrics = Metrics()
    metrics.gauge("careplane_mailbox_held", "Calls in a mailbox", lambda: {"patient": 3, "billing": 0}, "component")
    metrics.counter("careplane_batches", "Batches committed", lambda: {"": 7})
    metrics.requests.answered("/api/patients/{patient_id}", "GET", 200, 0.003)
    async with showing(metrics.registry, HOST, 0) as port, httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as c:
        answer = await c.get("/metrics")
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        lines = answer.text.splitlines()
        assert 'careplane_mailbox_held{component="patient"} 3.0' in lines
        assert "careplane_batches_total 7.0" in lines
        counted = 'careplane_http_requests_total{method="GET",route="/api/patients/{patient_id}",status="200"} 1.0'
        assert counted in lines
        assert lines[-1] == "# EOF"
        assert (await c.head("/metrics")).content == b""
        assert (await c.get("/")).status_code == 404
        assert (await c.post("/metrics")).status_code == 405


async def test_who_does_not_speak_http_gets_nothing() -> None:
    """And disturbs nobody."""
    async with showing(Metrics().registry, HOST, 0) as port:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"x" * 20_000)
        assert await asyncio.wait_for(_rest(reader), 5) == b""
        writer.close()
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://{HOST}:{port}/metrics")).status_code == 200


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_a_taken_port_for_metrics_is_told(taken_port: int) -> None:
    """In a sentence."""
    with pytest.raises(FailedPrecondition, match=f"Cannot show metrics on {HOST}:{taken_port}"):
        async with showing(Metrics().registry, HOST, taken_port):
            pass


def test_a_number_cannot_have_two_meanings() -> None:
    """A second one of the same name is refused at once."""
    metrics = Metrics()
    metrics.gauge("careplane_x", "One", lambda: {"": 1})
    with pytest.raises(ValueError, match="careplane_x"):
        metrics.gauge("careplane_x", "Two", lambda: {"": 2})
