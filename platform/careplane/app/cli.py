"""The command line: `careplane`. Each command's work is in `commands/`; here are its words."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal

import uvloop
from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

import careplane
from careplane.app.settings import PORT_MAX, MetricsSettings, Settings
from careplane.app.settings_source import load_settings
from careplane.app.setup_error import SetupError
from careplane.components.identity.domain import ROLES
from careplane.kernel.errors import PlatformError, Unavailable

app = App(name="careplane", help="A patient-management platform: registry, billing, analytics, one secure gateway.")
app.version = careplane.__version__
users = App(name="users", help="Look after the accounts of people and of programs.")
keys = App(name="keys", help="Look after the keys that tokens are signed with.")
config = App(name="config", help="Look after the settings.")
analytics = App(name="analytics", help="Look after the counts.")
audit = App(name="audit", help="Prove that nobody has changed the audit.")
app.command(users)
app.command(config)
app.command(keys)
app.command(analytics)
app.command(audit)

_NO_DATABASE = "The database does not answer: check that it runs, and that database.url or DATABASE_URL leads to it."

Config = Annotated[Path | None, Parameter(name="--config", help="The settings file (TOML). None: the defaults.")]
Roles = Annotated[
    list[str],
    Parameter(help=f"One of {', '.join(ROLES)}, or of identity.roles; may be given again.", negative=()),
]
Anchor = Annotated[Path | None, Parameter(name="--anchor", help="The anchor file. None: audit.anchor_file.")]
Data = Annotated[Path | None, Parameter(name="--data", help="The folder of the embedded database.")]


@app.command
def dev(
    *,
    port: Annotated[int | None, Parameter(help="The gateway's port.", validator=Number(gte=1, lte=65535))] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Run the whole platform in this process, with a database of its own and a demo user."""
    from careplane.app.commands.dev import run_dev

    _run(run_dev(_settings(config, data=data, port=port)))


@app.command
def serve(*components: str, config: Config = None) -> None:
    """Run COMPONENTS (none named: all) and the gateway, for production."""
    from careplane.app.commands.serve import run_serve

    _run(run_serve(_settings(config), components))


@app.command
def migrate(*, config: Config = None, data: Data = None) -> None:
    """Bring the database up to date."""
    from careplane.app.commands.migrate import run_migrate

    _run(run_migrate(_settings(config, data=data)))


