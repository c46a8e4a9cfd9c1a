"""The law of the rebuild: however events were delivered and however the log is paged, the tables come out the same."""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.components.analytics.story import event_of
from tests.components.analytics.tables import COUNTS, REBUILT, dump, execute, left_behind, rows
from tests.components.patient.registry import until
from uuid_utils.compat import uuid7

from careplane.components.analytics.api import BeginRebuild, ContinueRebuild, FinishRebuild, Rebuilt
from careplane.components.analytics.intake import Intake
from careplane.components.analytics.rebuilding import Rebuilding
from careplane.components.analytics.store import Counting
from careplane.components.analytics.store_rebuild import RebuildStore
from careplane.components.events import PATIENT_STREAM, EventsPage, ReadEvents
from careplane.components.patient.api import Patients
from careplane.kernel.errors import Unavailable
from careplane.kernel.events import Delivery, Event
from careplane.storage.database import Database
from careplane.storage.inbox import Inbox

_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'careplane analytics' AND wait_event_type = 'Lock'
"""
_EMPTY = f"TRUNCATE {', '.join((*COUNTS, *REBUILT))}, inbox, inbox_position, dead_letter, rebuild, idempotency"

versions = st.fixed_dictionaries(
    {
        "birth_year": st.sampled_from([None, 1950, 1980]),
        "gender": st.sampled_from([None, "female", "male", "\0", "x" * 501]),  # the last two cannot be kept
        "postal_area": st.sampled_from([None, "US-021"]),
        "registered_date": st.sampled_from([date(2026, 2, 28), date(2026, 3, 1)]),
        "archived": st.booleans(),
    }
)


class Log:
    """The registry's log as a rebuild reads it, in pages of any size."""

    def __init__(self, events: Sequence[Event], size: int = 1000) -> None:
        """Have these events."""
        self.kept = list(events)
        self.size = size
        self.asked: Callable[[], Any] | None = None

    async def events(self, request: ReadEvents, /) -> EventsPage:
        """Return a page, and do first what the test has asked for."""
        if self.asked is not None:
            await self.asked()
        start = int(request.after.partition(":")[2]) if request.after else 0
        page = tuple(self.kept[start : start + self.size])
        position = f"1:{start + len(page)}" if page else request.after
        return EventsPage(events=page, position=position, more=len(page) == self.size)


class Work:
    """Live counting and a rebuild in one database."""

    def __init__(self, database: Database, log: Log) -> None:
        """Count in `database` what `log` has."""
        self.log = log
        self.live = Inbox(database, Intake(Counting()), self._bury)
        store = RebuildStore(database, PATIENT_STREAM)
        self.rebuilding = Rebuilding(store, self.live, cast("Patients", log), self._bury)

    async def take(self, events: Sequence[Event]) -> None:
        """Take events as they are delivered live; the position is how many of the log there have been."""
        position = f"1:{len(self.log.kept)}"
        await self.live.take(Delivery(stream=PATIENT_STREAM, position=position, events=tuple(events)))

    async def rebuild(self) -> Rebuilt:
        """Rebuild, page by page."""
        rebuild_id = uuid7()
        state = await self.rebuilding.begin(BeginRebuild(rebuild_id=rebuild_id))
        while True:
            before, state = (
                state,
                await self.rebuilding.proceed(ContinueRebuild(rebuild_id=rebuild_id, after=state.position)),
            )
            if state == before:
                return await self.rebuilding.finish(FinishRebuild(rebuild_id=rebuild_id))

    def _bury(self, event: Event, _error: Exception) -> None:
        assert event in self.log.kept


def facts(**changes: object) -> dict[str, Any]:
    """Return what an event says, with changes."""
    plain = {"birth_year": 1980, "gender": "female", "postal_area": "US-021", "registered_date": date(2026, 3, 1)}
    return {**plain, "archived": False, **changes}


@given(
    histories=st.lists(st.lists(versions, min_size=1, max_size=5), min_size=1, max_size=4),
    size=st.integers(1, 5),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=25, deadline=None)
