"""`careplane migrate`: bring every component's schema up to date."""

from careplane.app.catalog import NAMES
from careplane.app.databases import database_urls
from careplane.app.settings import Settings
from careplane.app.terminal import say
from careplane.storage.migrations import migrate


async def run_migrate(settings: Settings) -> None:
    """Apply what is pending, and say what that was."""
    async with database_urls(settings) as urls:
        applied = [
            file
            for url in dict.fromkeys(urls.values())
            for file in await migrate(url, [name for name in NAMES if urls[name] == url])
        ]
    for file in applied:
        say(f"applied {file}")
    say(f"{len(applied)} migrations applied; the database is up to date.")
