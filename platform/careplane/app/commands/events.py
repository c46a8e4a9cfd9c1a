"""`careplane events dead-letters|replay`: what could not be taken, once more; or the log once more from a place in it.

The work is in the databases, so it is the same whether events travel within one process or over Kafka.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from rich.table import Table
from uuid_utils.compat import uuid7

from careplane.app.access import operator
from careplane.app.catalog import CATALOG, Entry
from careplane.app.clock import SystemClock
from careplane.app.databases import by_database, database_urls
from careplane.app.host import report_failure
from careplane.app.logs import configure_logs
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say, show
from careplane.components.assembly import Parts
from careplane.kernel.context import Context, using
from careplane.kernel.errors import PlatformError
from careplane.kernel.events import UNREADABLE, Delivery, Event
from careplane.storage.audit import AuditLog
from careplane.storage.database import Database
from careplane.storage.dead_letters import DeadLetters, Letter
from careplane.storage.event_log import BEGINNING, Position
from careplane.storage.inbox import Inbox
from careplane.storage.migrations import pending
from careplane.storage.resend import send_again
from careplane_transports.inprocess.switchboard import Switchboard

READER: Final = "events"
"""The name under which the relays of components remember how far they have come."""

SHOWN_MAX: Final = 1000
PAGE: Final = 100
TELLERS: Final = tuple(entry.name for entry in CATALOG if entry.tells)
TAKERS: Final = tuple(entry.name for entry in CATALOG if entry.hears)


async def run_dead_letters(settings: Settings, component: str | None) -> None:
    """List the dead letters of a component, or of all: ids, types, reasons and times, never what is in them."""
    table = Table("component", "id", "stream", "type", "reason", "since")
    listed = waiting = 0
    for entry in _takers(component):
        async with _database(settings, entry.name) as database:
            letters = DeadLetters(database)
            waiting += await letters.count()
            for letter in await letters.oldest(SHOWN_MAX):
                listed += 1
                since = letter.at.isoformat(timespec="seconds")
                table.add_row(entry.name, str(letter.id), letter.stream, letter.type, letter.reason, since)
    if listed:
        show(table)
    more = f", of which the oldest {listed} are shown" if waiting > listed else ""
    say(f"{waiting} dead letters{more}." if waiting else "There are no dead letters.")


async def run_replay(settings: Settings, component: str | None, ids: Iterable[str], *, every: bool) -> None:
    """Take the events of dead letters once more; raise SetupError where some cannot be taken still."""
    wanted = {_uuid(text) for text in ids}
    if every is bool(wanted):
        raise SetupError("Say which: the ids of dead letters, as `careplane events dead-letters` lists them, or --all.")
    taken = left = 0
    with using(Context(principal=operator(), request_id=f"replay-{uuid7()}")):
        for entry in _takers(component):
            async with _database(settings, entry.name) as database, _inbox(settings, entry, database) as inbox:
                letters = DeadLetters(database)
                async for letter in _every(letters) if every else _those(letters, tuple(wanted)):
                    wanted.discard(letter.id)
                    done = await _take_again(inbox, letter, AuditLog(database), entry.name)
                    taken, left = taken + done, left + (not done)
    if wanted:
        raise SetupError(f"There is no dead letter {min(wanted)}: `careplane events dead-letters` lists them.")
    say(f"{taken} events were taken.")
    if left:
        raise SetupError(f"{left} events could still not be taken: they stay dead letters.")


async def run_resend(settings: Settings, component: str, place: str) -> None:
    """Have the component's events sent once more from a place in its log; whoever has taken one takes no notice."""
    if component not in TELLERS:
        raise SetupError(f"{component!r} tells no events: choose from {', '.join(TELLERS)}.")
    after = _place(place)
    with using(Context(principal=operator(), request_id=f"replay-{uuid7()}")):
        async with _database(settings, component) as database:
            again = await send_again(database, READER, after)
            await AuditLog(database).note(f"{component}/events", detail={"sent_again_from": place, "events": again})
    say(f"{again} events of {component} are sent again, from {place} on, as soon as {component} runs.")


async def _every(letters: DeadLetters) -> AsyncIterator[Letter]:
    last: Letter | None = None
    while found := await letters.oldest(PAGE, last):
        for last in found:
            yield last


async def _those(letters: DeadLetters, wanted: Iterable[UUID]) -> AsyncIterator[Letter]:
    for one in wanted:
        letter = await letters.find(one)
        if letter is not None:
            yield letter


async def _take_again(inbox: Inbox, letter: Letter, audit: AuditLog, component: str) -> bool:
    event = _readable(letter)
    if event is None:
        say(f"{letter.id}: is still no event that this version can read")
        return False
    try:
        await inbox.replay(letter.id, event)
    except PlatformError as error:
        if error.retryable:
            raise
        say(f"{letter.id}: {type(error).__name__}")
        return False
    except Exception as error:  # noqa: BLE001 - what made it a dead letter; its words might quote somebody's data
        say(f"{letter.id}: {type(error).__name__}")
        return False
    await audit.note(f"{component}/replay", subject=event.subject, detail={"event": str(event.id)})
    return True


def _readable(letter: Letter) -> Event | None:
    """Return the letter's event; what could not be read is looked at again, for this version may be another."""
    if letter.type != UNREADABLE:
        return letter.event
    from careplane_transports.kafka.record import Records, UnreadableRecord

    bodies = {kind: body for entry in CATALOG for kind, body in entry.tells.items()}
    try:
        return Records(bodies).event(letter.event.body, {})
    except UnreadableRecord:
        return None


@asynccontextmanager
async def _inbox(settings: Settings, entry: Entry, database: Database) -> AsyncIterator[Inbox]:
    """Yield the component's inbox, with its effect; nothing of the component runs."""
    parts = Parts(
        database=database,
        clock=SystemClock(),
        new_id=uuid7,
        calls=Switchboard(),
        publish=_publish,
        report=report_failure,
        settings=entry.section(settings),
    )
    assembly = await entry.assemble(parts)
    if not isinstance(assembly.takes, Inbox):
        raise TypeError(f"{entry.name} hears events and keeps no inbox")
    try:
        yield assembly.takes
    finally:
        assembly.close()


async def _publish(delivery: Delivery) -> None:
    raise RuntimeError(f"nothing runs here that could publish events of {delivery.stream}")


@asynccontextmanager
async def _database(settings: Settings, name: str) -> AsyncIterator[Database]:
    """Open a component's database; raise SetupError where migrations are not applied."""
    configure_logs(settings.logging.format, "warning")
    async with database_urls(settings) as urls:
        for url, names in by_database(urls):
            if await pending(url, names):
                raise SetupError("Migrations are not applied yet: run `careplane migrate` first.")
        database = await Database.open(urls[name], name, size=2)
        try:
            yield database
        finally:
            await database.close()


def _takers(component: str | None) -> list[Entry]:
    if component is not None and component not in TAKERS:
        raise SetupError(f"{component!r} takes no events: choose from {', '.join(TAKERS)}.")
    return [entry for entry in CATALOG if entry.hears and component in (None, entry.name)]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise SetupError(f"{text!r} is no id: `careplane events dead-letters` lists them.") from None


def _place(text: str) -> Position | datetime:
    if text == "beginning":
        return BEGINNING
    try:
        return Position.parse(text)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise SetupError(
            f"{text!r} is no place in a log: say beginning, a position, as in 7461:12, or a time with its zone, as in "
            "2025-01-15T09:30:00Z."
        )
    return time
