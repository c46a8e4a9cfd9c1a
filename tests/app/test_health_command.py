"""`careplane health`: one word when all is well, one sentence when it is not."""

import asyncio

import msgspec
import pytest
from tests.ports import free_ports

from careplane.app.commands.health import gateway_fault, reached_at, run_health
from careplane.app.settings import HttpSettings, Settings
from careplane.app.setup_error import SetupError
from careplane_transports.grpc.settings import GrpcSettings


def gateway(port: int) -> Settings:
    """Return the settings of a gateway there."""
    return Settings(http=HttpSettings(host="0.0.0.0", port=port))


@pytest.mark.parametrize(
    ("host", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.1.2.3", "10.1.2.3"), ("gateway.internal", "gateway.internal")],
)
def test_it_asks_this_machine(host: str, reached: str) -> None:
    """An address that means all of them is none to call."""
    assert reached_at(host) == reached


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b'HTTP/1.1 200 OK\r\n\r\n{"status":"ready"}', None),
        (b'HTTP/1.1 503 Service Unavailable\r\n\r\n{"checks":{"patient":"away"}}', '{"checks":{"patient":"away"}}'),
        (b"", "is not ready"),
        (b"SSH-2.0-hello\r\n", "is not ready"),
    ],
)
async def test_what_the_gateway_answers_counts(answer: bytes, fault: str | None) -> None:
    """200 is well; anything else is told as it came."""

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /health/ready HTTP/1.1\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(answered, "127.0.0.1", 0)
    async with server:
        found = await gateway_fault(gateway(server.sockets[0].getsockname()[1]))
    assert found is None if fault is None else fault in str(found)


async def test_nobody_there_is_said() -> None:
    """Of whom the settings say that they are: the gateway, or those who answer other processes."""
    http, grpc = free_ports(2)
    alone = gateway(http)
    with pytest.raises(SetupError, match=rf"gateway on 127\.0\.0\.1:{http} does not answer"):
        await run_health(alone, ())
    called = msgspec.structs.replace(alone, grpc=GrpcSettings(port=grpc))
    for names in ((), ("patient",), ("patient", "billing")):
        with pytest.raises(SetupError, match=rf"process on 127\.0\.0\.1:{grpc} does not answer"):
            await run_health(called, names)
    with pytest.raises(SetupError, match=r"grpc\.port is 0"):
        await run_health(alone, ("patient",))
    with pytest.raises(SetupError, match="gateway on"):
        await run_health(called, ("gateway", "patient"))
