"""Several processes of one component share a stream: they come, go and freeze, and every event has one effect."""

import asyncio
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from tests.faults.proxy import Link
from tests.storage.waiting import until
from tests.transports.kafka.conftest import Opened
from tests.transports.kafka.own_broker import OwnBroker
from tests.transports.kafka.people import delivery, event_of, lives

from careplane.components.events import PATIENT_STREAM
from careplane.kernel.events import Delivery, Event
from careplane.storage.database import Database
from careplane.storage.inbox import Inbox
from careplane_transports.kafka.events import KafkaEvents

if TYPE_CHECKING:
    from careplane.storage.database import Connection

# Nothing is counted that does not follow upon what has been counted of the same patient.
_FOLLOW = """
INSERT INTO tally AS t (subject, events, last_version) SELECT $1, 1, $2
WHERE $2 = 1 OR EXISTS (SELECT FROM tally WHERE subject = $1)
ON CONFLICT (subject) DO UPDATE SET events = t.events + 1, last_version = excluded.last_version
WHERE t.last_version = excluded.last_version - 1 RETURNING 1
"""
_COUNTED = "SELECT coalesce(sum(events), 0) AS n, coalesce(max(last_version), 0) AS last FROM tally"


class Member:
    """One process of a component: its inbox, and a gate that holds it up in the midst of a batch."""

    def __init__(self, database: Database, *, slow: bool = False) -> None:
        """Take events in the component's database."""
        self._pause = "SELECT pg_sleep(0.02)" if slow else "SELECT 1"
        self.inbox = Inbox(database, self._effect, lambda _event, error: self.buried.append(error))
        self.buried: list[Exception] = []
        self.begun = self.ended = 0
        self.before, self.within = asyncio.Event(), asyncio.Event()
        self.before.set()
        self.within.set()

    async def take(self, *deliveries: Delivery) -> None:
        """Take deliveries, when the gate before them is open."""
        self.begun += 1
        await self.before.wait()
        await self.inbox.take(*deliveries)
        self.ended += 1

    async def positions(self) -> dict[str, str]:
        """Tell how far the component has come."""
        return dict(await self.inbox.positions())

    async def _effect(self, connection: "Connection", events: Sequence[Event]) -> None:
        for event in events:
            if await connection.fetchval(_FOLLOW, event.subject, event.version) is None:
                raise AssertionError(f"version {event.version} came out of its order")
        await connection.execute(self._pause)
        await self.within.wait()


async def read(events: KafkaEvents, member: Member) -> KafkaEvents:
    """Have a process read."""
    events.subscribe(PATIENT_STREAM, "analytics", member)
    await events.start()
    return events


async def counted(database: Database, events: int) -> None:
    """Return when so many events have had their effect."""

    async def enough() -> bool:
        return int((await database.fetch_row(_COUNTED))["n"]) >= events

    await until(enough)


class Telling:
    """Tells of patients, version after version, as fast as somebody takes it."""

    def __init__(self, teller: KafkaEvents, members: list[Member]) -> None:
        """Tell `members`, of whom there may be more later."""
        self._teller = teller
        self._members = members
        self._patients = [event.subject for event in lives(people=30, versions=1)]
        self._enough = False
        self.versions = 0

    async def tell(self) -> None:
        """Go on until it is enough; each time somebody has begun to take something since."""
        while not self._enough:
            self.versions += 1
            begun = self._begun
            await self._teller.deliver(delivery(event_of(one, self.versions) for one in self._patients))
            await until(lambda begun=begun: self._begun > begun)  # type: ignore[misc]

    async def end(self, telling: asyncio.Task[None]) -> int:
        """End it, and return how many events that was."""
        self._enough = True
        await telling
        return len(self._patients) * self.versions

    @property
    def _begun(self) -> int:
        return sum(member.begun for member in self._members)


async def test_processes_come_and_go_in_the_midst_of_batches(database: Database, opened: Opened) -> None:
    """While events stream in, members join, leave in good order, and are given each other's partitions."""
    chance = random.Random(seed := random.randrange(2**32))
    print("seed", seed)  # noqa: T201 - shown where the test fails
    teller = opened(partitions=8)  # so that there is one for each, however many have come
    await teller.deliver(delivery([]))
    members: list[Member] = []
    running: list[KafkaEvents] = []

    async def join() -> None:
        members.append(Member(database, slow=True))
        running.append(await read(opened(session_timeout_s=2), members[-1]))

    await join()
    telling = Telling(teller, members)
    task = asyncio.create_task(telling.tell())
    for step in ("join", "join", "leave", "join", "any", "any", "any"):
        if len(running) == 1 or step == "join" or (step == "any" and chance.random() < 0.5):
            await join()
            await until(lambda: members[-1].begun)
        else:
            await running.pop(chance.randrange(len(running))).stop()
    told = await telling.end(task)
    await counted(database, told)
    row = await database.fetch_row(_COUNTED)
    assert (row["n"], row["last"]) == (told, telling.versions)
    assert [error for member in members for error in member.buried] == []


@pytest.mark.parametrize("where", ["before its transaction", "within its transaction"])
async def test_a_zombie_past_its_session_changes_nothing(
    database: Database, own_broker: OwnBroker, link: Link, opened: Opened, where: str
) -> None:
    """It freezes with a batch in hand; others get its partitions and take the same events; then it goes on."""
    teller = opened(bootstrap_servers=own_broker.plain, partitions=1)
    zombie, heir = Member(database), Member(database)
    gate = zombie.before if where == "before its transaction" else zombie.within
    gate.clear()
    await read(opened(bootstrap_servers=own_broker.linked, session_timeout_s=1.5, request_timeout_s=1), zombie)
    told = lives(people=5, versions=4)
    await teller.deliver(delivery(told))
    await until(lambda: zombie.begun)
    link.black_hole()
    await read(opened(bootstrap_servers=own_broker.plain, session_timeout_s=1.5), heir)
    await until(lambda: heir.begun)
    if gate is zombie.before:
        await counted(database, len(told))
    gate.set()
    await until(lambda: heir.ended and zombie.ended)
    more = delivery(lives(people=2, versions=3))
    await teller.deliver(more)
    link.restore()
    await counted(database, len(told) + 6)
    assert (await database.fetch_row(_COUNTED))["n"] == len(told) + 6
    assert zombie.buried == heir.buried == []


async def test_who_stops_hands_over_at_once(database: Database, opened: Opened) -> None:
    """It finishes what it has in hand and leaves the group, so that nobody waits for its session to end."""
    teller = opened(partitions=2)
    first, second = Member(database), Member(database)
    leaving = await read(opened(session_timeout_s=20), first)
    await teller.deliver(delivery(lives(people=6, versions=1)))
    await counted(database, 6)
    first.within.clear()
    await teller.deliver(delivery(lives(people=6, versions=1)))
    await until(lambda: first.begun > first.ended)
    stopping = asyncio.create_task(leaving.stop())
    await asyncio.sleep(0)
    first.within.set()
    await stopping
    assert first.begun == first.ended
    await read(opened(session_timeout_s=20), second)
    await counted(database, 12)
