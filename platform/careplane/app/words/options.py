"""Options that several commands share, the settings they lead to, and how a command's work is run."""

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import msgspec
import uvloop
from cyclopts import Parameter

from careplane.app.settings import PORT_MAX, MetricsSettings, Settings
from careplane.app.settings_source import load_settings

Config = Annotated[Path | None, Parameter(name="--config", help="The settings file (TOML). None: the defaults.")]
Data = Annotated[Path | None, Parameter(name="--data", help="The folder of the embedded database.")]


def settings_of(config: Path | None, *, data: Path | None = None, port: int | None = None) -> Settings:
    """Return the settings of the file and the environment, with what was said at the terminal laid over them."""
    settings = load_settings(config)
    if data is not None:
        settings = msgspec.structs.replace(settings, data_dir=data)
    if port is not None:
        settings = msgspec.structs.replace(settings, http=msgspec.structs.replace(settings.http, port=port))
        if settings.metrics == MetricsSettings():  # nobody chose its port, so it keeps out of another one's way too
            metrics = MetricsSettings(port=port + 1 if port < PORT_MAX else 0)
            settings = msgspec.structs.replace(settings, metrics=metrics)
    return settings


def run(work: Coroutine[Any, Any, None]) -> None:
    """Do a command's work in an event loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_terminated(work))


async def _until_terminated(work: Coroutine[Any, Any, None]) -> None:
    """Do the work; SIGTERM and Ctrl-C end it alike, until the work listens to signals itself.

    Both are asked for by name: who is started in the background of a script begins with Ctrl-C's signal ignored.
    """
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await work
