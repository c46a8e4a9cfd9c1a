"""Words for the platform itself: run it, bring its database up to date, look at what it stands on."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from careplane.app.words.options import Config, Data, run, settings_of

Port = Annotated[int | None, Parameter(help="The gateway's port.", validator=Number(gte=1, lte=65535))]


def dev(
    *,
    port: Port = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Run the whole platform in this process, with a database of its own and a demo user."""
    from careplane.app.commands.dev import run_dev

    run(run_dev(settings_of(config, data=data, port=port)))


def split(
    *,
    port: Port = None,
    data: Data = None,
    config: Annotated[Path | None, Parameter(help="A folder with settings for each process. None: our own.")] = None,
) -> None:
    """Run the whole platform as separate processes on this machine, with a database, a broker and a demo user."""
    from careplane.app.commands.split import run_split

    run(run_split(settings_of(None, data=data), config, port))


def serve(
    *names: str,
    config: Config = None,
    until_input_ends: Annotated[
        bool, Parameter(help="Stop as well when standard input ends: for whoever runs it as a child.", negative=())
    ] = False,
) -> None:
    """Run NAMES, components or `gateway` (none named: all of them), for production.

    Components that are not named run elsewhere: grpc.peers says where.
    """
    from careplane.app.commands.serve import run_serve

    run(run_serve(settings_of(config), names, until_input_ends=until_input_ends))


def health(*names: str, config: Config = None) -> None:
    """Ask the process that runs NAMES by these settings whether it is ready; exit with 1 if it is not.

    Without NAMES: its components if it answers calls of other processes, else its gateway.
    """
    from careplane.app.commands.health import run_health

    run(run_health(settings_of(config), names))


def migrate(
    *,
    logins: Annotated[
        Path | None,
        Parameter(
            help="A folder with a file for each component: the password that its role is to log in with. "
            "None: those of the setting database.logins."
        ),
    ] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Bring the database up to date, and let the components' roles log in."""
    from careplane.app.commands.migrate import run_migrate

    run(run_migrate(settings_of(config, data=data), logins))


def doctor(
    *,
    json: Annotated[bool, Parameter(help="Say it for machines.", negative=())] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Look at what Careplane stands on, and say what to do about what is wrong; exit with 1 if something is."""
    from careplane.app.commands.doctor import run_doctor

    run(run_doctor(config, data, json=json))
