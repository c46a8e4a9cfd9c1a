"""How the analytics component is put together: store, actor, and the inbox that takes the registry's events."""

from careplane.components.analytics.actor import AnalyticsActor
from careplane.components.analytics.intake import Intake
from careplane.components.analytics.rebuilding import Rebuilding
from careplane.components.analytics.settings import AnalyticsSettings
from careplane.components.analytics.store import AnalyticsStore, Counting
from careplane.components.analytics.store_rebuild import RebuildStore
from careplane.components.assembly import Assembly, Parts
from careplane.components.events import PATIENT_STREAM
from careplane.components.patient.api import PATIENT
from careplane.kernel.events import Event
from careplane.storage.inbox import Inbox


async def assemble(parts: Parts) -> Assembly:
    """Put the component together from its parts."""
    settings = parts.section(AnalyticsSettings)
    store = AnalyticsStore(parts.database)

    def bury(event: Event, error: Exception) -> None:
        parts.report(f"analytics set event {event.id} aside", error)

    inbox = Inbox(parts.database, Intake(Counting()), bury)
    rebuilding = Rebuilding(RebuildStore(parts.database, PATIENT_STREAM), inbox, parts.to(PATIENT), bury)
    return Assembly(make=lambda: AnalyticsActor(store, rebuilding, parts.clock, settings), takes=inbox)
