"""A rebuild: tables made anew from the event log are, byte for byte, those that counting left, whatever was in them."""

import asyncio

import pytest
from tests.components.analytics.story import World, settled, tell
from tests.components.analytics.tables import dump, execute, left_behind, rows
from tests.components.patient.registry import ann
from uuid_utils.compat import uuid7

from careplane.app.commands.rebuild import rebuild
from careplane.components.analytics.api import (
    BeginRebuild,
    ContinueRebuild,
    FinishRebuild,
    GetSummary,
)
from careplane.components.events import ReadEvents
from careplane.components.patient.api import AmendPatient
from careplane.kernel.context import Context, using
from careplane.kernel.errors import FailedPrecondition, PermissionDenied
from careplane.kernel.principal import Principal
from careplane.storage.migrations import migrate

_POISON = """
INSERT INTO patient.outbox (id, type, subject, version, time, body)
VALUES (gen_random_uuid(), 'patient.changed', gen_random_uuid(), 1, '2026-03-01T12:00Z', '\\xc1')
"""
CORRUPTIONS = {
    "counters that are wrong": "UPDATE tally SET patients = patients + 7",
    "counters that nobody counted": "INSERT INTO tally VALUES ('gender', 'x', 5), ('patients', 'y', 1)",
    "counters that are gone": "DELETE FROM tally; DELETE FROM registration_day",
    "facts that are gone": "DELETE FROM patient_fact WHERE archived",
    "facts of nobody": "INSERT INTO patient_fact VALUES (gen_random_uuid(), 1, NULL, '', '', '2020-01-01', false)",
    "facts that are wrong": "UPDATE patient_fact SET gender = 'male', birth_year = NULL, version = version + 100",
    "a count of events that is wrong": "UPDATE progress SET events = 0, last_event_at = '2000-01-01'",
    "an inbox that has forgotten": "DELETE FROM inbox; DELETE FROM inbox_position",
    "nothing left at all": "DELETE FROM patient_fact; DELETE FROM tally; DELETE FROM registration_day; "
    "DELETE FROM progress; DELETE FROM inbox; DELETE FROM inbox_position; DELETE FROM dead_letter",
}


async def test_the_tables_are_the_same_byte_for_byte(world: World) -> None:
    """In each wiring: nothing that a rebuild makes differs from what live counting made, and nothing is left behind."""
    before = await dump(world.url)
    assert all(before[name] for name in ("patient_fact", "tally", "registration_day", "progress", "inbox"))
    rebuilt = await rebuild(world.analytics)
    assert await dump(world.url) == before
    assert (rebuilt.rows_changed, rebuilt.events_set_aside) == (0, 0)
    assert rebuilt.events_counted == (await world.analytics.summary(GetSummary())).events_counted
    assert await left_behind(world.url) == {}


@pytest.mark.parametrize("corruption", CORRUPTIONS)
async def test_whatever_was_wrong_is_put_right(plain: World, corruption: str) -> None:
    """The log alone decides: tables that somebody has changed come back as they were."""
    before = await dump(plain.url)
    await execute(plain.url, CORRUPTIONS[corruption])
    assert await dump(plain.url) != before
    rebuilt = await rebuild(plain.analytics)
    assert await dump(plain.url) == before
    assert rebuilt.rows_changed > 0 or "inbox" in corruption
    await tell(plain.patients, 3)
    await settled(plain.url)
    after = await dump(plain.url)
    await rebuild(plain.analytics)
    assert await dump(plain.url) == after


async def test_what_was_set_aside_is_set_aside_again(plain: World) -> None:
    """Poison in the log comes to the same end, with the same letter, and the events around it count."""
    for _ in range(3):
        await execute(plain.url, _POISON)
        await tell(plain.patients, 2)
    await settled(plain.url)
    before = await dump(plain.url)
    assert len(before["dead_letter"]) == 3
    rebuilt = await rebuild(plain.analytics)
    assert await dump(plain.url) == before
    assert rebuilt.events_set_aside == 3
    await execute(plain.url, "DELETE FROM tally; DELETE FROM patient_fact")
    await rebuild(plain.analytics)
    assert await dump(plain.url) == before


