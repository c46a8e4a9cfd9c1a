"""`careplane migrate`: bring every component's schema up to date."""

from careplane.app.databases import database_urls, migrate_all
from careplane.app.settings import Settings
from careplane.app.terminal import say


async def run_migrate(settings: Settings) -> None:
    """Apply what is pending, and say what that was."""
    async with database_urls(settings) as urls:
        applied = await migrate_all(urls)
    for file in applied:
        say(f"applied {file}")
    say(f"{len(applied)} migrations applied; the database is up to date.")