def test_live_batches_and_pages_of_the_log_give_the_same_tables(
    module_database_url: str, histories: list[list[dict[str, Any]]], size: int, seed: int
) -> None:
    """Also where some events cannot be kept: which ones are set aside does not depend on what they came with."""
    chance = random.Random(seed)
    log = [event_of(p, v, one) for p, history in enumerate(histories, 1) for v, one in enumerate(history, 1)]
    chance.shuffle(log)

    async def scenario() -> None:
        await execute(module_database_url, _EMPTY)
        database = await Database.open(module_database_url, "analytics", size=3)
        work = Work(database, Log(log, size))
        left = list(log)
        while left:
            batch = [left.pop(0) for _ in range(min(len(left), chance.randrange(1, 6)))]
            await work.take(batch + chance.sample(batch, chance.randrange(len(batch))))
        before = await dump(module_database_url)
        rebuilt = await work.rebuild()
        assert await dump(module_database_url) == before
        assert rebuilt.rows_changed == 0
        await execute(module_database_url, f"TRUNCATE {', '.join(COUNTS)}, inbox")
        await work.rebuild()
        assert await dump(module_database_url) == before
        await database.close()

    asyncio.run(scenario())


async def test_what_arrives_while_the_tables_change_places_waits(database: Database, database_url: str) -> None:
    """An event that is delivered after the end of the log was read, and before the swap commits, is not lost by it."""
    log = Log([event_of(1, 1, facts())])
    work = Work(database, log)
    await work.take(log.kept)
    rebuild_id = uuid7()
    await work.rebuilding.begin(BeginRebuild(rebuild_id=rebuild_id))
    late = event_of(2, 1, facts(gender="male"))
    taking: list[asyncio.Task[None]] = []

    async def arrives() -> None:
        if not taking:
            taking.append(asyncio.create_task(work.take([late])))
            await until(waits_or_is_done)

    async def waits_or_is_done() -> bool | None:
        return taking[0].done() or (await rows(database_url, _WAITING))[0][0] > 0 or None

    log.asked = arrives
    await work.rebuilding.finish(FinishRebuild(rebuild_id=rebuild_id))
    log.kept.append(late)
    await taking[0]
    after = await dump(database_url)
    assert len(after["patient_fact"]) == 2
    assert "(gender,male,1)" in after["tally"]
    await work.rebuild()
    assert {**await dump(database_url), "inbox_position": []} == {**after, "inbox_position": []}


async def test_a_rebuild_that_is_ahead_of_live_counting_is_caught_up_with(
    database: Database, database_url: str
) -> None:
    """What the log has and nobody has delivered yet is counted, and counts no second time when it is delivered."""
    log = Log([event_of(number, 1, facts()) for number in range(1, 9)])
    work = Work(database, log)
    await work.take(log.kept[:3])
    await work.rebuild()
    ahead = await dump(database_url)
    assert len(ahead["patient_fact"]) == 8
    await work.take(log.kept[3:])
    assert await dump(database_url) == ahead


@pytest.mark.parametrize("at", range(1, 4))
async def test_a_rebuild_that_fails_half_way_changes_nothing(database: Database, database_url: str, at: int) -> None:
    """Where the registry goes away, in the last step too, the counts stay as they are; and it can be asked again."""
    log = Log([event_of(number, 1, facts()) for number in range(1, 5)], size=2)
    work = Work(database, log)
    await work.take(log.kept)
    await execute(database_url, "UPDATE tally SET patients = 100")
    wrong = await dump(database_url)
    asked = 0

    async def away() -> None:
        nonlocal asked
        asked += 1
        if asked == at:
            raise Unavailable

    log.asked = away
    rebuild_id = uuid7()
    await work.rebuilding.begin(BeginRebuild(rebuild_id=rebuild_id))
    with pytest.raises(Unavailable):
        await work.rebuilding.finish(FinishRebuild(rebuild_id=rebuild_id))
    assert await dump(database_url) == wrong
    await work.rebuilding.finish(FinishRebuild(rebuild_id=rebuild_id))
    assert '(patients,"",4)' in (await dump(database_url))["tally"]
    assert await left_behind(database_url) == {}


async def test_a_log_of_nothing_gives_tables_with_nothing(database: Database, database_url: str) -> None:
    """Whatever stood in them."""
    work = Work(database, Log([]))
    await execute(database_url, "INSERT INTO progress VALUES (true, now(), 5); INSERT INTO tally VALUES ('a', 'b', 1)")
    rebuilt = await work.rebuild()
    assert (rebuilt.events_counted, rebuilt.rows_changed, rebuilt.position) == (0, 2, None)
    assert not any((await dump(database_url)).values())
