"""The commands for events on a real database: what was set aside is listed and taken again, a log is sent again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from tests.transports.kafka.people import BODIES, event_of, lives

from careplane.app.commands import events
from careplane.app.commands.events import run_dead_letters, run_replay, run_resend
from careplane.app.settings import DatabaseSettings, Settings
from careplane.app.setup_error import SetupError
from careplane.kernel.errors import FailedPrecondition
from careplane.kernel.events import UNREADABLE, Delivery, Event
from careplane.storage.database import Database
from careplane.storage.dead_letters import DeadLetters
from careplane.storage.inbox import Inbox
from careplane.storage.relay import Relay
from careplane_transports.kafka.record import Records

_OUTBOX = "INSERT INTO outbox (id, type, subject, version, time, body) VALUES ($1, 't', $2, 1, $3, '')"
NOW = datetime.now(UTC)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Give the settings of the test's database."""
    return Settings(database=DatabaseSettings(url=database_url), data_dir=tmp_path / "data")


@pytest.fixture
async def analytics(database_url: str) -> AsyncIterator[Database]:
    """Open the database of the component that hears events."""
    database = await Database.open(database_url, "analytics", size=2)
    yield database
    await database.close()


@pytest.fixture
async def patient(database_url: str) -> AsyncIterator[Database]:
    """Open the database of the component that tells events."""
    database = await Database.open(database_url, "patient", size=2)
    yield database
    await database.close()


async def set_aside(database: Database, *events: Event, unreadable: tuple[Event, ...] = ()) -> None:
    """Have events become dead letters, since nothing could be done with them at the time."""

    async def effect(*_: object) -> None:
        raise KeyError("Ann Example")

    inbox = Inbox(database, effect, lambda _event, _error: None)
    await inbox.take(Delivery(stream="patient/3", position="9", events=events, unreadable=unreadable))


def stand_in(body: bytes) -> Event:
    """Make what stands for a record that could not be read."""
    one = event_of(uuid4())
    return msgspec.structs.replace(one, id=uuid4(), type=UNREADABLE, subject=UUID(int=0), body=body)


async def counted(database: Database) -> int:
    """Tell how many patients are counted."""
    return int((await database.fetch_row("SELECT count(*) AS n FROM patient_fact"))["n"])


