"""The inbox: events have their effect once, whatever the transport does, and poison is set aside."""

import asyncio
import random
from uuid import UUID, uuid4

import msgspec
import pytest
from tests.storage.marks import event
from tests.storage.owner import Owner
from tests.storage.tally import Tally
from tests.storage.wire import Wire

from careplane.kernel.errors import NotFound, Unavailable
from careplane.kernel.events import Event
from careplane.storage.database import Database


@pytest.fixture
def tally(database: Database) -> Tally:
    """Give a consumer."""
    return Tally(database)


def story(subjects: int, versions: int) -> list[Event]:
    """Tell of several subjects' lives, one version after the other."""
    ids = [uuid4() for _ in range(subjects)]
    return [event(subject, version) for version in range(1, versions + 1) for subject in ids]


async def test_effect_and_position_come_together(tally: Tally, owner: Owner) -> None:
    """After a delivery its events have had their effect, in order, and the position is theirs."""
    events = story(3, 4)
    await tally.take("1", *events)
    assert tally.seen == [one.id for one in events]
    assert set((await tally.counts()).values()) == {4}
    assert await tally.position() == "1"
    rows = await owner.fetch("SELECT xmin::text FROM inbox_position UNION SELECT xmin::text FROM tally")
    assert len(rows) == 1, "one transaction wrote both"


async def test_a_redelivery_changes_nothing(tally: Tally) -> None:
    """The same delivery again, or parts of it among new events, count once."""
    events = story(2, 3)
    await tally.take("1", *events[:4])
    before = await tally.counts()
    await tally.take("1", *events[:4])
    assert await tally.counts() == before
    await tally.take("2", *events[2:])
    assert set((await tally.counts()).values()) == {3}
    assert tally.seen == [one.id for one in events]
    assert await tally.position() == "2"


async def test_an_event_twice_in_one_delivery_counts_once(tally: Tally) -> None:
    """A broker that was sent an event twice may hand both over together."""
    events = story(2, 2)
    await tally.take("1", *events[:3], events[0], events[2], events[3])
    assert set((await tally.counts()).values()) == {2}
    assert tally.seen == [one.id for one in events]


async def test_a_delivery_of_nothing_moves_the_position(tally: Tally) -> None:
    """There may be nothing for us in a stretch of the stream."""
    await tally.take("7")
    assert await tally.position() == "7"


async def test_zombies_that_deliver_the_same_at_once(database: Database) -> None:
    """Several consumers with overlapping stretches of one stream, all at once: each event counts once."""
    events = story(5, 8)
    tallies = [Tally(database) for _ in range(4)]
    stretches = [(start, start + 10) for start in range(0, 40, 5)]
    await asyncio.gather(
        *(tallies[n % 4].take(f"{end}", *events[start:end]) for n, (start, end) in enumerate(stretches))
    )
    assert set((await tallies[0].counts()).values()) == {8}


async def test_poison_is_set_aside_and_the_stream_goes_on(tally: Tally, owner: Owner) -> None:
    """Tried as often as it should be, it goes to the dead letters whole, its bearer is told, and the rest counts."""
    events = story(1, 6)
    poison = events[2]
    tally.fails = lambda one: ValueError("personal data") if one.id == poison.id else None
    await tally.take("1", *events)
    assert set((await tally.counts()).values()) == {5}
    assert tally.seen.count(poison.id) == 1 + 3
    assert tally.buried == [(poison.id, ValueError)]
    letter = (await owner.fetch("SELECT event_id, stream, type, event, reason FROM dead_letter"))[0]
    assert tuple(letter)[:3] == (poison.id, "patient", "mark.put")
    assert letter["reason"] == "ValueError", "what the error says may be personal"
    assert msgspec.msgpack.decode(letter["event"], type=Event) == poison
    assert await tally.position() == "1"
    await tally.take("1", *events)
    assert set((await tally.counts()).values()) == {5}
    assert await owner.count("dead_letter") == 1


