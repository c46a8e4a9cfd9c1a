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
from careplane.web.notes import Notes, noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply

_TAGS: Final = ["Analytics"]
_SUMMARY: Final = {
    "patientsTotal": 1204,
    "patientsActive": 1200,
    "patientsArchived": 4,
    "registeredToday": 3,
    "registeredLast7Days": 25,
    "registeredLast30Days": 96,
    "updatedAt": "2025-01-15T09:30:00Z",
    "eventsCounted": 1530,
    "eventsSetAside": 0,
    "position": "48211:1530",
}
_REGISTRATIONS: Final = {
    "interval": "day",
    "dateFrom": "2025-01-14",
    "dateTo": "2025-01-15",
    "total": 7,
    "buckets": [{"start": "2025-01-14", "count": 4}, {"start": "2025-01-15", "count": 3}],
}
_DEMOGRAPHICS: Final = {
    "patientsActive": 1200,
    "byGender": [{"value": "female", "count": 610}, {"value": "male", "count": 590}],
    "byAgeBand": [{"value": "30-39", "count": 400}, {"value": "40-49", "count": 800}],
    "byPostalArea": [{"value": "US-019", "count": 900}, {"value": "other", "count": 300}],
}


def endpoints(analytics: Analytics, _web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""

    @get("/api/analytics/summary", summary="How many patients there are", tags=_TAGS, opt=noted(Notes(answer=_SUMMARY)))
    async def summary() -> Reply[Summary]:
        return Reply(await analytics.summary(GetSummary()))

    @get(
        "/api/analytics/registrations",
        summary="Registrations by day, week or month",
        tags=_TAGS,
        opt=noted(Notes(answer=_REGISTRATIONS)),
    )
    async def registrations(
        interval: Annotated[str, QueryParameter(description="day, week or month.")] = "day",
        date_from: Annotated[date | None, QueryParameter(name="from", description="The first day, YYYY-MM-DD.")] = None,
        date_to: Annotated[date | None, QueryParameter(name="to", description="The last day, YYYY-MM-DD.")] = None,
    ) -> Reply[Registrations]:
        request = GetRegistrations(interval=interval, date_from=date_from, date_to=date_to)
        return Reply(await analytics.registrations(request))

    @get(
        "/api/analytics/demographics",
        summary="Who the patients are, in numbers",
        tags=_TAGS,
        opt=noted(Notes(answer=_DEMOGRAPHICS)),
    )
    async def demographics() -> Reply[Demographics]:
        return Reply(await analytics.demographics(GetDemographics()))

    return [summary, registrations, demographics]
