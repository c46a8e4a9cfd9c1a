"""The intake: every event counts once, whatever is repeated, reordered, raced or poisoned."""

import asyncio
import random
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.components.analytics.story import event_of

from careplane.components.analytics.intake import Intake
from careplane.components.analytics.store import Counting
from careplane.components.events import PATIENT_STREAM
from careplane.kernel.errors import Unavailable
from careplane.kernel.events import Delivery, Event
from careplane.storage.database import Database
from careplane.storage.inbox import Inbox

_TABLES = (
    "SELECT * FROM patient_fact ORDER BY patient_id",
    "SELECT * FROM tally WHERE patients > 0 ORDER BY dimension, value",
    "SELECT * FROM registration_day WHERE patients > 0 ORDER BY day",
    "SELECT last_event_at, events FROM progress",
)
_EMPTY = "TRUNCATE patient_fact, tally, registration_day, progress, inbox, inbox_position, dead_letter"


def inbox_on(database: Database, buried: list[UUID] | None = None) -> Inbox:
    """Make the inbox as the component has it."""

    def bury(event: Event, _error: Exception) -> None:
        if buried is not None:
            buried.append(event.id)

    return Inbox(database, Intake(Counting()), bury)


async def tables(database: Database) -> list[list[tuple[Any, ...]]]:
    """Return what stands in the tables."""
    return [[tuple(row) for row in await database.fetch(statement)] for statement in _TABLES]


bodies = st.fixed_dictionaries(
    {
        "birth_year": st.sampled_from([None, 1950, 1980]),
        "gender": st.sampled_from([None, "female", "male"]),
        "postal_area": st.sampled_from([None, "US-021", "DE-101"]),
        "registered_date": st.sampled_from([date(2026, 2, 28), date(2026, 3, 1)]),
        "archived": st.booleans(),
    }
)


@given(
    histories=st.lists(st.lists(bodies, min_size=1, max_size=4), min_size=1, max_size=3),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=25, deadline=None)
def test_any_order_and_any_repeats_give_the_same_tables(
    module_database_url: str, histories: list[list[dict[str, Any]]], seed: int
) -> None:
    """Shuffled, cut into batches anyhow and delivered again, the events leave what they leave in order and once."""
    events = [event_of(p, v, facts) for p, history in enumerate(histories, 1) for v, facts in enumerate(history, 1)]
    chance = random.Random(seed)

    async def left_by(database: Database, batches: list[list[Event]]) -> list[list[tuple[Any, ...]]]:
        inbox = inbox_on(database)
        for batch in batches:
            await inbox.take(Delivery(stream=PATIENT_STREAM, position="1:1", events=tuple(batch)))
        return await tables(database)

    async def scenario() -> None:
        database = await Database.open(module_database_url, "analytics", size=2)
        await _empty(module_database_url)
        in_order = await left_by(database, [events])
        await _empty(module_database_url)
        unruly = [[event] for event in events] + [chance.sample(events, len(events)) for _ in range(2)]
        unruly += [chance.choices(events, k=3) for _ in range(3)]  # with duplicates inside one delivery
        chance.shuffle(unruly)
        assert await left_by(database, unruly) == in_order
        await database.close()

    asyncio.run(scenario())


async def _empty(url: str) -> None:
    import asyncpg

    owner = await asyncpg.connect(url, timeout=10)
    await owner.execute("SET search_path TO analytics")
    await owner.execute(_EMPTY)
    await owner.close()


async def test_two_consumers_of_the_same_events_count_them_once(
    database: Database, changed: Callable[..., Event], delivery: Callable[..., Delivery]
) -> None:
    """A zombie that goes on delivering beside its successor changes nothing."""
    events = [changed(UUID(int=n % 20 + 1), version=n // 20 + 1) for n in range(200)]
    batches = [events[n : n + 10] for n in range(0, 200, 10)]
    one, other = inbox_on(database), inbox_on(database)
    await asyncio.gather(*(inbox.take(delivery(*batch)) for batch in batches for inbox in (one, other)))
    facts, tallies, days, progress = await tables(database)
    assert [(fact[1]) for fact in facts] == [10] * 20
    assert ("patients", "", 20) in tallies
    assert days == [(date(2026, 3, 1), 20)]
    assert progress[0][1] == 200


async def test_a_poison_event_is_set_aside_and_the_rest_counts(
    database: Database, changed: Callable[..., Event], delivery: Callable[..., Delivery]
) -> None:
    """What cannot be decoded, or not be stored, lies in the dead-letter table, whole; its neighbours are counted."""
    events = [changed() for _ in range(5)]
    events[1] = msgspec.structs.replace(events[1], body=b"\xc1")
    events[3] = changed(version=2**40)
    buried: list[UUID] = []
    await inbox_on(database, buried).take(delivery(*events, position="7:7"))
    facts, tallies, _, progress = await tables(database)
    assert {fact[0] for fact in facts} == {events[n].subject for n in (0, 2, 4)}
    assert ("patients", "", 3) in tallies
    assert progress[0][1] == 3
    letters = await database.fetch("SELECT event_id, event, reason FROM dead_letter")
    assert {row["event_id"] for row in letters} == {events[1].id, events[3].id} == set(buried)
    kept = {row["event_id"]: msgspec.msgpack.decode(row["event"], type=Event) for row in letters}
    assert kept[events[1].id] == events[1]
    position = await database.fetch_row("SELECT position FROM inbox_position WHERE stream = 'patient'")
    assert position["position"] == "7:7"


async def test_types_of_tomorrow_are_passed_over(
    database: Database, changed: Callable[..., Event], delivery: Callable[..., Delivery]
) -> None:
    """An event of a type that analytics does not know has no effect and is no poison."""
    unknown = msgspec.structs.replace(changed(), type="patient.merged", body=b"")
    await inbox_on(database).take(delivery(unknown))
    await inbox_on(database).take(delivery(unknown, changed()))
    assert ("patients", "", 1) in (await tables(database))[1]
    assert await database.fetch("SELECT FROM dead_letter") == []


async def test_when_the_database_is_away_nothing_is_lost(
    database_url: str, changed: Callable[..., Event], delivery: Callable[..., Delivery]
) -> None:
    """The delivery is refused as a whole, so that it comes again, and then counts."""
    event = changed()
    gone = await Database.open(database_url, "analytics", size=1)
    await gone.close()
    with pytest.raises(Unavailable):
        await inbox_on(gone).take(delivery(event))
    back = await Database.open(database_url, "analytics", size=1)
    await inbox_on(back).take(delivery(event))
    assert ("patients", "", 1) in (await tables(back))[1]
    await back.close()
