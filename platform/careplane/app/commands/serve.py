"""`careplane serve`: components and gateway for production, which starts only on ground that is safe to stand on."""

import msgspec

from careplane.app.catalog import NAMES, entries
from careplane.app.databases import by_database
from careplane.app.front import cursor_secret_of
from careplane.app.host import Host
from careplane.app.logs import configure_logs
from careplane.app.running import run_until_stopped
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say
from careplane.storage.migrations import pending


async def run_serve(settings: Settings, components: tuple[str, ...]) -> None:
    """Run until SIGTERM; raise SetupError for what is missing, FailedPrecondition for what is not safe."""
    configure_logs(settings.logging.format, settings.logging.level)
    chosen = entries(components)
    if len(chosen) < len(NAMES):
        missing = [name for name in NAMES if name not in {entry.name for entry in chosen}]
        sentence = f"{', '.join(missing)} would not run anywhere: this version runs all components in one process."
        raise SetupError(sentence)
    urls = {name: settings.database.url_for(name) for name in NAMES}
    if not all(urls.values()):
        sentence = "`careplane serve` needs a PostgreSQL: set database.url or DATABASE_URL."
        raise SetupError(sentence)
    secret = cursor_secret_of(settings)
    await _check_migrated(urls)
    # Whatever a file says: a served platform refuses demo users, keys that it made itself and cheap hashing.
    identity = msgspec.structs.replace(settings.identity, production=True, data_dir=None)
    await run_until_stopped(
        msgspec.structs.replace(settings, identity=identity),
        chosen,
        urls,
        cursor_secret=secret,
        prepare=_nothing,
        announce=lambda: say(f"Careplane serves http://{settings.http.host}:{settings.http.port}."),
    )


async def _check_migrated(urls: dict[str, str]) -> None:
    for url, names in by_database(urls):
        missing = await pending(url, names)
        if missing:
            sentence = f"{len(missing)} migrations are not applied yet: run `careplane migrate` first."
            raise SetupError(sentence)


async def _nothing(_host: Host) -> None:
    """Prepare nothing: what a served platform needs is there already."""
