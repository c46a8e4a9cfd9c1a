"""Health and reflection: what is ready and what there is, told to whoever asks or watches in gRPC's own way."""

import asyncio

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpclib.reflection.v1.reflection_grpc import ServerReflectionStub
from grpclib.reflection.v1.reflection_pb2 import ServerReflectionRequest
from tests.transports.grpc.books import Books
from tests.transports.grpc.plain_server import serving

from careplane.kernel.errors import Unavailable
from careplane_transports.grpc import health

SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
BILLING = "careplane_pb.billing.v1.Billing"


@pytest.fixture(autouse=True)
def without_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was found be old at once, so that no test waits for that."""
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.01)
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.2)


class Switch:
    """A check that says what the test wants."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.stuck = False

    async def __call__(self) -> None:
        """Return, raise, or hang."""
        if self.stuck:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error


async def asked(channel: Channel, name: str = BILLING) -> "HealthCheckResponse.ServingStatus.ValueType":
    """Ask how a component is."""
    return (await HealthStub(channel).Check(HealthCheckRequest(service=name), timeout=10)).status


@pytest.mark.parametrize("name", [BILLING, ""])
async def test_a_component_serves_while_it_is_ready(name: str) -> None:
    """It is asked itself; that it fails or hangs is one answer, and it may recover."""
    switch = Switch()
    async with serving(Books(), checks={"billing": switch}) as (port, _), Channel("127.0.0.1", port) as channel:
        assert await asked(channel, name) == SERVING
        for error in (Unavailable(), ConnectionError()):
            switch.error = error
            await until(channel, name, NOT_SERVING)
        switch.error = None
        await until(channel, name, SERVING)
        switch.stuck = True
        await until(channel, name, NOT_SERVING)


async def until(channel: Channel, name: str, status: int) -> None:
    """Return when the answer is that, which it must be within 10 seconds."""
    async with asyncio.timeout(10):
        while await asked(channel, name) != status:
            pass


async def test_a_component_without_a_check_is_ready_when_it_is_served() -> None:
    """And one that is not here is not known."""
    async with serving(Books()) as (port, _), Channel("127.0.0.1", port) as channel:
        assert await asked(channel) == SERVING
        with pytest.raises(GRPCError) as caught:
            await asked(channel, "careplane_pb.patient.v1.Patients")
        assert caught.value.status is Status.NOT_FOUND


async def test_who_watches_hears_of_changes_and_of_the_end() -> None:
    """Without asking again; an end is heard before the connection ends."""
    switch = Switch()
    async with (
        serving(Books(), checks={"billing": switch}) as (port, desk),
        Channel("127.0.0.1", port) as channel,
        HealthStub(channel).Watch.open(timeout=20) as stream,
    ):
        await stream.send_message(HealthCheckRequest(service=BILLING), end=True)
        while await told(stream) != SERVING:
            pass
        switch.error = Unavailable()
        assert await told(stream) == NOT_SERVING
        switch.error = None
        assert await told(stream) == SERVING
        await desk.beside.drain()
        assert await told(stream) == NOT_SERVING
        assert await asked(channel) == NOT_SERVING
        await stream.cancel()


async def told(stream: object) -> int:
    """Return the next status that a watch tells."""
    message = await stream.recv_message()  # type: ignore[attr-defined]
    assert isinstance(message, HealthCheckResponse)
    return int(message.status)


async def test_watching_does_not_hold_up_the_end() -> None:
    """A watch has no end of its own: a drain does not wait for it."""
    async with serving(Books()) as (port, desk), Channel("127.0.0.1", port) as channel:
        watching = asyncio.create_task(watch(channel, began := asyncio.Event()))
        await asyncio.wait_for(began.wait(), 10)
        await asyncio.wait_for(desk.server.drain(30), 10)
        with pytest.raises((StreamTerminatedError, GRPCError)):
            await watching


async def watch(channel: Channel, began: asyncio.Event) -> None:
    """Watch until that comes to an end."""
    async with HealthStub(channel).Watch.open(timeout=20) as stream:
        await stream.send_message(HealthCheckRequest(service=BILLING), end=True)
        while True:
            await told(stream)
            began.set()


async def test_reflection_tells_what_there_is() -> None:
    """So that tools can call by name: the services, and the file that describes each."""
    async with serving(Books()) as (port, _), Channel("127.0.0.1", port) as channel:
        requests = [
            ServerReflectionRequest(list_services=""),
            ServerReflectionRequest(file_containing_symbol=BILLING),
        ]
        listed, file = await ServerReflectionStub(channel).ServerReflectionInfo(requests, timeout=10)
    names = {service.name for service in listed.list_services_response.service}
    assert {BILLING, "grpc.health.v1.Health"} <= names
    (proto,) = file.file_descriptor_response.file_descriptor_proto
    described = FileDescriptorProto.FromString(proto)
    methods = {method.name for service in described.service for method in service.method}
    assert {"OpenAccounts", "Account", "PostPayment"} <= methods