@app.command
def doctor(
    *,
    json: Annotated[bool, Parameter(help="Say it for machines.", negative=())] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Look at what Careplane stands on, and say what to do about what is wrong; exit with 1 if something is."""
    from careplane.app.commands.doctor import run_doctor

    _run(run_doctor(config, data, json=json))


@app.command(name="import")
def import_(
    file: Path,
    /,
    *,
    rejects: Annotated[Path | None, Parameter(help="Where rejected lines go. None: FILE.rejects.ndjson.")] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Import patients from FILE: NDJSON of FHIR R4 Patients, a Bundle, or CSV. Running it again adds nobody twice."""
    from careplane.app.commands.import_file import run_import

    target = rejects or file.with_name(file.name + ".rejects.ndjson")
    _run(run_import(_settings(config, data=data), file, target))


@app.command
def export(
    file: Path,
    /,
    *,
    format: Annotated[  # noqa: A002 - what it is called at the terminal
        Literal["ndjson", "csv"] | None, Parameter(help="None: as FILE's name says.")
    ] = None,
    without_archived: Annotated[
        bool, Parameter(help="Leave archived records out; CSV always does.", negative=())
    ] = False,
    force: Annotated[bool, Parameter(help="Replace FILE if it is there.", negative=())] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Export all patients to FILE: NDJSON of complete FHIR R4 Patients, or CSV of the simple fields."""
    from careplane.app.commands.export import run_export

    _run(run_export(_settings(config, data=data), file, format, archived=not without_archived, force=force))


@app.command
def demo(
    *,
    patients: Annotated[int, Parameter(help="How many.", validator=Number(gte=1, lte=10_000_000))] = 1000,
    seed: Annotated[int, Parameter(help="The same seed makes the same people.")] = 1,
    config: Config = None,
    data: Data = None,
) -> None:
    """Register synthetic people."""
    from careplane.app.commands.demo import run_demo

    _run(run_demo(_settings(config, data=data), patients, seed))


@users.command
def add(
    email: str,
    /,
    *,
    role: Roles,
    config: Config = None,
    data: Data = None,
) -> None:
    """Add a user with that EMAIL; the password (15 characters or more) is asked for, or read from standard input."""
    from careplane.app.commands.users import run_add

    _run(run_add(_settings(config, data=data), email, tuple(role)))


@users.command(name="list")
def list_(*, config: Config = None, data: Data = None) -> None:
    """List the users."""
    from careplane.app.commands.users import run_list

    _run(run_list(_settings(config, data=data)))


@users.command(name="add-client")
def add_client(name: str, /, *, role: Roles, config: Config = None, data: Data = None) -> None:
    """Add an account for the program NAME, and print its client id and secret, which cannot be shown again."""
    from careplane.app.commands.users import run_add_client

    _run(run_add_client(_settings(config, data=data), name, tuple(role)))


@users.command
def disable(user: str, /, *, config: Config = None, data: Data = None) -> None:
    """Keep USER (an e-mail address or an id) out, and end their sessions."""
    from careplane.app.commands.users import run_disable

    _run(run_disable(_settings(config, data=data), user, disabled=True))


@users.command
def enable(user: str, /, *, config: Config = None, data: Data = None) -> None:
    """Let USER (an e-mail address or an id) in again."""
    from careplane.app.commands.users import run_disable

    _run(run_disable(_settings(config, data=data), user, disabled=False))


@users.command(name="set-password")
def set_password(user: str, /, *, config: Config = None, data: Data = None) -> None:
    """Give USER (an e-mail address or an id) another password; it is asked for, or read from standard input."""
    from careplane.app.commands.users import run_set_password

    _run(run_set_password(_settings(config, data=data), user))


@analytics.command
def rebuild(*, config: Config = None, data: Data = None) -> None:
    """Count everything anew from the event log; the present counts answer meanwhile."""
    from careplane.app.commands.rebuild import run_rebuild

    _run(run_rebuild(_settings(config, data=data)))


@audit.command
def verify(*, anchor: Anchor = None, config: Config = None, data: Data = None) -> None:
    """Check every row and every block of the audit, and name what was altered, deleted, reordered or put in.

    It may run while the platform does. That the newest rows were cut off, or all hashes made anew, is found by anchors:
    what the platform notes in audit.anchor_file. That file belongs on another machine or on write-once storage.
    """
    from careplane.app.commands.audit import run_verify

    _run(run_verify(_settings(config, data=data), anchor))


@audit.command(name="anchor")
def anchor_(*, anchor: Anchor = None, config: Config = None, data: Data = None) -> None:
    """Note how far the audit has come: append the head of each component's chain to the anchor file, and print it.

    The file belongs on another machine or on write-once storage: it vouches for the database only as long as whoever
    changes the one cannot change the other. The printed lines will do as well.
    """
    from careplane.app.commands.audit import run_anchor

    _run(run_anchor(_settings(config, data=data), anchor))


@keys.command
def rotate(*, config: Config = None, data: Data = None) -> None:
    """Make the next signing key: announced at once, it signs a little later, and no token is refused on the way."""
    from careplane.app.commands.keys import run_rotate

    run_rotate(_settings(config, data=data))


@keys.command(name="list")
def list_keys(*, config: Config = None, data: Data = None) -> None:
    """List the signing keys."""
    from careplane.app.commands.keys import run_list

    run_list(_settings(config, data=data))


@config.command
def check(*, config: Config = None) -> None:
    """Check the settings, the environment and the route table, and say what they amount to."""
    from careplane.app.commands.check import run_check

    run_check(_settings(config))


def _settings(config: Path | None, *, data: Path | None = None, port: int | None = None) -> Settings:
    import msgspec

    settings = load_settings(config)
    if data is not None:
        settings = msgspec.structs.replace(settings, data_dir=data)
    if port is not None:
        settings = msgspec.structs.replace(settings, http=msgspec.structs.replace(settings.http, port=port))
        if settings.metrics == MetricsSettings():  # nobody chose its port, so it keeps out of another one's way too
            metrics = MetricsSettings(port=port + 1 if port < PORT_MAX else 0)
            settings = msgspec.structs.replace(settings, metrics=metrics)
    return settings


def _run(work: Coroutine[Any, Any, None]) -> None:
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


def main() -> None:
    """Run the command in `sys.argv`; what went wrong is one sentence and a non-zero exit, never a traceback."""
    try:
        app()
    except SetupError as error:
        _fail(str(error))
    except Unavailable as error:
        _fail(_NO_DATABASE if error.detail == Unavailable.default_detail else error.detail)
    except PlatformError as error:
        _fail("; ".join(f"{fault.field} {fault.message}" for fault in error.fields) or error.detail)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("careplane: stopped.\n")
        sys.exit(130)
    except CycloptsError as error:
        _fail(str(error))


def _fail(sentence: str) -> None:
    sys.stderr.write(f"careplane: {sentence}\n")
    sys.exit(1)
