"""The analytics component over HTTP."""

from datetime import date
from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from careplane.components.analytics.api import (
    Analytics,
    Demographics,
    GetDemographics,
    GetRegistrations,
    GetSummary,
    Registrations,
    Summary,
)
from careplane.web.parts import WebParts
from careplane.web.reply import Reply

_TAGS: Final = ["Analytics"]


def endpoints(analytics: Analytics, _web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""

    @get("/api/analytics/summary", summary="How many patients there are", tags=_TAGS)
    async def summary() -> Reply[Summary]:
        return Reply(await analytics.summary(GetSummary()))

    @get("/api/analytics/registrations", summary="Registrations by day, week or month", tags=_TAGS)
    async def registrations(
        interval: Annotated[str, QueryParameter(description="day, week or month.")] = "day",
        date_from: Annotated[date | None, QueryParameter(name="from", description="The first day, YYYY-MM-DD.")] = None,
        date_to: Annotated[date | None, QueryParameter(name="to", description="The last day, YYYY-MM-DD.")] = None,
    ) -> Reply[Registrations]:
        request = GetRegistrations(interval=interval, date_from=date_from, date_to=date_to)
        return Reply(await analytics.registrations(request))

    @get("/api/analytics/demographics", summary="Who the patients are, in numbers", tags=_TAGS)
    async def demographics() -> Reply[Demographics]:
        return Reply(await analytics.demographics(GetDemographics()))

    return [summary, registrations, demographics]
