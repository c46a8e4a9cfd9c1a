"""Words for the accounts of people and of programs."""

from typing import Annotated

from cyclopts import App, Parameter

from careplane.app.words.options import Config, Data, run, settings_of
from careplane.components.identity.domain import ROLES

users = App(name="users", help="Look after the accounts of people and of programs.")

Roles = Annotated[
    list[str],
    Parameter(help=f"One of {', '.join(ROLES)}, or of identity.roles; may be given again.", negative=()),
]


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

    run(run_add(settings_of(config, data=data), email, tuple(role)))


@users.command(name="list")
def list_(*, config: Config = None, data: Data = None) -> None:
    """List the users."""
    from careplane.app.commands.users import run_list

    run(run_list(settings_of(config, data=data)))


@users.command(name="add-client")
def add_client(name: str, /, *, role: Roles, config: Config = None, data: Data = None) -> None:
    """Add an account for the program NAME, and print its client id and secret, which cannot be shown again."""
    from careplane.app.commands.users import run_add_client

    run(run_add_client(settings_of(config, data=data), name, tuple(role)))


@users.command
def disable(user: str, /, *, config: Config = None, data: Data = None) -> None:
    """Keep USER (an e-mail address or an id) out, and end their sessions."""
    from careplane.app.commands.users import run_disable

    run(run_disable(settings_of(config, data=data), user, disabled=True))


@users.command
def enable(user: str, /, *, config: Config = None, data: Data = None) -> None:
    """Let USER (an e-mail address or an id) in again."""
    from careplane.app.commands.users import run_disable

    run(run_disable(settings_of(config, data=data), user, disabled=False))


@users.command(name="set-password")
def set_password(user: str, /, *, config: Config = None, data: Data = None) -> None:
    """Give USER (an e-mail address or an id) another password; it is asked for, or read from standard input."""
    from careplane.app.commands.users import run_set_password

    run(run_set_password(settings_of(config, data=data), user))
