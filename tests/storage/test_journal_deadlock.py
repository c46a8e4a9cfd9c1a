"""Two processes whose batches wait for each other: the one that gives way does its work again."""

import asyncio

from tests.storage.marks import Marks, work
from tests.storage.owner import Owner

from careplane.storage.database import Database
from careplane.storage.journal import Applied


async def test_a_deadlock_costs_nobody_their_answer(database_url: str, database: Database, owner: Owner) -> None:
    """The same marks in opposite orders, held up until each process has one that the other wants."""
    await owner.execute("ALTER SYSTEM SET deadlock_timeout = '100ms'")
    await owner.execute("SELECT pg_reload_conf()")
    others = await Database.open(database_url, "billing", size=1)
    gate, first, last = (work(n) for n in range(3))
    blocked = owner.transaction()
    await blocked.start()
    await owner.execute("INSERT INTO mark VALUES ($1, 0)", gate.request.id)
    one, other = Marks(database), Marks(others)
    flushes = [
        asyncio.create_task(one.journal.flush([first, gate, last])),
        asyncio.create_task(other.journal.flush([last, gate, first])),
    ]
    await owner.until_waiting(2)
    await blocked.rollback()
    answers = await asyncio.gather(*flushes)
    await owner.execute("ALTER SYSTEM RESET deadlock_timeout")
    await others.close()
    assert sorted(sum(isinstance(a, Applied) for a in flush) for flush in answers) == [0, 3]
    assert [await owner.count(table) for table in ("mark", "outbox", "audit")] == [3, 3, 3]
