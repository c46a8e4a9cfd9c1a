"""The host: the only place where components, storage and transports are wired together, and taken apart in order."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from careplane.app.anchors import Anchors
from careplane.app.catalog import Entry
from careplane.app.clock import SystemClock
from careplane.app.settings import Settings
from careplane.components.assembly import Assembly, Parts
from careplane.components.trail import showing_trail
from careplane.kernel.clock import Clock
from careplane.kernel.contract import Method
from careplane.kernel.errors import PlatformError
from careplane.kernel.events import Events
from careplane.kernel.guards import Denied, authorised, in_time, not_reentrant
from careplane.kernel.invoke import Invoke, Middleware, layered
from careplane.kernel.mailbox import Mailbox
from careplane.kernel.message import Message
from careplane.kernel.supervisor import Supervisor
from careplane.storage.audit import AuditLog
from careplane.storage.database import Database
from careplane.storage.dead_letters import EVERY_SECONDS as LETTER_SECONDS
from careplane.storage.dead_letters import Announcing, DeadLetters
from careplane.storage.idempotency import remembering
from careplane.storage.pump import Pump
from careplane.storage.retention import EVERY_SECONDS, Retention
from careplane.storage.seal import EVERY_SECONDS as SEAL_SECONDS
from careplane.storage.seal import Head, Sealer
from careplane_transports.inprocess.bus import Bus
from careplane_transports.inprocess.switchboard import Switchboard, unknown

DRAIN_SECONDS = 10.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Hosted:
    """A component that runs here."""

    name: str
    database: Database
    assembly: Assembly
    supervisor: Supervisor
    mailbox: Mailbox
    pumps: tuple[Pump, ...]
    sealer: Sealer


class Host:
    """Runs components in this process: start it, call them through `calls`, stop it."""

    def __init__(
        self,
        settings: Settings,
        urls: Mapping[str, str],
        *,
        elsewhere: Invoke = unknown,
        events: Events | None = None,
        clock: Clock | None = None,
        wiring: Sequence[Middleware] = (),
    ) -> None:
        """Give each component named in `urls` its database; `wiring` is put before every component (for tests).

        Calls for components that do not run here go `elsewhere`; without `events` those stay in this process.
        """
        self.calls = Switchboard(elsewhere)
        self.hosted: dict[str, Hosted] = {}
        self.doors: dict[str, Invoke] = {}
        self._events = events or Bus()
        self.settings = settings
        self._urls = urls
        self._clock = clock or SystemClock()
        self._wiring = tuple(wiring)
        self._anchors = Anchors(settings.audit, self._clock, self._heads)
        self._anchoring = Pump("audit anchors", self._anchors.step, report_failure, idle=SEAL_SECONDS)

    async def start(self, entries: Sequence[Entry]) -> None:
        """Bring the components up; when one fails to start, those already up are stopped again."""
        try:
            for entry in entries:
                await self._start(entry)
        except BaseException:
            await self.stop()
            raise
        await self._events.start()
        for hosted in self.hosted.values():
            for pump in hosted.pumps:
                pump.start()
        self._anchoring.start()

    async def stop(self) -> None:
        """Answer what has been accepted, carry out what is due, close everything; callers before those they call."""
        for hosted in reversed(self.hosted.values()):
            await _drain(hosted)
        await self._events.stop()
        await self._anchoring.stop()
        await _last("audit anchors", self._anchors.note)
        for hosted in self.hosted.values():
            hosted.assembly.close()
            await hosted.database.close()
        self.hosted.clear()

    async def gave_up(self) -> str:
        """Return the name of the first component whose supervisor gives up; wait for ever while none does."""
        ends = {name: hosted.supervisor.given_up for name, hosted in self.hosted.items()} or {"": asyncio.Event()}
        waits = {asyncio.create_task(given_up.wait(), name=name) for name, given_up in ends.items()}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().get_name()
        finally:
            for wait in waits:
                wait.cancel()

    async def _start(self, entry: Entry) -> None:
        limits = self.settings.database
        database = await Database.open(
            self._urls[entry.name],
            entry.name,
            size=limits.pool_size,
            command_timeout=limits.command_timeout_s,
            acquire_timeout=limits.acquire_timeout_s,
        )
        try:
            assembly = await entry.assemble(self._parts(entry, database))
        except BaseException:
            await database.close()
            raise
        supervisor = Supervisor(assembly.make, report_fault)
        layers = (remembering(database), showing_trail(database))
        mailbox = Mailbox(layered(supervisor, *layers), bound=self.settings.limits.mailbox_bound)
        retention = Pump(f"{entry.name} retention", Retention(database).step, report_failure, idle=EVERY_SECONDS)
        sealer = Sealer(database, entry.name)
        sealing = Pump(f"{entry.name} audit sealer", sealer.step, report_failure, idle=SEAL_SECONDS)
        pumps = (*assembly.pumps, retention, sealing, *self._announcing(entry, database))
        self.hosted[entry.name] = Hosted(entry.name, database, assembly, supervisor, mailbox, pumps, sealer)
        guard = functools.partial(authorised, denied=_noting(AuditLog(database)))
        self.doors[entry.name] = layered(mailbox, *self._wiring, guard, not_reentrant, in_time)
        self.calls.connect(entry.name, self.doors[entry.name])
        if assembly.takes is not None:
            for stream in entry.hears:
                self._events.subscribe(stream, entry.name, assembly.takes)

    def _announcing(self, entry: Entry, database: Database) -> tuple[Pump, ...]:
        """Have others told of the dead letters of a component that takes events, if there are any who could listen."""
        if not entry.hears or self._events.announce is None:
            return ()
        announcing = Announcing(DeadLetters(database), self._events.announce)
        return (Pump(f"{entry.name} dead letters", announcing.step, report_failure, idle=LETTER_SECONDS),)

    def _parts(self, entry: Entry, database: Database) -> Parts:
        return Parts(
            database=database,
            clock=self._clock,
            new_id=uuid7,
            calls=self.calls,
            publish=self._events.deliver,
            report=report_failure,
            settings=entry.section(self.settings),
        )

    def _heads(self) -> Mapping[str, Head]:
        """Tell how far the audit of each component is sealed."""
        return {name: hosted.sealer.head for name, hosted in self.hosted.items() if hosted.sealer.head is not None}


async def _drain(hosted: Hosted) -> None:
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await hosted.mailbox.close()
    except TimeoutError:
        _log.warning("calls were still running when the time to finish them was over", component=hosted.name)
    for pump in hosted.pumps:
        await pump.stop()
    await _last(f"{hosted.name} audit sealer", hosted.sealer.finish)


async def _last(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do the last piece of some work; where it fails it is left for the next start."""
    try:
        await work()
    except (PlatformError, OSError) as error:
        report_failure(name, error)


def _noting(log: AuditLog) -> Denied:
    """Return what notes a refused call; its subject is the id that the call was about."""

    async def denied(method: Method, request: Message) -> None:
        about = [getattr(request, name) for name in (method.record, method.key) if name is not None]
        subject = next((value for value in about if isinstance(value, UUID)), None)
        await log.note(method.path, subject=subject, detail={"outcome": "denied", "scope": method.scope})

    return denied


def report_fault(method: Method, error: Exception) -> None:
    """Say in the log that something unexpected happened in a component."""
    _log.error("a component failed and was restarted", method=method.path, exc_info=error)


def report_failure(name: str, error: Exception) -> None:
    """Say in the log that work in the background failed."""
    meta: dict[str, Any] = getattr(error, "meta", {})
    _log.warning("background work failed and will be tried again", work=name, error=type(error).__name__, **meta)