async def test_nothing_to_list_is_said(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Not an empty table."""
    await run_dead_letters(settings, None)
    assert capsys.readouterr().out == "There are no dead letters.\n"


async def test_dead_letters_are_listed_without_what_is_in_them(
    settings: Settings, analytics: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Id, stream, type, reason, time; nothing of anybody."""
    told = lives(people=2, versions=1)
    await set_aside(analytics, *told, unreadable=(stand_in(b"Ann Example"),))
    await run_dead_letters(settings, "analytics")
    said = capsys.readouterr().out
    assert all(str(one.id) in said for one in told)
    assert "3 dead letters." in said
    assert said.count("KeyError") == 2
    assert "unreadable" in said
    assert "patient/3" not in said
    assert "Ann" not in said
    assert str(told[0].subject) not in said


async def test_a_dead_letter_is_taken_again(
    settings: Settings, analytics: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one that was named has its effect, and is no dead letter any more; who did it is in the audit."""
    one, other = lives(people=2, versions=1)
    await set_aside(analytics, one, other)
    await run_replay(settings, "analytics", [str(one.id)], every=False)
    assert "1 events were taken." in capsys.readouterr().out
    assert await counted(analytics) == 1
    assert [letter.id for letter in await DeadLetters(analytics).oldest(9)] == [other.id]
    noted = await analytics.fetch_row("SELECT caller, action, subject FROM audit")
    assert noted["caller"].startswith("operator:")
    assert (noted["action"], noted["subject"]) == ("analytics/replay", one.subject)


async def test_all_of_them(settings: Settings, analytics: Database) -> None:
    """What had its effect meanwhile, as by a rebuild, has no other; what was no event may be one for this version."""
    told = lives(people=3, versions=1)
    late = event_of(uuid4())
    await set_aside(analytics, *told, unreadable=(stand_in(Records(BODIES).record(late).value),))
    await analytics.execute("INSERT INTO inbox (event_id) VALUES ($1)", told[0].id)
    await run_replay(settings, None, [], every=True)
    assert await counted(analytics) == 3
    assert await DeadLetters(analytics).count() == 0


async def test_what_still_cannot_be_taken_stays(
    settings: Settings, analytics: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rubbish, and an event whose body is none: each is said by its id, and the rest is taken."""
    good = event_of(uuid4())
    bad = msgspec.structs.replace(event_of(uuid4()), body=b"\xc1")
    rubbish = stand_in(b"\xff")
    await set_aside(analytics, bad, good, unreadable=(rubbish,))
    with pytest.raises(SetupError, match="2 events could still not be taken"):
        await run_replay(settings, None, [], every=True)
    said = capsys.readouterr().out
    assert f"{bad.id}: " in said
    assert f"{rubbish.id}: is still no event" in said
    assert {letter.id for letter in await DeadLetters(analytics).oldest(9)} == {bad.id, rubbish.id}


async def test_all_are_more_than_are_looked_at_at_once(
    settings: Settings, analytics: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that still cannot be taken keep nobody from reaching the ones behind them."""
    monkeypatch.setattr(events, "PAGE", 2)
    bad = [msgspec.structs.replace(event_of(uuid4()), body=b"\xc1") for _ in range(3)]
    await set_aside(analytics, *bad)
    await set_aside(analytics, *lives(people=4, versions=1))
    with pytest.raises(SetupError, match="3 events could still not be taken"):
        await run_replay(settings, None, [], every=True)
    assert await counted(analytics) == 4


@pytest.mark.parametrize(
    ("component", "ids", "every", "words"),
    [
        (None, [], False, "--all"),
        (None, [str(uuid4())], True, "--all"),
        (None, ["abc"], False, "is no id"),
        (None, [str(uuid4())], False, "There is no dead letter"),
        ("billing", [], True, "takes no events"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    settings: Settings, component: str | None, ids: list[str], every: bool, words: str
) -> None:
    """In words that say what to do."""
    with pytest.raises(SetupError, match=words):
        await run_replay(settings, component, ids, every=every)


async def relayed(patient: Database, *, hours: int) -> list[UUID]:
    """Tell an event for each of the last hours, and hand all on; return what a relay hands on when asked again."""
    for hour in range(hours):
        await patient.execute(_OUTBOX, uuid4(), uuid4(), NOW - timedelta(hours=hours - hour - 1))
    return await handed_on(patient)


async def handed_on(patient: Database) -> list[UUID]:
    """Run the relay until it has nothing more to do."""
    given: list[UUID] = []

    async def deliver(delivery: Delivery) -> None:
        given.extend(event.id for event in delivery.events)

    relay = Relay(patient, "patient", deliver, reader="events")
    while await relay.step():
        pass
    return given


@pytest.mark.parametrize(
    ("place", "count"),
    [("beginning", 5), ("0:0", 5), ((NOW - timedelta(minutes=90)).isoformat(), 2), ("2000-01-01T00:00:00Z", 5)],
    ids=["the beginning", "a position", "a time", "long ago"],
)
async def test_a_log_is_sent_again_from_a_place(
    settings: Settings, patient: Database, capsys: pytest.CaptureFixture[str], place: str, count: int
) -> None:
    """All that comes after it, in the same order; the next relay does it."""
    first = await relayed(patient, hours=5)
    assert len(first) == 5
    assert await handed_on(patient) == []
    await run_resend(settings, "patient", place)
    assert f"{count} events of patient are sent again" in capsys.readouterr().out
    assert await handed_on(patient) == first[-count:]
    noted = await patient.fetch_row("SELECT action FROM audit")
    assert noted["action"] == "patient/events"


@pytest.mark.parametrize("place", ["9999999:1", "2999-01-01T00:00:00Z"])
async def test_nothing_is_skipped(settings: Settings, patient: Database, place: str) -> None:
    """A place that has not been reached yet is refused: what lies before it would never be sent."""
    await relayed(patient, hours=2)
    await patient.execute(_OUTBOX, uuid4(), uuid4(), NOW)
    with pytest.raises(FailedPrecondition):
        await run_resend(settings, "patient", place)
    assert len(await handed_on(patient)) == 1


@pytest.mark.parametrize(
    ("component", "place", "words"),
    [
        ("patient", "yesterday", "no place in a log"),
        ("patient", "2025-01-15T09:30:00", "with its zone"),
        ("identity", "beginning", "tells no events"),
    ],
)
async def test_a_place_that_is_none_is_refused(settings: Settings, component: str, place: str, words: str) -> None:
    """In words that say what to give."""
    with pytest.raises(SetupError, match=words):
        await run_resend(settings, component, place)


async def test_before_the_database_is_up_to_date_nothing_is_done(empty_database_url: str, tmp_path: Path) -> None:
    """Whoever migrates is asked to first."""
    settings = Settings(database=DatabaseSettings(url=empty_database_url), data_dir=tmp_path)
    with pytest.raises(SetupError, match="careplane migrate"):
        await run_dead_letters(settings, None)
