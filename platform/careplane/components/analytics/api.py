"""The interface of the analytics component: all that other components, the gateway and the application may import."""

from datetime import date, datetime
from typing import Final, Literal, Protocol
from uuid import UUID

from careplane.components.audit import AuditPage, ListAudit
from careplane.kernel.contract import Component, command, query
from careplane.kernel.message import Message

MAX_BUCKETS: Final = 1100
INTERVALS: Final = ("day", "week", "month")


class GetSummary(Message, frozen=True, kw_only=True):
    """Ask how many patients there are and how many came lately."""


class Summary(Message, frozen=True, kw_only=True):
    """How many patients there are, and how many came today and lately, by the day of registration, in UTC.

    `updated_at` is the time of the newest event counted, `events_counted` how many were, `position` how far in the
    registry's stream (`partition:offset` of each partition where a broker keeps it), and `events_set_aside` how many
    could not be understood and are missing from the counts.
    """

    patients_total: int
    patients_active: int
    patients_archived: int
    registered_today: int
    registered_last_7_days: int
    registered_last_30_days: int
    updated_at: datetime | None
    events_counted: int
    events_set_aside: int
    position: str | None


class GetRegistrations(Message, frozen=True, kw_only=True):
    """Ask for the registrations from one date to another, both included.

    Left out, `date_to` is today, and `date_from` such that there are 30 days, 12 weeks or 12 months. What counts is
    the registered date that the record states, so that an imported archive shows when its patients really came.
    """

    interval: str = "day"
    date_from: date | None = None
    date_to: date | None = None


class Bucket(Message, frozen=True, kw_only=True):
    """How many patients registered in the interval that begins on `start`."""

    start: date
    count: int


class Registrations(Message, frozen=True, kw_only=True):
    """Registrations by interval, oldest first, with none left out; weeks begin on Monday (ISO 8601).

    The first and last bucket count only the days between the two dates.
    """

    interval: Literal["day", "week", "month"]
    date_from: date
    date_to: date
    total: int
    buckets: tuple[Bucket, ...]


class GetDemographics(Message, frozen=True, kw_only=True):
    """Ask who the active patients are."""


class Share(Message, frozen=True, kw_only=True):
    """How many active patients share a value."""

    value: str
    count: int


class Demographics(Message, frozen=True, kw_only=True):
    """Active patients by gender, by age (the age reached in this year) and by postal area.

    Areas with few patients, and those beyond the largest, are counted together as "other".
    """

    patients_active: int
    by_gender: tuple[Share, ...]
    by_age_band: tuple[Share, ...]
    by_postal_area: tuple[Share, ...]


class BeginRebuild(Message, frozen=True, kw_only=True):
    """Ask to count everything anew, under an id that the caller makes."""

    rebuild_id: UUID


class ContinueRebuild(Message, frozen=True, kw_only=True):
    """Ask to count the events after the position that the last answer told."""

    rebuild_id: UUID
    after: str | None


class FinishRebuild(Message, frozen=True, kw_only=True):
    """Ask to count what is left and to let the new counts answer."""

    rebuild_id: UUID


class RebuildProgress(Message, frozen=True, kw_only=True):
    """How far a rebuild has come; `events_expected` is how many the present counts rest on.

    The position stays where it is once the log has been counted to its end.
    """

    rebuild_id: UUID
    position: str | None
    events_counted: int
    events_set_aside: int
    events_expected: int


class Rebuilt(Message, frozen=True, kw_only=True):
    """What a rebuild came to; `rows_changed` is how many rows of the tables were not as the event log has them."""

    rebuild_id: UUID
    position: str | None
    events_counted: int
    events_set_aside: int
    rows_changed: int


class Analytics(Protocol):
    """Counts of patients; none of them names anybody."""

    @query(scope="analytics:read")
    async def summary(self, request: GetSummary, /) -> Summary:
        """Return how many patients there are and how many came lately."""
        ...

    @query(scope="analytics:read")
    async def registrations(self, request: GetRegistrations, /) -> Registrations:
        """Return the registrations by day, week or month."""
        ...

    @query(scope="analytics:read")
    async def demographics(self, request: GetDemographics, /) -> Demographics:
        """Return the active patients by gender, age and postal area."""
        ...

    @query(scope="audit:read")
    async def audit_trail(self, request: ListAudit, /) -> AuditPage:
        """Return a page of this component's audit, newest first."""
        ...

    @command(key="rebuild_id", scope="analytics:rebuild")
    async def begin_rebuild(self, request: BeginRebuild, /) -> RebuildProgress:
        """Begin to count everything anew from the event log; one rebuild at a time."""
        ...

    @command(key="rebuild_id", scope="analytics:rebuild")
    async def continue_rebuild(self, request: ContinueRebuild, /) -> RebuildProgress:
        """Count the next page of the log; the present counts go on answering."""
        ...

    @command(key="rebuild_id", scope="analytics:rebuild")
    async def finish_rebuild(self, request: FinishRebuild, /) -> Rebuilt:
        """Count what is left of the log, and let the new counts answer from now on."""
        ...


ANALYTICS = Component("analytics", version=1, interface=Analytics)
