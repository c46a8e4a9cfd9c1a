"""Where each component's database is: as the settings say, or the embedded PostgreSQL, started if need be."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

from careplane.app.catalog import NAMES
from careplane.app.embedded import EmbeddedPostgres, login_url, running_url
from careplane.app.settings import Settings
from careplane.storage.migrations import let_in, migrate


@asynccontextmanager
async def database_urls(settings: Settings, *, share: bool = True) -> AsyncIterator[Mapping[str, str]]:
    """Yield each component's database URL; an embedded database that we start runs for the body.

    With `share`, the embedded database of another careplane on the same data folder is used while that runs.
    """
    urls = {name: settings.database.url_for(name) for name in NAMES}
    if all(urls.values()):
        yield urls
        return
    running = await asyncio.to_thread(running_url, settings.data_dir) if share else None
    if running is not None:
        yield {name: url or running for name, url in urls.items()}
        return
    async with _embedded(EmbeddedPostgres(settings.data_dir)) as embedded:
        yield {name: url or embedded for name, url in urls.items()}


@asynccontextmanager
async def _embedded(server: EmbeddedPostgres) -> AsyncIterator[str]:
    """Run the server for the body; it is stopped as well where Ctrl-C came while it was starting."""
    starting = asyncio.create_task(asyncio.to_thread(server.start), name="starting PostgreSQL")
    try:
        yield await asyncio.shield(starting)
    finally:
        await asyncio.wait({starting})  # its thread cannot be cancelled, and has a limit of its own
        if starting.exception() is None:
            await asyncio.to_thread(server.stop)


def by_database(urls: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each database once, with the components that are in it."""
    for url in dict.fromkeys(urls.values()):
        yield url, [name for name in urls if urls[name] == url]


async def component_logins(settings: Settings, urls: Mapping[str, str]) -> Mapping[str, str]:
    """Return the URLs that the components' pools use: in the embedded database each logs in as its own role.

    So whatever a component is made to say there, it cannot take on the rights of the owner or of another one. Where
    the settings name a database they say as whom to log in, too.
    """
    embedded = {name: url for name, url in urls.items() if not settings.database.url_for(name)}
    for url in dict.fromkeys(embedded.values()):
        await let_in(url, [name for name in embedded if embedded[name] == url])
    return {name: login_url(url, name) if name in embedded else url for name, url in urls.items()}


async def migrate_all(urls: Mapping[str, str]) -> list[str]:
    """Bring every component's schema up to date, wherever it is, and return the migrations applied."""
    return [file for url, names in by_database(urls) for file in await migrate(url, names)]
