"""Counting everything anew from the registry's event log, step by step, while the present counts go on answering.

The events go through the same inbox and the same intake as live ones, into tables of their own. At the end the live
inbox is closed for a moment, the rest of the log is counted, and the tables are made equal in one transaction.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from careplane.components.analytics.api import (
    ANALYTICS,
    BeginRebuild,
    ContinueRebuild,
    FinishRebuild,
    RebuildProgress,
    Rebuilt,
)
from careplane.components.analytics.intake import Intake
from careplane.components.analytics.store import Counting
from careplane.components.analytics.store_rebuild import SUFFIX, RebuildStore
from careplane.components.events import PATIENT_STREAM, EventsPage, ReadEvents
from careplane.components.patient.api import Patients
from careplane.kernel.context import current, using
from careplane.kernel.errors import Aborted
from careplane.kernel.events import Delivery, Event
from careplane.kernel.message import Message
from careplane.kernel.principal import component_principal
from careplane.storage.database import Database
from careplane.storage.inbox import Inbox
from careplane.storage.journal import Applied, Bare, bare_journal, entry_for

_PRINCIPAL: Final = component_principal(ANALYTICS.name, "events:read")
_METHODS: Final = ANALYTICS.methods

Bury = Callable[[Event, Exception], None]


class Rebuilding:
    """The steps of a rebuild: begun, continued page by page until the end of the log is near, and finished."""

    def __init__(self, store: RebuildStore, live: Inbox, patients: Patients, bury: Bury) -> None:
        """Read the log of `patients`, keep `live` closed at the end, tell `bury` what cannot be counted."""
        self._store = store
        self._live = live
        self._patients = patients
        self._bury = bury

    async def begin(self, request: BeginRebuild) -> RebuildProgress:
        """Begin with empty tables; raise FailedPrecondition while another rebuild is at work."""
        async with self._store.beginning(request.rebuild_id) as joined:
            progress = await self._store.progress(joined, request.rebuild_id)
            await _record(joined, "begin_rebuild", request, progress)
        return progress

    async def proceed(self, request: ContinueRebuild) -> RebuildProgress:
        """Count the page after the position that the caller knows, unless that has been done already."""
        page = await self._page(request.after)
        async with self._store.at_work(request.rebuild_id) as (joined, _):
            before = await self._store.progress(joined, request.rebuild_id)
            if before.position != request.after or not page.events:
                return before
            await self._count(joined, page)
            return await self._store.progress(joined, request.rebuild_id)

    async def finish(self, request: FinishRebuild) -> Rebuilt:
        """Count what is left while live events wait, and make the tables that answer equal to the rebuilt ones.

        Whatever live counting has ever taken is below the log's horizon by the time it is kept out. So it is counted
        here too once the log has been read to its end.
        """
        async with self._store.at_work(request.rebuild_id) as (joined, connection):
            await self._live.close(connection)
            progress = await self._store.progress(joined, request.rebuild_id)
            position, more = progress.position, True
            while more:
                page = await self._page(position)
                await self._count(joined, page)
                position, more = page.position, page.more
            changed = await self._store.swap(connection)
            progress = await self._store.progress(joined, request.rebuild_id)
            rebuilt = Rebuilt(
                rebuild_id=request.rebuild_id,
                position=progress.position,
                events_counted=progress.events_counted,
                events_set_aside=progress.events_set_aside,
                rows_changed=changed,
            )
            await _record(joined, "finish_rebuild", request, rebuilt)
        await self._store.clear(request.rebuild_id)
        return rebuilt

    async def _page(self, after: str | None) -> EventsPage:
        with using(msgspec.structs.replace(current(), principal=_PRINCIPAL)):
            return await self._patients.events(ReadEvents(after=after))

    async def _count(self, joined: Database, page: EventsPage) -> None:
        if page.events and page.position is not None:
            inbox = Inbox(joined, Intake(Counting(SUFFIX)), self._bury, suffix=SUFFIX)
            await inbox.take(Delivery(stream=PATIENT_STREAM, position=page.position, events=page.events))


async def _record(joined: Database, method: str, request: Message, reply: Message) -> None:
    """Write the journal entry of a step into its own transaction."""
    entry = entry_for(_METHODS[method], request, reply, detail={"rebuild": str(getattr(request, "rebuild_id", ""))})
    for answer in await bare_journal(joined).flush([Bare(entry)]):
        if answer != Applied():  # it was carried out under this key by another process: ask again, and be told
            raise Aborted
