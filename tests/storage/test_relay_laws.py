"""The horizon law: whatever the order in which transactions commit, the relay loses no event and keeps each story."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.storage.marks import event

from careplane.kernel.events import Delivery, Event
from careplane.storage import event_log
from careplane.storage.database import Database
from careplane.storage.pump import Pump
from careplane.storage.relay import Relay

WRITERS = 5
_SAY = """
INSERT INTO outbox (id, type, subject, version, time, body)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::timestamptz[], $6::bytea[])
"""
_BY_ID_ALONE = """
SELECT xid::text::bigint AS xid, seq, id, type, subject, version, time, body FROM outbox
WHERE seq > $2::bigint AND $1 <> '' ORDER BY seq LIMIT {limit}
"""

Step = tuple[str, int, int]
GO_ON = st.tuples(st.just("go on"), st.integers(0, WRITERS - 1), st.integers(1, 3))
ROLL_BACK = st.tuples(st.just("roll back"), st.integers(0, WRITERS - 1), st.just(0))
RELAY = st.just(("relay", 0, 0))
COURSES = st.lists(st.one_of(GO_ON, GO_ON, GO_ON, RELAY, ROLL_BACK), min_size=20)


class Writer:
    """A connection that writes events in transactions which stay open for as long as the test likes."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Write through the connection."""
        self._connection = connection
        self._transaction: asyncpg.transaction.Transaction | None = None
        self.to_say: Sequence[Event] = ()
        self.said: Sequence[Event] = ()

    @property
    def busy(self) -> bool:
        """Tell whether a transaction is open."""
        return self._transaction is not None

    async def begin(self, events: Sequence[Event]) -> None:
        """Open a transaction that takes its id now, and will write these events, all in one statement."""
        self._transaction = self._connection.transaction()
        await self._transaction.start()
        await self._connection.execute("SELECT pg_current_xact_id()")
        self.to_say = tuple(events)

    async def write(self) -> None:
        """Write the events, as the journal does, and leave the transaction open."""
        columns = [
            [getattr(e, name) for e in self.to_say] for name in ("id", "type", "subject", "version", "time", "body")
        ]
        await self._connection.execute(_SAY, *columns)
        self.said, self.to_say = self.to_say, ()

    async def end(self, *, commit: bool) -> Sequence[Event]:
        """End the transaction, and return the events that it committed."""
        assert self._transaction is not None
        await (self._transaction.commit() if commit else self._transaction.rollback())
        said, self.said, self.to_say, self._transaction = self.said, (), (), None
        return said if commit else ()


class House:
    """Writers, a relay between them, and what it has delivered."""

    def __init__(self, database: Database, writers: list[Writer]) -> None:
        self.writers = writers
        self.committed: list[Event] = []
        self.delivered: list[Event] = []
        self.relay = Relay(database, "billing", self._deliver, reader=f"reader {uuid4()}", limit=7)
        self._versions = dict.fromkeys([uuid4() for _ in range(4)], 0)
        self._locked: dict[UUID, Writer] = {}

    async def _deliver(self, delivery: Delivery) -> None:
        self.delivered.extend(delivery.events)

    async def begin(self, writer: Writer, count: int) -> None:
        """Let a writer begin to tell the next of some subjects that nobody else holds (it has locked their rows)."""
        free = [subject for subject in self._versions if subject not in self._locked][:count]
        self._locked |= dict.fromkeys(free, writer)
        await writer.begin([event(subject, self._versions[subject] + 1) for subject in free])

    async def end(self, writer: Writer, *, commit: bool) -> None:
        """Let a writer end its transaction."""
        if writer.busy:
            events = await writer.end(commit=commit)
            self.committed += events
            self._versions |= {one.subject: one.version for one in events}
            self._locked = {subject: other for subject, other in self._locked.items() if other is not writer}

    async def act(self, step: Step) -> None:
        """Do one step of a course."""
        name, number, count = step
        writer = self.writers[number]
        if name == "relay":
            await self.relay.step()
        elif name == "roll back":
            await self.end(writer, commit=False)
        elif not writer.busy:
            await self.begin(writer, count)
        elif writer.to_say:
            await writer.write()
        else:
            await self.end(writer, commit=True)

    async def quiet(self) -> None:
        """Commit what is open, and relay until nothing is left."""
        for writer in self.writers:
            await self.end(writer, commit=True)
        while await self.relay.step():
            pass

    def lost(self) -> set[UUID]:
        """Name the committed events that were not delivered."""
        return {one.id for one in self.committed} - {one.id for one in self.delivered}

    def check(self) -> None:
        """Every committed event was delivered once, no other was, and each subject's came in order."""
        assert not self.lost()
        assert len(self.delivered) == len(self.committed)
        for subject in self._versions:
            versions = [one.version for one in self.delivered if one.subject == subject]
            assert versions == list(range(1, len(versions) + 1))


@pytest.fixture
async def writers(database_url: str) -> AsyncIterator[list[Writer]]:
    """Give writers with a connection each."""
    settings = {"search_path": "billing"}
    connections = [await asyncpg.connect(database_url, timeout=10, server_settings=settings) for _ in range(WRITERS)]
    yield [Writer(connection) for connection in connections]
    for connection in connections:
        await connection.close()


@settings(max_examples=40, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(course=COURSES)
async def test_no_course_of_commits_loses_an_event(
    database: Database, writers: list[Writer], course: list[Step]
) -> None:
    """Transactions open, commit and roll back in any order, with the relay reading in between."""
    house = House(database, writers)
    await database.execute("DELETE FROM outbox")
    for step in course:
        await house.act(step)
    await house.quiet()
    house.check()


OUT_OF_ORDER: list[Step] = [
    *[("go on", 0, 1)] * 2,
    *[("go on", 1, 1)] * 3,
    ("relay", 0, 0),
    ("go on", 0, 0),
]


@pytest.mark.parametrize("by_id_alone", [False, True])
async def test_a_reader_by_id_alone_would_lose_events(
    database: Database, writers: list[Writer], monkeypatch: pytest.MonkeyPatch, by_id_alone: bool
) -> None:
    """The law has teeth: on the shortest course that commits out of order, such a reader skips the late one."""
    if by_id_alone:
        monkeypatch.setattr(event_log, "_READ", _BY_ID_ALONE)
    house = House(database, writers)
    for step in OUT_OF_ORDER:
        await house.act(step)
    await house.quiet()
    assert len(house.lost()) == int(by_id_alone)


@pytest.mark.parametrize("seed", range(2))
async def test_a_relay_among_busy_writers_loses_nothing(database: Database, writers: list[Writer], seed: int) -> None:
    """Writers and a pumped relay all run at once, for hundreds of transactions of uneven length."""
    chance = random.Random(seed)
    house = House(database, writers)

    async def write(writer: Writer) -> None:
        for _ in range(40):
            await house.begin(writer, chance.randrange(1, 3))
            await asyncio.sleep(chance.random() * 0.002)
            await writer.write()
            await asyncio.sleep(chance.random() * 0.002)
            await house.end(writer, commit=chance.random() < 0.9)

    failures: list[Exception] = []
    pump = Pump("relay", house.relay.step, lambda _name, error: failures.append(error), idle=0.001)
    pump.start()
    await asyncio.gather(*(write(writer) for writer in writers))
    await pump.stop()
    assert not failures
    await house.quiet()
    assert len(house.committed) > 100
    house.check()
