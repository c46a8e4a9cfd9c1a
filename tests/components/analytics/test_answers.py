"""The answers of analytics in each wiring: what the events said is what is told, as of today."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from careplane.app.host import Host
from careplane.components.analytics.actor import AnalyticsActor
from careplane.components.analytics.api import (
    ANALYTICS,
    Analytics,
    GetDemographics,
    GetRegistrations,
    GetSummary,
    Summary,
)
from careplane.components.analytics.intake import Intake
from careplane.components.analytics.rebuilding import Rebuilding
from careplane.components.analytics.settings import AnalyticsSettings
from careplane.components.analytics.store import AnalyticsStore, Counting
from careplane.components.analytics.store_rebuild import RebuildStore
from careplane.components.events import PATIENT_STREAM
from careplane.components.patient.api import PATIENT
from careplane.kernel.clock import FixedClock
from careplane.kernel.context import Context, using
from careplane.kernel.errors import InvalidArgument, PermissionDenied
from careplane.kernel.events import Deliver, Delivery, Event
from careplane.kernel.invoke import proxy
from careplane.kernel.principal import Principal
from careplane.storage.database import Database
from careplane.storage.inbox import Inbox
from careplane_transports.inprocess.switchboard import Switchboard

NOW = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
TODAY = NOW.date()

Make = Callable[..., Event]
MakeDelivery = Callable[..., Delivery]
Count = Callable[..., Awaitable[None]]


@pytest.fixture
async def analytics(platform: Host, as_tester: Context) -> AsyncIterator[Analytics]:
    """Give the interface, in each wiring, called by somebody who may do everything."""
    with using(as_tester):
        yield proxy(ANALYTICS, platform.calls)


@pytest.fixture
def take(platform: Host) -> Deliver:
    """Give what takes the registry's events in the running platform."""
    taken = platform.hosted["analytics"].assembly.takes
    assert taken is not None
    return taken.take


async def test_before_any_event_everything_is_zero(analytics: Analytics) -> None:
    """An empty clinic has answers too."""
    assert await analytics.summary(GetSummary()) == Summary(
        patients_total=0,
        patients_active=0,
        patients_archived=0,
        registered_today=0,
        registered_last_7_days=0,
        registered_last_30_days=0,
        updated_at=None,
        events_counted=0,
        events_set_aside=0,
        position=None,
    )
    registered = await analytics.registrations(GetRegistrations())
    assert (registered.total, len(registered.buckets)) == (0, 30)
    assert (await analytics.demographics(GetDemographics())).patients_active == 0


async def test_what_events_say_is_told(
    analytics: Analytics, take: Deliver, changed: Make, delivery: MakeDelivery
) -> None:
    """Totals, buckets and shares agree with the events, poison ones excepted and counted apart."""
    poison = msgspec.structs.replace(changed(), body=b"")
    events = [changed(registered_date=date(2026, 2, 20 + n)) for n in range(6)]
    await take(delivery(*events, poison, position="9:1"))
    summary = await analytics.summary(GetSummary())
    assert (summary.patients_total, summary.events_counted, summary.events_set_aside) == (6, 6, 1)
    assert (summary.position, summary.updated_at) == ("9:1", events[0].time)
    request = GetRegistrations(interval="week", date_from=date(2026, 2, 16), date_to=date(2026, 3, 1))
    registered = await analytics.registrations(request)
    assert [(b.start, b.count) for b in registered.buckets] == [(date(2026, 2, 16), 3), (date(2026, 2, 23), 3)]
    told = await analytics.demographics(GetDemographics())
    assert [(s.value, s.count) for s in told.by_gender if s.count] == [("female", 6)]
    assert [(s.value, s.count) for s in told.by_postal_area] == [("US-021", 6)]


async def test_a_request_that_makes_no_sense_is_refused(analytics: Analytics) -> None:
    """The field is named in every wiring."""
    with pytest.raises(InvalidArgument) as refused:
        await analytics.registrations(GetRegistrations(interval="fortnight"))
    assert refused.value.fields[0].field == "interval"


async def test_the_scope_is_asked_for(analytics: Analytics) -> None:
    """Who may not see the numbers does not."""
    with using(Context(principal=Principal(id="clerk", scopes=frozenset({"patients:read"})))):
        with pytest.raises(PermissionDenied):
            await analytics.summary(GetSummary())
        with pytest.raises(PermissionDenied):
            await analytics.registrations(GetRegistrations())
        with pytest.raises(PermissionDenied):
            await analytics.demographics(GetDemographics())


@pytest.fixture
def actor(database: Database) -> AnalyticsActor:
    """Give the actor at a fixed time, without a platform around it."""
    inbox = Inbox(database, Intake(Counting()), lambda _event, _error: None)
    store = RebuildStore(database, PATIENT_STREAM)
    rebuilding = Rebuilding(store, inbox, proxy(PATIENT, Switchboard()), lambda _event, _error: None)
    return AnalyticsActor(AnalyticsStore(database), rebuilding, FixedClock(NOW), AnalyticsSettings())


@pytest.fixture
def count(database: Database, delivery: MakeDelivery) -> Count:
    """Give a way to have events counted without a platform."""
    inbox = Inbox(database, Intake(Counting()), lambda _event, _error: None)
    return lambda *events: inbox.take(delivery(*events))


async def test_lately_means_whole_days_up_to_today(actor: AnalyticsActor, count: Count, changed: Make) -> None:
    """The last 7 and 30 days include today, and nobody from tomorrow."""
    days = [0, 6, 7, 29, 30, -1]
    await count(*(changed(registered_date=TODAY - timedelta(days=back)) for back in days))
    told = await actor.summary(GetSummary())
    assert (told.registered_today, told.registered_last_7_days, told.registered_last_30_days) == (1, 2, 4)
    assert told.patients_total == 6


async def test_archiving_and_restoring_move_the_counts_there_and_back(
    actor: AnalyticsActor, count: Count, changed: Make
) -> None:
    """The archived leave the demographics and stay among the registrations, and come back as they were."""
    patient = uuid4()

    async def told() -> tuple[int, int, int, int]:
        summary, shares = await actor.summary(GetSummary()), await actor.demographics(GetDemographics())
        return summary.patients_active, summary.patients_archived, summary.registered_today, shares.patients_active

    await count(changed(patient), changed())
    assert await told() == (2, 0, 2, 2)
    await count(changed(patient, 2, archived=True))
    assert await told() == (1, 1, 2, 1)
    await count(changed(patient, 3))
    assert await told() == (2, 0, 2, 2)


async def test_a_correction_moves_a_patient(actor: AnalyticsActor, count: Count, changed: Make) -> None:
    """Gender, age, area and day of registration are taken from where they were counted to where they belong."""
    patient = UUID(int=7)
    await count(changed(patient))
    corrected = changed(patient, 2, gender="male", birth_year=None, postal_area=None, registered_date=date(2026, 2, 1))
    await count(corrected)
    told = await actor.demographics(GetDemographics())
    shares = (told.by_gender, told.by_age_band, told.by_postal_area)
    assert [[(s.value, s.count) for s in share if s.count] for share in shares] == [
        [("male", 1)],
        [("unknown", 1)],
        [("unknown", 1)],
    ]
    assert (await actor.summary(GetSummary())).registered_today == 0
