"""The alarm that goes off when a restricted record is opened in an emergency: a warning in the log, and metrics."""

import structlog

from careplane.components.patient.access.access_messages import GlassGrant
from careplane.components.patient.access.store_glass import GlassStore
from careplane.kernel.clock import Clock

_log = structlog.get_logger(__name__)


class GlassAlarm:
    """Warns of each grant, and counts those made here and those that are open now."""

    def __init__(self, store: GlassStore, clock: Clock) -> None:
        """Drive it with a Pump whose step is `step`, to look now and then how many grants are open."""
        self._store = store
        self._clock = clock
        self.granted = 0
        self.open = 0

    def __call__(self, grant: GlassGrant) -> None:
        """Say who opened whose record and until when; why is for those who review it, not for the log."""
        self.granted += 1
        _log.warning(
            "break-glass: a restricted record was opened in an emergency",
            user_id=grant.user_id,
            patient_id=str(grant.patient_id),
            until=grant.until.isoformat(),
        )

    async def step(self) -> bool:
        """Look once."""
        self.open = await self._store.count_open(self._clock.now())
        return False