async def test_a_letter_that_can_be_counted_now_is_a_letter_no_more(plain: World) -> None:
    """What failed for the state that the tables were in is counted by the rebuild."""
    await execute(plain.url, "UPDATE tally SET patients = 0 WHERE dimension = 'gender'")
    found = await plain.patients.register(ann(gender="female", email="a@b.example"))
    await plain.patients.amend(AmendPatient(patient_id=found.id, patch='{"gender": "male"}'))
    await settled(plain.url)
    await execute(plain.url, "INSERT INTO dead_letter SELECT event_id, 'patient', 't', '', 'r' FROM inbox LIMIT 2")
    await rebuild(plain.analytics)
    assert (await dump(plain.url))["dead_letter"] == []
    assert (await plain.analytics.summary(GetSummary())).patients_total == 13


async def test_the_old_counts_answer_meanwhile(plain: World) -> None:
    """Before the last step nothing that anybody can ask has changed."""
    await execute(plain.url, "UPDATE tally SET patients = 1000 WHERE dimension = 'patients'")
    rebuild_id = uuid7()
    wrong = await plain.analytics.summary(GetSummary())
    state = await plain.analytics.begin_rebuild(BeginRebuild(rebuild_id=rebuild_id))
    state = await plain.analytics.continue_rebuild(ContinueRebuild(rebuild_id=rebuild_id, after=state.position))
    assert state.events_counted == wrong.events_counted
    assert await plain.analytics.summary(GetSummary()) == wrong
    await plain.analytics.finish_rebuild(FinishRebuild(rebuild_id=rebuild_id))
    assert (await plain.analytics.summary(GetSummary())).patients_total == 12


async def test_a_step_that_is_repeated_changes_nothing(plain: World) -> None:
    """A caller that lost the answer asks again; what it does not know yet is not skipped either."""
    rebuild_id = uuid7()
    first = ContinueRebuild(rebuild_id=rebuild_id, after=None)
    began = await plain.analytics.begin_rebuild(BeginRebuild(rebuild_id=rebuild_id))
    ahead = ContinueRebuild(rebuild_id=rebuild_id, after="3:1")
    assert await plain.analytics.continue_rebuild(ahead) == began
    once = await plain.analytics.continue_rebuild(first)
    assert await plain.analytics.continue_rebuild(first) == once
    assert await plain.analytics.begin_rebuild(BeginRebuild(rebuild_id=rebuild_id)) == once
    assert once.events_counted == once.events_expected


async def test_a_rebuild_that_was_killed_is_begun_from_nothing(plain: World) -> None:
    """While it might be alive another is refused; later the other one empties the tables, and it can do no more."""
    before = await dump(plain.url)
    killed, other = uuid7(), uuid7()
    await plain.analytics.begin_rebuild(BeginRebuild(rebuild_id=killed))
    await plain.analytics.continue_rebuild(ContinueRebuild(rebuild_id=killed, after=None))
    await execute(plain.url, "UPDATE tally_rebuilt SET patients = 99")
    with pytest.raises(FailedPrecondition, match=r"Another rebuild began at .* begin again in \d+ seconds"):
        await plain.analytics.begin_rebuild(BeginRebuild(rebuild_id=other))
    await execute(plain.url, "UPDATE rebuild SET seen_at = seen_at - interval '1 minute'")
    began = await plain.analytics.begin_rebuild(BeginRebuild(rebuild_id=other))
    assert (began.events_counted, began.position) == (0, None)
    for late in (
        plain.analytics.continue_rebuild(ContinueRebuild(rebuild_id=killed, after=None)),
        plain.analytics.finish_rebuild(FinishRebuild(rebuild_id=killed)),
    ):
        with pytest.raises(FailedPrecondition, match="another one has taken its place"):
            await late
    await plain.analytics.finish_rebuild(FinishRebuild(rebuild_id=other))
    assert await dump(plain.url) == before
    assert await left_behind(plain.url) == {}


