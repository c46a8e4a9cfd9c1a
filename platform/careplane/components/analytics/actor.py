"""The analytics actor: answers from the counters, with today's date in UTC."""

from datetime import date

from careplane.components.analytics import demographics, intervals
from careplane.components.analytics.api import (
    BeginRebuild,
    ContinueRebuild,
    Demographics,
    FinishRebuild,
    GetDemographics,
    GetRegistrations,
    GetSummary,
    RebuildProgress,
    Rebuilt,
    Registrations,
    Summary,
)
from careplane.components.analytics.rebuilding import Rebuilding
from careplane.components.analytics.settings import AnalyticsSettings
from careplane.components.analytics.store import AnalyticsStore
from careplane.components.events import PATIENT_STREAM
from careplane.kernel.clock import Clock


class AnalyticsActor:
    """Implements `Analytics`; its answers name nobody, so they leave no audit rows."""

    def __init__(
        self, store: AnalyticsStore, rebuilding: Rebuilding, clock: Clock, settings: AnalyticsSettings
    ) -> None:
        """Take what the actor works with; it keeps no state of its own."""
        self._store = store
        self._rebuilding = rebuilding
        self._clock = clock
        self._settings = settings

    async def summary(self, _request: GetSummary, /) -> Summary:
        """Return how many patients there are and how many came lately."""
        return await self._store.summary(self._today(), PATIENT_STREAM)

    async def registrations(self, request: GetRegistrations, /) -> Registrations:
        """Return the registrations by day, week or month."""
        first, last = intervals.span(request, self._today())
        return intervals.registrations(request.interval, first, last, await self._store.days(first, last))

    async def demographics(self, _request: GetDemographics, /) -> Demographics:
        """Return the active patients by gender, age and postal area."""
        return demographics.demographics(await self._store.tallies(), self._today().year, self._settings)

    async def begin_rebuild(self, request: BeginRebuild, /) -> RebuildProgress:
        """Begin to count everything anew."""
        return await self._rebuilding.begin(request)

    async def continue_rebuild(self, request: ContinueRebuild, /) -> RebuildProgress:
        """Count the next page of the log."""
        return await self._rebuilding.proceed(request)

    async def finish_rebuild(self, request: FinishRebuild, /) -> Rebuilt:
        """Let the new counts answer."""
        return await self._rebuilding.finish(request)

    def _today(self) -> date:
        return self._clock.now().date()
