"""`careplane users`: people and programs added, listed, kept out, let in, and given another password."""

import getpass
import sys
from uuid import UUID

from rich.table import Column, Table
from uuid_utils.compat import uuid7

from careplane.app.access import USERS, platform_access
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say, show
from careplane.components.identity.api import (
    IDENTITY,
    AddClient,
    AddUser,
    ChangeUser,
    GetUser,
    Identity,
    ListUsers,
    SetPassword,
    UserView,
)
from careplane.kernel.invoke import proxy


async def run_add(settings: Settings, email: str, roles: tuple[str, ...]) -> None:
    """Add a user, with the password from the terminal or the first line of standard input."""
    password = _password()
    async with platform_access(settings, USERS) as host:
        identity = proxy(IDENTITY, host.calls)
        user = await identity.add_user(AddUser(user_id=uuid7(), email=email, password=password, roles=roles))
    say(f"Added {user.email} with {', '.join(user.roles)}.")


async def run_add_client(settings: Settings, name: str, roles: tuple[str, ...]) -> None:
    """Add an account for a program, and print what it signs in with."""
    async with platform_access(settings, USERS) as host:
        identity = proxy(IDENTITY, host.calls)
        made = await identity.add_client(AddClient(user_id=uuid7(), name=name, roles=roles))
    say(f"Added {name} with {', '.join(roles)}. Keep the secret: it cannot be shown again.")
    say(f"client id:     {made.client_id}")
    say(f"client secret: {made.client_secret}")


async def run_list(settings: Settings) -> None:
    """Print the users as a table."""
    table = Table(Column("id", no_wrap=True), Column("e-mail or name", overflow="fold"), "kind", "roles", "disabled")
    async with platform_access(settings, USERS) as host:
        identity = proxy(IDENTITY, host.calls)
        after = None
        while True:
            page = await identity.users(ListUsers(after=after))
            for user in page.users:
                disabled = "yes" if user.disabled else "no"
                table.add_row(str(user.id), _called(user), user.kind, ", ".join(user.roles), disabled)
            after = page.next_after
            if after is None:
                break
    show(table)


async def run_disable(settings: Settings, named: str, *, disabled: bool) -> None:
    """Keep a user out, or let them in again."""
    async with platform_access(settings, USERS) as host:
        identity = proxy(IDENTITY, host.calls)
        user = await _find(identity, named)
        await identity.change_user(ChangeUser(user_id=user.id, disabled=disabled))
    say(f"{_called(user)} is {'disabled' if disabled else 'enabled'}.")


async def run_set_password(settings: Settings, named: str) -> None:
    """Give a user the password from the terminal or the first line of standard input."""
    async with platform_access(settings, USERS) as host:
        identity = proxy(IDENTITY, host.calls)
        user = await _find(identity, named)
        await identity.set_password(SetPassword(user_id=user.id, new_password=_password()))
    say(f"{_called(user)} has another password.")


async def _find(identity: Identity, named: str) -> UserView:
    """Return the user with that e-mail address or id; raise SetupError where there is none."""
    try:
        return await identity.get_user(GetUser(user_id=UUID(named)))
    except ValueError:
        page = await identity.users(ListUsers(email=named))
    if not page.users:
        sentence = "There is no user with this e-mail address: see `careplane users list`."
        raise SetupError(sentence)
    return page.users[0]


def _password() -> str:
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _called(user: UserView) -> str:
    return user.email or user.name or str(user.id)
