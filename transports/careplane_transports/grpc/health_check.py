"""Asking a process how it is, by gRPC's health protocol (grpc.health.v1): for whoever restarts what is not well."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from careplane.kernel.contract import Component
from careplane_transports.grpc.channel import PeerChannel
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.grpc.tls import client_context
from careplane_transports.wire.contract import service_of

_OVERALL: Final = ""
_NAME: Final = "localhost"
"""What the certificate of every process is for, beside the names that run in it."""


async def not_serving(
    settings: GrpcSettings, host: str, components: Sequence[Component[Any]], within: float
) -> str | None:
    """Return what keeps the process that listens by `settings` from serving these (none: all it has), or None.

    It is asked on `host`, and shown the certificate of the settings: a process asks itself how it is.
    """
    channel = PeerChannel(host, settings.port, settings, name=_NAME, tls=client_context(settings))
    asked = {component.name: service_of(component).full_name for component in components} or {"": _OVERALL}
    where = f"The process on {host}:{settings.port}"
    try:
        async with asyncio.timeout(within):
            faults = [fault for name, service in asked.items() if (fault := await _fault(channel, name, service))]
    except (OSError, TimeoutError, StreamTerminatedError) as error:
        return f"{where} does not answer ({type(error).__name__})."
    finally:
        await channel.end()
    return f"{where} is not ready: {', '.join(faults)}." if faults else None


async def _fault(channel: PeerChannel, name: str, service: str) -> str | None:
    try:
        answer = await HealthStub(channel).Check(HealthCheckRequest(service=service))
    except GRPCError as error:
        said = "does not run there" if error.status is Status.NOT_FOUND else f"answers {error.status.name}"
    else:
        if answer.status == HealthCheckResponse.SERVING:
            return None
        said = HealthCheckResponse.ServingStatus.Name(answer.status).replace("_", " ").lower()
    return f"{name or 'it'}: {said}"
