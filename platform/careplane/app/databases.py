"""Where each component's database is: as the settings say, or the embedded PostgreSQL, started if need be."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from careplane.app.catalog import NAMES
from careplane.app.embedded import EmbeddedPostgres, running_url
from careplane.app.settings import Settings


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
    server = EmbeddedPostgres(settings.data_dir)
    embedded = await asyncio.to_thread(server.start)
    try:
        yield {name: url or embedded for name, url in urls.items()}
    finally:
        await asyncio.to_thread(server.stop)