async def test_of_two_rebuilds_at_once_one_is_refused(plain: World) -> None:
    """However they interleave, one comes to its end, and what it leaves is right."""
    before = await dump(plain.url)
    said = await asyncio.gather(*(rebuild(plain.analytics) for _ in range(3)), return_exceptions=True)
    refused = [one for one in said if isinstance(one, BaseException)]
    assert len(refused) < 3
    assert all(isinstance(one, FailedPrecondition) and "Another rebuild" in one.detail for one in refused)
    assert await dump(plain.url) == before
    assert await left_behind(plain.url) == {}


async def test_events_may_come_all_the_while(plain: World) -> None:
    """Under load the live intake waits for a moment, and no event is lost or counted twice."""
    stop = asyncio.Event()

    async def crowd() -> None:
        while not stop.is_set():
            await tell(plain.patients, 4)

    async with asyncio.TaskGroup() as busy:
        for _ in range(4):
            busy.create_task(crowd())
        for _ in range(4):
            await execute(plain.url, "DELETE FROM tally WHERE dimension <> 'patients'")
            await rebuild(plain.analytics)
        stop.set()
    await settled(plain.url)
    live = await dump(plain.url)
    assert live["dead_letter"] == []
    await execute(plain.url, CORRUPTIONS["nothing left at all"])
    await rebuild(plain.analytics)
    again = await dump(plain.url)
    assert {name: again[name] for name in again if name != "inbox_position"} == {
        name: live[name] for name in live if name != "inbox_position"
    }
    total = (await rows(plain.url, "SELECT count(*) FROM patient.patients"))[0][0]
    assert (await plain.analytics.summary(GetSummary())).patients_total == total


async def test_a_log_that_was_restored_elsewhere_is_counted(plain: World, database_url: str) -> None:
    """After a restore the log's transaction ids are another server's; the counts come out the same."""
    before = await dump(plain.url)
    ahead = "xid = (xid::text::bigint + 1000000)::text::xid8"
    await execute(plain.url, f"UPDATE patient.outbox SET {ahead}; UPDATE patient.outbox_position SET {ahead}")
    await migrate(database_url, ("patient",))
    await rebuild(plain.analytics)
    after = await dump(plain.url)
    assert {**after, "inbox_position": []} == {**before, "inbox_position": []}
    await tell(plain.patients, 2)
    await settled(plain.url)
    after = await dump(plain.url)
    await rebuild(plain.analytics)
    assert await dump(plain.url) == after


async def test_a_rebuild_leaves_a_trace(plain: World) -> None:
    """Its beginning and end are in the audit of analytics, under its caller; each page read is in the registry's."""
    await rebuild(plain.analytics)
    ask = "SELECT action, caller FROM {}.audit WHERE action LIKE '%rebuild' OR action = 'patient/events' ORDER BY id"
    noted = [tuple(row) for row in await rows(plain.url, ask.format("analytics"))]
    assert noted == [("analytics/begin_rebuild", "tester"), ("analytics/finish_rebuild", "tester")]
    read = {tuple(row) for row in await rows(plain.url, ask.format("patient"))}
    assert read == {("patient/events", "component:analytics")}


async def test_only_who_may_rebuild_does(plain: World) -> None:
    """Reading counts is not enough; and the log itself is for components alone."""
    analyst = Context(principal=Principal(id="analyst", scopes=frozenset({"analytics:read"})))
    with using(analyst), pytest.raises(PermissionDenied):
        await plain.analytics.begin_rebuild(BeginRebuild(rebuild_id=uuid7()))
    with pytest.raises(PermissionDenied):
        await plain.patients.events(ReadEvents())
