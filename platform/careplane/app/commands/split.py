"""`careplane split`: the platform on this machine as separate processes, over gRPC and a real broker, to try it out."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from careplane.app.catalog import NAMES
from careplane.app.children import Child
from careplane.app.commands.certs import run_certs
from careplane.app.commands.health import gateway_fault
from careplane.app.data_folder import DataFolder
from careplane.app.databases import component_logins, database_urls, migrate_all
from careplane.app.kafka_broker import KafkaBroker
from careplane.app.kafka_broker_jars import java
from careplane.app.logs import configure_logs, is_pretty
from careplane.app.one_file import ourselves
from careplane.app.running import stop_signals
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.split_folder import certificates_in, environment_of
from careplane.app.split_plan import SplitProcess, default_split_folder, gateway_of, split_processes
from careplane.app.terminal import say
from careplane.components.identity.demo import EMAIL, PASSWORD
from careplane.gateway.server import free_address

_CERTIFICATE_DAYS = 365
_READY_SECONDS = 60.0
_POLL_SECONDS = 0.25
_NAME_WIDTH = max(map(len, NAMES))


async def run_split(settings: Settings, folder: Path | None, port: int | None) -> None:
    """Run a process for each file of settings in the folder until Ctrl-C, and what they need, in the data folder."""
    started = time.monotonic()
    configure_logs(settings.logging.format, settings.logging.level)
    processes = split_processes(folder or default_split_folder(), port)
    _check_addresses(processes)
    given = _given_brokers(processes)
    if not given:
        await asyncio.to_thread(java)  # what Kafka stands on is told of before anything is started
    say(f"Starting PostgreSQL, Kafka (fetched with Maven the first time) and {len(processes)} processes.")
    async with AsyncExitStack() as stack:
        if settings.database.url:  # then nobody else holds the folder, which the keys are in
            stack.enter_context(DataFolder(settings.data_dir))
        urls = await stack.enter_async_context(database_urls(settings, share=False))
        brokers = await stack.enter_async_context(_brokers(settings.data_dir / "kafka", given))
        await migrate_all(urls)
        logins = await component_logins(settings, urls)
        run_certs(certificates_in(settings), sorted({one.runs for one in processes}), (), _CERTIFICATE_DAYS)
        bootstrap = await brokers
        children = [_child(one, settings, logins, bootstrap) for one in processes]
        gateway = gateway_of(processes).settings

        def announce() -> None:
            _announce(settings, gateway, bootstrap, time.monotonic() - started)

        await _run(children, gateway, stop_signals(), announce)


def _given_brokers(processes: Sequence[SplitProcess]) -> str:
    """Return the brokers that the settings or the environment name, or nothing."""
    named = (one.settings.kafka.bootstrap_servers for one in processes)
    return next(filter(None, named), os.environ.get("KAFKA_BOOTSTRAP_SERVERS", ""))


@asynccontextmanager
async def _brokers(folder: Path, given: str) -> AsyncIterator[Awaitable[str]]:
    """Yield what becomes the address of a broker: of the one that is given, or of our own, which starts meanwhile."""
    broker = KafkaBroker(folder)
    starting = asyncio.create_task(_same(given) if given else asyncio.to_thread(broker.start), name="starting Kafka")
    try:
        yield asyncio.shield(starting)
    finally:
        await asyncio.wait({starting})  # its thread cannot be cancelled, and has a limit of its own
        if not given and starting.exception() is None:
            await asyncio.to_thread(broker.stop)


async def _same(brokers: str) -> str:
    return brokers


def _child(process: SplitProcess, settings: Settings, urls: Mapping[str, str], brokers: str) -> Child:
    shown = "pretty" if is_pretty(settings.logging.format, sys.stderr) else "json"
    program, environ = ourselves()
    environ = {**environment_of(process, settings, urls, brokers), "CAREPLANE_LOGGING_FORMAT": shown, **environ}
    command = (*program, "serve", *process.placement.names, "--config", str(process.file), "--until-input-ends")
    return Child(process.name, command, environ, lambda line: say(f"{process.name:<{_NAME_WIDTH}} | {line}"))


def _check_addresses(processes: Sequence[SplitProcess]) -> None:
    """Raise FailedPrecondition for an address that cannot be had, before anything is started."""
    for one in processes:
        settings = one.settings
        if one.placement.gateway:
            free_address(settings.http.host, settings.http.port)
        for host, port in ((settings.metrics.host, settings.metrics.port), (settings.grpc.host, settings.grpc.port)):
            if port:
                free_address(host, port)


async def _run(children: Sequence[Child], gateway: Settings, stop: asyncio.Event, announce: Callable[[], None]) -> None:
    """Keep the children running until `stop` is set, and stop them in turn: callers before those they call."""
    lives = [child.start() for child in children]
    stopping = asyncio.create_task(stop.wait(), name="waiting for Ctrl-C")
    ready = asyncio.create_task(_ready(children, gateway), name="waiting for the children")
    try:
        await asyncio.wait({stopping, ready, *lives}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done() and not stop.is_set():
            ready.result()
            announce()
            await asyncio.wait({stopping, *lives}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiting in (stopping, ready):
            waiting.cancel()
        for child in reversed(children):
            await child.stop()
    for life in lives:
        life.result()


async def _ready(children: Sequence[Child], gateway: Settings) -> None:
    """Return when everything answers; raise SetupError when that takes too long."""
    try:
        async with asyncio.timeout(_READY_SECONDS):
            for child in children:
                await child.ready.wait()
            while await gateway_fault(gateway) is not None:  # noqa: ASYNC110 - what is waited for is in other processes
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise SetupError(
            f"The processes were not ready within {_READY_SECONDS:.0f} s: their words above say why."
        ) from None


def _announce(settings: Settings, gateway: Settings, brokers: str, seconds: float) -> None:
    url = f"http://{gateway.http.host}:{gateway.http.port}"
    database = "your PostgreSQL" if settings.database.url else f"its own, in {settings.data_dir}"
    lines = [
        f"Careplane is ready after {seconds:.1f} s, split over processes.",
        "",
        f"  gateway        {url}",
        f"  documentation  {url}/api-docs",
        f"  sign in        {EMAIL} / {PASSWORD}  (exists in `careplane dev` and `careplane split` only)",
        f"  database       {database}",
        f"  events         Kafka on {brokers}",
    ]
    say("\n".join([*lines, "", "Stop it with Ctrl-C."]))
