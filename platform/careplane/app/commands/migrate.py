"""`careplane migrate`: bring every component's schema up to date, and let the components' roles in."""

from collections.abc import Mapping
from pathlib import Path

from careplane.app.catalog import NAMES
from careplane.app.databases import by_database, database_urls, migrate_all
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say
from careplane.storage.role_passwords import give_logins


async def run_migrate(settings: Settings, logins: Path | None = None) -> None:
    """Apply what is pending, and say so; let the roles in with the passwords of the folder, or else of the settings."""
    passwords = _passwords(logins) if logins is not None else settings.database.logins
    async with database_urls(settings) as urls:
        applied = await migrate_all(urls)
        for url, names in by_database(urls) if passwords else ():
            await give_logins(url, {name: passwords[name] for name in names if name in passwords})
    for file in applied:
        say(f"applied {file}")
    say(f"{len(applied)} migrations applied; the database is up to date.")
    if passwords:
        say(f"{', '.join(passwords)} can log in.")


def _passwords(folder: Path) -> Mapping[str, str]:
    try:
        return {name: (folder / name).read_text("utf-8").strip() for name in NAMES}
    except (OSError, UnicodeDecodeError) as error:
        reason = f"{error.filename} ({error.strerror})" if isinstance(error, OSError) else f"{folder}: it is not text"
        sentence = f"A password cannot be read from {reason}: make them with `careplane secrets`, or put them there."
        raise SetupError(sentence) from error
