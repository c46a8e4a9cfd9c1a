"""The health of each component as gRPC tells it (grpc.health.v1): SERVING while it is ready."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, cast

import structlog
from grpclib.health.check import CheckBase, ServiceCheck, ServiceStatus
from grpclib.health.service import OVERALL, Health

from careplane.kernel.errors import PlatformError
from careplane_transports.grpc.single import Servable

Check = Callable[[], Awaitable[None]]
"""Returns when its subject is ready, and raises when it is not."""

CHECK_SECONDS: Final = 2.0
FRESH_SECONDS: Final = 1.0
"""For how long what was found is told to others who ask; who watches hears of a change about as soon."""

_log = structlog.get_logger(__name__)


class Readiness:
    """Tells of the components here whether they are ready; `handler` is what answers."""

    def __init__(self, served: Mapping[str, Servable], checks: Mapping[str, Check]) -> None:
        """Ask the check of a component that has one; those without are ready as soon as they are served."""
        self._own = ServiceStatus()
        self._own.set(True)
        parts: dict[str, list[CheckBase]] = {
            name: [self._own, *([_checked(name, checks[name])] if name in checks else [])] for name in served
        }
        told: dict[object, list[CheckBase]] = {served[name]: part for name, part in parts.items()}
        told[OVERALL] = list({check for part in parts.values() for check in part})
        self.handler = cast("Servable", Health(cast("dict[Servable, list[CheckBase]]", told)))

    def drain(self) -> None:
        """Say that nothing here is ready any more, and that to whoever watches at once."""
        self._own.set(False)


def _checked(name: str, check: Check) -> ServiceCheck:
    async def ready() -> bool:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await check()
        except (PlatformError, OSError) as error:  # a TimeoutError is an OSError
            _log.warning("a component is not ready", component=name, error=type(error).__name__)
            return False
        return True

    return ServiceCheck(ready, check_ttl=FRESH_SECONDS, check_timeout=2 * CHECK_SECONDS)
