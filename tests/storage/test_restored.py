"""A backup restored on another server: its events are handed on, and those that follow, none twice and none lost."""

from uuid import UUID

from tests.storage.marks import Marks, work
from tests.storage.owner import Owner

from careplane.kernel.events import Delivery
from careplane.storage.database import Database
from careplane.storage.migrations import migrate
from careplane.storage.relay import Relay


async def test_the_relay_goes_on_after_a_restore(database: Database, owner: Owner, database_url: str) -> None:
    """Events from a server with higher transaction ids do not block the outbox, and arrive before newer ones."""
    taken: list[UUID] = []

    async def deliver(delivery: Delivery) -> None:
        taken.extend(event.id for event in delivery.events)

    relay = Relay(database, "billing", deliver, reader="events", limit=2)
    works = [work() for _ in range(4)]
    ids = [event.id for one in works for event in one.entry.events]
    await Marks(database).journal.flush(works)
    await relay.step()
    assert taken == ids[:2]
    ahead = "(xid::text::bigint + 1000000)::text::xid8"
    await owner.execute(f"UPDATE outbox SET xid = {ahead}; UPDATE outbox_position SET xid = {ahead}")
    await migrate(database_url, ("billing",))
    later = [work()]
    await Marks(database).journal.flush(later)
    while await relay.step():
        pass
    assert taken == [*ids, *(event.id for one in later for event in one.entry.events)]
    assert not await relay.step()
