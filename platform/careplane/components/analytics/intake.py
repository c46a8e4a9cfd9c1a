"""How events become counts: decoded, folded into the facts, written with the position they came from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from careplane.components.analytics.domain import fact_of, fold
from careplane.components.analytics.store import Counting
from careplane.components.events import PATIENT_CHANGED, PatientEventBody
from careplane.kernel.events import Event

if TYPE_CHECKING:
    from careplane.storage.database import Connection

_decoder = msgspec.msgpack.Decoder(PatientEventBody)


class Intake:
    """The effect of the registry's events; types that are not known yet have none."""

    def __init__(self, counting: Counting) -> None:
        """Count by `counting`."""
        self._counting = counting

    async def __call__(self, connection: "Connection", events: Sequence[Event]) -> None:
        """Count the events inside the transaction that `connection` has open."""
        counted = [event for event in events if event.type == PATIENT_CHANGED]
        if not counted:
            return
        news = [fact_of(_decoder.decode(event.body)) for event in counted]
        known = await self._counting.known(connection, [fact.patient_id for fact in news])
        newest = max(event.time for event in counted)
        await self._counting.save(connection, fold(known, news), newest, len(counted))
