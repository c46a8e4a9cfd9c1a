"""Direct access to the platform's components for commands at a terminal: the same components, without a gateway."""

import getpass
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from careplane.app.catalog import Entry, entries
from careplane.app.databases import component_logins, database_urls, migrate_all
from careplane.app.host import Host, report_failure
from careplane.app.links import events_of
from careplane.app.logs import configure_logs
from careplane.app.memory import settle_memory
from careplane.app.placement import Placement
from careplane.app.settings import Settings
from careplane.components.identity.api import SCOPES
from careplane.kernel.context import Context, using
from careplane.kernel.principal import Principal

REGISTRY = ("billing", "analytics", "patient")
USERS = ("identity",)


@asynccontextmanager
async def platform_access(settings: Settings, components: tuple[str, ...]) -> AsyncIterator[Host]:
    """Run some components for the body, called as the operator at this terminal, on the database of the settings.

    Without a database URL it is the embedded database: that of a `careplane dev` that runs, or started for the body.
    """
    configure_logs(settings.logging.format, "warning")
    placement = Placement(_chosen(settings, components), gateway=False)
    async with database_urls(settings) as everywhere:
        urls = {name: everywhere[name] for name in placement.names}  # who has only one component's login needs no more
        await migrate_all(urls)
        with tempfile.TemporaryDirectory() as folder:
            logins = await component_logins(settings, urls)
            events = events_of(settings, placement.streams, report_failure)
            host = Host(_without_sign_in(settings, Path(folder)), logins, events=events)
            await host.start(placement.entries)
            settle_memory()
            try:
                with using(Context(principal=operator(), request_id=f"cli-{os.getpid()}")):
                    yield host
            finally:
                await host.stop()


def _chosen(settings: Settings, components: tuple[str, ...]) -> tuple[Entry, ...]:
    """Return the components; where events go over Kafka, those are left to hear them who run for longer than we do."""
    chosen = entries(components)
    return tuple(replace(entry, hears=()) for entry in chosen) if settings.kafka.bootstrap_servers else chosen


def operator() -> Principal:
    """Return the identity of the person at the terminal: they hold the database, so they have every scope."""
    return Principal(id=f"operator:{_user_name()}", roles=("operator",), scopes=SCOPES)


def _without_sign_in(settings: Settings, folder: Path) -> Settings:
    """Return settings with a throw-away key in `folder`: nobody signs in at the terminal."""
    identity = msgspec.structs.replace(
        settings.identity, production=False, private_key="", keys_dir=None, data_dir=folder
    )
    return msgspec.structs.replace(settings, identity=identity)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
