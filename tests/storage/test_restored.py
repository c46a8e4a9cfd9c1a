"""A backup restored on another server: its events are handed on and its audit is sealed, none twice and none lost."""

from uuid import UUID

from tests.storage import chains
from tests.storage.marks import Marks, work
from tests.storage.owner import Owner

from careplane.kernel.events import Delivery
from careplane.storage.audit_check import check_audit
from careplane.storage.database import Database
from careplane.storage.migrations import migrate
from careplane.storage.relay import Relay
from careplane.storage.seal import Sealer


async def test_the_relay_goes_on_after_a_restore(database: Database, owner: Owner, database_url: str) -> None:
    """Events from a server with higher transaction ids do not block the outbox, and arrive before newer ones."""
    taken: list[UUID] = []

    async def deliver(delivery: Delivery) -> None:
        taken.extend(event.id for event in delivery.events)

    relay = Relay(database, "billing", deliver, reader="events", limit=2, batches=1)
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


async def test_the_sealer_goes_on_after_a_restore(database: Database, owner: Owner, database_url: str) -> None:
    """What was sealed elsewhere stays as it was, in an order that only its blocks know; the rest follows, once."""
    await chains.write(database, 7)
    await Sealer(database, "billing", limit=4).step()  # four are sealed, three are not
    ahead = "(xid::text::bigint + 1000000 - id * 10)::text::xid8"  # so that ids are not in the order of commits
    await owner.execute(f"UPDATE audit SET xid = {ahead}")
    await owner.execute("UPDATE audit_seal SET xid = (SELECT xid FROM audit WHERE id = 4)")
    before = await owner.value("SELECT hash FROM audit_seal")
    await migrate(database_url, ("billing",))
    assert await owner.value("SELECT hash FROM audit_seal") == before
    assert (await check_audit(database, "billing")).unsealed == 3
    await chains.write(database, 2)
    await chains.seal(database)
    report = await check_audit(database, "billing")
    assert (report.rows, report.unsealed, report.findings) == (9, 0, [])
    blocks = [row[0] for row in await owner.fetch("SELECT row_ids FROM audit_seal ORDER BY seq")]
    assert blocks == [[1, 2, 3, 4], [5, 6, 7, 8, 9]]


async def test_a_backup_that_was_not_adopted_is_told(database: Database, owner: Owner, database_url: str) -> None:
    """Checked before `careplane migrate` has run, the rows are told to be ahead of the server, with what to do."""
    await chains.write(database, 2)
    await owner.execute("UPDATE audit SET xid = '999999999999'")
    report = await check_audit(database, "billing")
    assert {finding.row for finding in report.findings} == {1, 2}
    assert all("careplane migrate" in finding.sentence for finding in report.findings)
    await migrate(database_url, ("billing",))
    assert (await check_audit(database, "billing")).findings == []
