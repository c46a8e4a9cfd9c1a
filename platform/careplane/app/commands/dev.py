"""`careplane dev`: the whole platform in one process, with a database, keys and a demo user of its own."""

import time
from contextlib import AsyncExitStack

import msgspec

from careplane.app.anchors import anchor_file_of
from careplane.app.data_folder import DataFolder
from careplane.app.databases import component_logins, database_urls, migrate_all
from careplane.app.kept_secrets import cursor_secret_in, second_factors_key_in
from careplane.app.logs import configure_logs
from careplane.app.placement import Placement
from careplane.app.running import Plan, demo_user_in, run_until_stopped
from careplane.app.settings import Settings
from careplane.app.terminal import say
from careplane.components.identity.demo import EMAIL, PASSWORD
from careplane.gateway.server import free_address


async def run_dev(settings: Settings) -> None:
    """Run until Ctrl-C."""
    started = time.monotonic()
    configure_logs(settings.logging.format, settings.logging.level)
    free_address(settings.http.host, settings.http.port)  # a taken port is told before anything is started
    if settings.metrics.port:
        free_address(settings.metrics.host, settings.metrics.port)
    identity = msgspec.structs.replace(settings.identity, production=False, data_dir=settings.data_dir)
    audit = msgspec.structs.replace(settings.audit, anchor_file=anchor_file_of(settings))
    settings = msgspec.structs.replace(settings, identity=identity, audit=audit)

    async with AsyncExitStack() as stack:
        if settings.database.url:  # then nobody else holds the folder, which the keys are in
            stack.enter_context(DataFolder(settings.data_dir))
        urls = await stack.enter_async_context(database_urls(settings, share=False))
        await migrate_all(urls)
        secret = settings.http.cursor_secret.encode() or cursor_secret_in(settings.data_dir)
        settings = _with_secrets_key(settings)
        plan = Plan(
            settings=settings,
            placement=Placement.of(()),
            urls=await component_logins(settings, urls),
            cursor_secret=secret,
            prepare=demo_user_in,
            announce=lambda: _announce(settings, time.monotonic() - started),
        )
        await run_until_stopped(plan)


def _with_secrets_key(settings: Settings) -> Settings:
    if settings.identity.secrets_key:
        return settings
    identity = msgspec.structs.replace(settings.identity, secrets_key=second_factors_key_in(settings.data_dir))
    return msgspec.structs.replace(settings, identity=identity)


def _announce(settings: Settings, seconds: float) -> None:
    url = f"http://{settings.http.host}:{settings.http.port}"
    database = "your PostgreSQL" if settings.database.url else f"its own, in {settings.data_dir}"
    lines = [
        f"Careplane is ready after {seconds:.1f} s.",
        "",
        f"  gateway        {url}",
        f"  documentation  {url}/api-docs",
        f"  sign in        {EMAIL} / {PASSWORD}  (exists in `careplane dev` only)",
        f"  database       {database}",
    ]
    if settings.metrics.port:
        lines.append(f"  metrics        http://{settings.metrics.host}:{settings.metrics.port}/metrics")
    say("\n".join([*lines, "", "Stop it with Ctrl-C."]))