async def test_poison_that_can_be_cured_by_trying_again_is_not_buried(tally: Tally) -> None:
    """An event that works the second time is taken as any other."""
    events = story(1, 3)
    failures = iter([KeyError(), KeyError()])
    tally.fails = lambda one: next(failures, None) if one.id == events[1].id else None
    await tally.take("1", *events)
    assert set((await tally.counts()).values()) == {3}
    assert tally.buried == []


async def test_a_stream_of_nothing_but_poison_moves_on(tally: Tally) -> None:
    """The position is past them all."""
    events = story(1, 3)
    tally.fails = lambda _one: ValueError()
    await tally.take("1", *events)
    assert len(tally.buried) == 3
    assert await tally.position() == "1"


async def test_an_error_on_purpose_that_will_not_pass_is_poison_too(tally: Tally) -> None:
    """Trying an event that is refused for ever would hold up all that follow."""
    events = story(1, 3)
    tally.fails = lambda one: NotFound() if one.id == events[0].id else None
    await tally.take("1", *events)
    assert tally.buried == [(events[0].id, NotFound)]
    assert set((await tally.counts()).values()) == {2}


@pytest.mark.parametrize("at", [0, 3])
async def test_what_is_away_now_is_not_poison(tally: Tally, at: int) -> None:
    """An error that may pass is raised with nothing changed, so that the same events come again."""
    events = story(1, 5)
    tally.fails = lambda one: Unavailable() if one.id == events[at].id else None
    with pytest.raises(Unavailable):
        await tally.take("1", *events)
    assert await tally.counts() == {}
    assert await tally.position() is None
    tally.fails = lambda _one: None
    await tally.take("1", *events)
    assert set((await tally.counts()).values()) == {5}


async def test_the_position_does_not_run_ahead_of_the_events(tally: Tally) -> None:
    """Where poison comes first and the database goes away after it, the position stays before the whole delivery."""
    events = story(1, 5)

    def fails(one: Event) -> Exception | None:
        if one.id == events[1].id:
            return ValueError()
        return Unavailable() if one.id == events[3].id else None

    await tally.take("before")
    tally.fails = fails
    with pytest.raises(Unavailable):
        await tally.take("after", *events)
    assert await tally.position() == "before"
    tally.fails = lambda one: ValueError() if one.id == events[1].id else None
    await tally.take("after", *events)
    assert set((await tally.counts()).values()) == {4}
    assert await tally.position() == "after"


async def test_a_database_that_goes_away_changes_nothing(wire: Wire, owner: Owner) -> None:
    """The delivery is refused as Unavailable, and can be taken when the database is back."""
    database = await Database.open(wire.url, "billing", size=2)
    tally = Tally(database)
    events = story(2, 2)
    await wire.cut()
    with pytest.raises(Unavailable):
        await tally.take("1", *events)
    assert [await owner.count(table) for table in ("inbox", "tally", "inbox_position", "dead_letter")] == [0] * 4
    await wire.mend()
    await tally.take("1", *events)
    assert set((await tally.counts()).values()) == {2}
    await database.close()


@pytest.mark.parametrize("seed", range(3))
async def test_any_course_of_redeliveries_ends_the_same(database: Database, seed: int) -> None:
    """Overlapping stretches, cuts in between, poison and outages in any order: each healthy event counts once."""
    chance = random.Random(seed)
    tally = Tally(database)
    events = story(4, 10)
    poison = {one.id for one in chance.sample(events, 3)}

    def fails(one: Event) -> Exception | None:
        if one.id in poison:
            return ValueError()
        return Unavailable() if chance.random() < 0.03 else None

    tally.fails = fails
    reached = 0
    while reached < len(events):
        start = max(0, reached - chance.randrange(8))
        end = min(len(events), reached + chance.randrange(1, 12))
        try:
            await tally.take(str(end), *events[start:end])
        except Unavailable:
            continue
        reached = end
    expected: dict[UUID, int] = {}
    for one in events:
        expected[one.subject] = expected.get(one.subject, 0) + (one.id not in poison)
    assert await tally.counts() == expected
    assert {buried for buried, _ in tally.buried} == poison
