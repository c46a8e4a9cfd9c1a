"""The relay: in order, one leader at a time, marked after it is safe, and again if it was not."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from tests.storage.marks import Marks, event, work
from tests.storage.owner import Owner
from tests.storage.waiting import until

from careplane.kernel.errors import Unavailable
from careplane.kernel.events import Delivery, Event
from careplane.storage.database import Database
from careplane.storage.relay import Relay


class Broker:
    """Takes deliveries, or fails or waits when told to."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.error: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.at_once = self.most_at_once = 0

    async def deliver(self, delivery: Delivery) -> None:
        """Take a delivery over."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.deliveries.append(delivery)
            await asyncio.sleep(0.001)
            await self.open.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.at_once -= 1

    @property
    def ids(self) -> list[UUID]:
        """Name every event delivered, in order."""
        return [one.id for delivery in self.deliveries for one in delivery.events]


@pytest.fixture
def broker() -> Broker:
    """Give a broker that takes everything."""
    return Broker()


@pytest.fixture
async def databases(database_url: str) -> AsyncIterator[list[Database]]:
    """Give the databases of two processes."""
    databases = [await Database.open(database_url, "billing", size=3) for _ in range(2)]
    yield databases
    for database in databases:
        await database.close()


def relay(database: Database, broker: Broker, *, limit: int = 512, reader: str = "events") -> Relay:
    """Make the relay of a process."""
    return Relay(database, "billing", broker.deliver, reader=reader, limit=limit)


async def announce(database: Database, count: int) -> list[Event]:
    """Commit marks, each with an event."""
    works = [work() for _ in range(count)]
    await Marks(database).journal.flush(works)
    return [event for one in works for event in one.entry.events]


async def position(database: Database, reader: str = "events") -> tuple[int, int]:
    """Tell how far a reader has come."""
    rows = await database.fetch("SELECT xid::text::bigint AS xid, seq FROM outbox_position WHERE reader = $1", reader)
    return (rows[0]["xid"], rows[0]["seq"]) if rows else (0, 0)


async def test_events_arrive_whole_and_in_order(database: Database, broker: Broker) -> None:
    """A delivery holds the very events that were committed, and names the stream."""
    events = await announce(database, 5) + await announce(database, 5)
    assert await relay(database, broker).step()
    assert [one for delivery in broker.deliveries for one in delivery.events] == events
    assert broker.deliveries[0].stream == "billing"
    assert not await relay(database, broker).step()
    assert broker.ids == [one.id for one in events]


async def test_an_empty_outbox_delivers_nothing(database: Database, broker: Broker) -> None:
    """There is nothing to do, and nothing more to come."""
    assert not await relay(database, broker).step()
    assert broker.deliveries == []


async def test_deliveries_are_limited(database: Database, broker: Broker) -> None:
    """A long backlog goes out piece by piece, also where one transaction wrote more than a piece."""
    events = await announce(database, 25)
    carrier = relay(database, broker, limit=10)
    while await carrier.step():
        pass
    assert [len(delivery.events) for delivery in broker.deliveries] == [10, 10, 5]
    assert broker.ids == [one.id for one in events]
    assert len({delivery.position for delivery in broker.deliveries}) == 3


async def test_each_reader_gets_everything(database: Database, broker: Broker) -> None:
    """Readers have positions of their own."""
    events = await announce(database, 3)
    other = Broker()
    assert await relay(database, broker, reader="a").step()
    assert await relay(database, other, reader="b").step()
    assert broker.ids == other.ids == [one.id for one in events]


async def test_what_was_not_taken_comes_again(database: Database, broker: Broker) -> None:
    """A failed delivery marks nothing; the same events, with the same ids, come with the next step."""
    events = await announce(database, 3)
    broker.error = Unavailable()
    carrier = relay(database, broker)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await carrier.step()
        assert await position(database) == (0, 0)
    broker.error = None
    assert await carrier.step()
    assert broker.ids == [one.id for one in events] * 3
    assert broker.deliveries[0] == broker.deliveries[2]
    assert await position(database) > (0, 0)


async def test_two_relays_never_deliver_at_once(databases: list[Database], broker: Broker) -> None:
    """One leads at a time, whoever it is; together they deliver everything once, in order, and never step back."""
    events: list[Event] = []
    reached = [(0, 0)]
    writing = True

    async def write() -> None:
        nonlocal writing
        for _ in range(20):
            events.extend(await announce(databases[0], 3))
        writing = False

    async def carry(carrier: Relay) -> None:
        while await carrier.step() or writing or len(broker.ids) < len(events):
            reached.append(await position(databases[1]))
            await asyncio.sleep(0)

    carriers = [relay(database, broker, limit=7) for database in databases * 2]
    async with asyncio.timeout(20):
        await asyncio.gather(write(), *(carry(carrier) for carrier in carriers))
    assert broker.most_at_once == 1
    assert broker.ids == [one.id for one in events]
    assert reached == sorted(reached)


async def test_a_relay_that_does_not_lead_looks_again_soon(databases: list[Database], broker: Broker) -> None:
    """While another delivers, a step delivers nothing and asks for another; when all is delivered, it does not."""
    await announce(databases[0], 1)
    broker.open.clear()
    leading = asyncio.create_task(relay(databases[0], broker).step())
    await until(lambda: broker.at_once)
    async with asyncio.timeout(5):
        assert await relay(databases[1], broker).step()
    broker.open.set()
    assert await leading
    assert not await relay(databases[1], broker).step()
    assert len(broker.deliveries) == 1


async def test_a_leader_that_lost_its_session_marks_nothing(
    databases: list[Database], broker: Broker, owner: Owner
) -> None:
    """Its successor delivers the same again and goes on; the old one's late end changes no position."""
    events = await announce(databases[0], 4)
    broker.open.clear()
    zombie = asyncio.create_task(relay(databases[0], broker).step())
    await until(lambda: broker.at_once)
    await owner.kill()
    broker.open.set()
    successor = Broker()
    later = await _insist_on_announcing(databases[1])
    carrier = relay(databases[1], successor)
    while await carrier.step():
        pass
    reached = await position(databases[1])
    with pytest.raises(Unavailable):
        await zombie
    assert await position(databases[1]) == reached
    assert successor.ids == [one.id for one in events + later]


async def _insist_on_announcing(database: Database) -> list[Event]:
    async with asyncio.timeout(5):
        while True:
            try:
                return await announce(database, 2)
            except Unavailable:
                await asyncio.sleep(0.01)


async def test_events_behind_a_running_transaction_wait_and_are_not_forgotten(
    database: Database, broker: Broker, owner: Owner
) -> None:
    """What committed while an older transaction runs is reported as more to come, and comes after it."""
    older = owner.transaction()
    await older.start()
    first = event(uuid4())
    await owner.execute(
        "INSERT INTO outbox (id, type, subject, version, time, body) VALUES ($1, 't', $2, 1, now(), '')",
        first.id,
        first.subject,
    )
    later = await announce(database, 2)
    carrier = relay(database, broker)
    assert await carrier.step()
    assert broker.deliveries == []
    await older.commit()
    while await carrier.step():
        pass
    assert broker.ids == [first.id, *(one.id for one in later)]
