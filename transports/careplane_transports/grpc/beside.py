"""What a process answers beside the stream of calls: unary methods, health, reflection, and the sample's clients."""

from collections.abc import Mapping
from typing import Any

from grpclib.reflection.service import ServerReflection

from careplane.kernel.contract import Component
from careplane.kernel.invoke import Invoke
from careplane.kernel.supervisor import Report
from careplane_transports.grpc.health import Check, Readiness
from careplane_transports.grpc.sample import Open, SampleBilling
from careplane_transports.grpc.served import Served
from careplane_transports.grpc.settings import GrpcSettings
from careplane_transports.grpc.single import Servable, SingleCalls
from careplane_transports.grpc.tokens import CallTokens
from careplane_transports.grpc.unary import Interface


class Beside:
    """All of it, to be mounted on the server of the stream."""

    def __init__(
        self,
        settings: GrpcSettings,
        components: Mapping[Component[Any], Invoke],
        tokens: CallTokens,
        report: Report,
        *,
        checks: Mapping[str, Check] | None = None,
        sample: Open | None = None,
    ) -> None:
        """Answer for the components, each healthy while its check says so, and with `sample` for the sample's clients.

        `report` is told of what fails unexpectedly.
        """
        self._calls = SingleCalls(settings)
        answers = Served(components, tokens, report, settings.message_bytes)
        interfaces = {component.name: Interface(component, answers, tokens, self._calls) for component in components}
        self._readiness = Readiness(interfaces, checks or {})
        answered: list[Servable] = [*interfaces.values(), self._readiness.handler]
        if sample is not None:
            answered.append(SampleBilling(sample, self._calls))
        self.served = ServerReflection.extend(answered)

    @property
    def held(self) -> int:
        """How many single calls are being answered."""
        return self._calls.held

    async def drain(self) -> None:
        """Be healthy no more, refuse new calls, and return when those that are held have been answered."""
        self._readiness.drain()
        await self._calls.drain()
