"""What the tests of the Kafka transport ask for: settings for the broker of the run, and transports that are closed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import msgspec
import pytest
from tests.broker.choice import Kafka
from tests.conftest import execute, fresh_database, with_database
from tests.faults.proxy import Link
from tests.storage import marks, tally
from tests.transports.kafka.own_broker import OwnBroker
from tests.transports.kafka.people import BODIES

from careplane.storage.database import Database
from careplane_transports.kafka.events import KafkaEvents
from careplane_transports.kafka.settings import KafkaSettings

COMPONENT = "billing"
Opened = Callable[..., KafkaEvents]


@pytest.fixture
def settings(real_kafka: Kafka, topic_prefix: str) -> KafkaSettings:
    """Give settings that lead to the broker of the run, with names that nobody else has."""
    return KafkaSettings(bootstrap_servers=real_kafka.bootstrap_servers, topic_prefix=topic_prefix, partitions=3)


@pytest.fixture
def reported() -> list[tuple[str, Exception]]:
    """Give what the transports tell of work that failed."""
    return []


@pytest.fixture
async def opened(settings: KafkaSettings, reported: list[tuple[str, Exception]]) -> AsyncIterator[Opened]:
    """Give what makes a transport, by the settings or by some of its own; each is stopped in the end."""
    async with AsyncExitStack() as stack:

        def make(**changes: object) -> KafkaEvents:
            changed = msgspec.structs.replace(settings, **changes)
            events = KafkaEvents(changed, BODIES, lambda name, error: reported.append((name, error)))
            stack.push_async_callback(events.stop)
            return events

        yield make
    assert [task for task in asyncio.all_tasks() if is_ours(task)] == [], "a task was left behind"


def is_ours(task: asyncio.Task[object]) -> bool:
    """Tell whether a task was begun by the transport or its library."""
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and any(part in code.co_filename for part in ("careplane_transports", "aiokafka"))


@pytest.fixture(scope="session")
def tally_template(postgres_url: str, template_database: str) -> str:
    """Give the name of a database in which a component counts what it takes, to be copied."""
    name = "tallied"
    execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    execute(with_database(postgres_url, name), f"SET search_path TO {COMPONENT}; {tally.TABLE}; {marks.TABLE}")
    return name


@pytest.fixture
async def database(postgres_url: str, tally_template: str) -> AsyncIterator[Database]:
    """Open a database as a component."""
    with fresh_database(postgres_url, tally_template) as url:
        database = await Database.open(url, COMPONENT, size=4)
        yield database
        await database.close()


@pytest.fixture(scope="session")
def own_broker(kafka: Kafka) -> Iterator[OwnBroker]:
    """Give a broker of our own, which can be stopped, and be reached by a link that breaks, by a name, by TLS."""
    if kafka.kind != "java":
        pytest.skip(kafka.missing or "the run's Kafka is another one, and there may be no Java here")
    with OwnBroker() as broker:
        yield broker


@pytest.fixture
async def link(own_broker: OwnBroker) -> AsyncIterator[Link]:
    """Give the link by which those go who reach our own broker at the address `linked`."""
    link = own_broker.link()
    await link.open()
    yield link
    await link.close()
