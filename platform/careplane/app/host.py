"""The host: the only place where components, storage and transports are wired together, and taken apart in order."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from uuid_utils.compat import uuid7

from careplane.app.catalog import Entry
from careplane.app.clock import SystemClock
from careplane.app.settings import Settings
from careplane.components.assembly import Assembly, Parts
from careplane.kernel.clock import Clock
from careplane.kernel.contract import Method
from careplane.kernel.guards import authorised, in_time, not_reentrant
from careplane.kernel.invoke import Middleware, layered
from careplane.kernel.mailbox import Mailbox
from careplane.kernel.supervisor import Supervisor
from careplane.storage.database import Database
from careplane.storage.idempotency import remembering
from careplane.storage.pump import Pump
from careplane.storage.retention import EVERY_SECONDS, Retention
from careplane_transports.inprocess.bus import Bus
from careplane_transports.inprocess.switchboard import Switchboard

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


class Host:
    """Runs components in this process: start it, call them through `calls`, stop it."""

    def __init__(
        self,
        settings: Settings,
        urls: Mapping[str, str],
        *,
        clock: Clock | None = None,
        wiring: Sequence[Middleware] = (),
    ) -> None:
        """Give each component named in `urls` its database; `wiring` is put before every component (for tests)."""
        self.calls = Switchboard()
        self.hosted: dict[str, Hosted] = {}
        self._bus = Bus()
        self._settings = settings
        self._urls = urls
        self._clock = clock or SystemClock()
        self._wiring = tuple(wiring)

    async def start(self, entries: Sequence[Entry]) -> None:
        """Bring the components up; when one fails to start, those already up are stopped again."""
        try:
            for entry in entries:
                await self._start(entry)
        except BaseException:
            await self.stop()
            raise
        for hosted in self.hosted.values():
            for pump in hosted.pumps:
                pump.start()

    async def stop(self) -> None:
        """Answer what has been accepted, carry out what is due, close everything; callers before those they call."""
        for hosted in reversed(self.hosted.values()):
            await _drain(hosted)
        for hosted in self.hosted.values():
            hosted.assembly.close()
            await hosted.database.close()
        self.hosted.clear()

    async def gave_up(self) -> str:
        """Return the name of the first component whose supervisor gives up; wait for ever while none does."""
        waits = {
            asyncio.create_task(hosted.supervisor.given_up.wait(), name=hosted.name) for hosted in self.hosted.values()
        }
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().get_name()
        finally:
            for wait in waits:
                wait.cancel()

    async def _start(self, entry: Entry) -> None:
        limits = self._settings.database
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
        supervisor = Supervisor(assembly.make, _report_fault)
        mailbox = Mailbox(layered(supervisor, remembering(database)), bound=self._settings.limits.mailbox_bound)
        retention = Pump(f"{entry.name} retention", Retention(database).step, _report_failure, idle=EVERY_SECONDS)
        pumps = (*assembly.pumps, retention)
        self.hosted[entry.name] = Hosted(entry.name, database, assembly, supervisor, mailbox, pumps)
        self.calls.connect(entry.name, layered(mailbox, *self._wiring, authorised, not_reentrant, in_time))
        if assembly.takes is not None:
            for stream in entry.hears:
                self._bus.subscribe(stream, assembly.takes)

    def _parts(self, entry: Entry, database: Database) -> Parts:
        return Parts(
            database=database,
            clock=self._clock,
            new_id=uuid7,
            calls=self.calls,
            publish=self._bus.deliver,
            report=_report_failure,
            settings=entry.section(self._settings),
        )


async def _drain(hosted: Hosted) -> None:
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await hosted.mailbox.close()
    except TimeoutError:
        _log.warning("calls were still running when the time to finish them was over", component=hosted.name)
    for pump in hosted.pumps:
        await pump.stop()


def _report_fault(method: Method, error: Exception) -> None:
    _log.error("a component failed and was restarted", method=method.path, exc_info=error)


def _report_failure(name: str, error: Exception) -> None:
    meta: dict[str, Any] = getattr(error, "meta", {})
    _log.warning("background work failed and will be tried again", work=name, error=type(error).__name__, **meta)
