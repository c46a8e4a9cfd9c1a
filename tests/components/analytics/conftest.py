"""Analytics under test: a database of its own, and events such as the registry makes them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import date
from uuid import UUID, uuid4

import msgspec
import pytest
from tests.components.analytics.story import World, settled, tell
from tests.components.conftest import StartPlatform
from tests.components.patient_events import NOON, event_about

from careplane.app.host import Host
from careplane.components.events import PATIENT_STREAM, PatientEventBody
from careplane.kernel.context import Context, using
from careplane.kernel.events import Delivery, Event
from careplane.storage.database import Database

MakeEvent = Callable[..., Event]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open the component's database."""
    database = await Database.open(database_url, "analytics", size=4)
    yield database
    await database.close()


@pytest.fixture
def changed() -> MakeEvent:
    """Give a way to make the event of a patient's change."""

    def make(patient_id: UUID | None = None, version: int = 1, **facts: object) -> Event:
        plain = PatientEventBody(
            patient_id=patient_id or uuid4(),
            version=version,
            at=NOON,
            change="amended",
            birth_year=1980,
            gender="female",
            postal_area="US-021",
            registered_date=date(2026, 3, 1),
            archived=False,
        )
        return event_about(msgspec.structs.replace(plain, **facts))

    return make


@pytest.fixture
def delivery() -> Callable[..., Delivery]:
    """Give a way to put events into a delivery."""

    def make(*events: Event, position: str = "1:1") -> Delivery:
        return Delivery(stream=PATIENT_STREAM, position=position, events=events)

    return make


@pytest.fixture
async def world(platform: Host, as_tester: Context, database_url: str) -> AsyncIterator[World]:
    """Give the platform in each wiring, with people in it, all counted."""
    with using(as_tester):
        world = World(platform, database_url)
        await tell(world.patients)
        await settled(database_url)
        yield world


@pytest.fixture
async def plain(start_platform: StartPlatform, as_tester: Context, database_url: str) -> AsyncIterator[World]:
    """Give the platform as it runs in one process, with people in it, all counted."""
    async with AsyncExitStack() as stack:
        world = World(await stack.enter_async_context(start_platform()), database_url)
        stack.enter_context(using(as_tester))
        await tell(world.patients)
        await settled(database_url)
        yield world
