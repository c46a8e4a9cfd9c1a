"""`careplane users add|list`."""

import getpass
import sys

from rich.table import Column, Table
from uuid_utils.compat import uuid7

from careplane.app.access import USERS, platform_access
from careplane.app.settings import Settings
from careplane.app.terminal import say, show
from careplane.components.identity.api import IDENTITY, AddUser, ListUsers
from careplane.kernel.invoke import proxy


async def run_add(settings: Settings, email: str, roles: tuple[str, ...]) -> None:
    """Add a user, with the password from the terminal or the first line of standard input."""
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    async with platform_access(settings, USERS) as host:
        identity = proxy(IDENTITY, host.calls)
        user = await identity.add_user(AddUser(user_id=uuid7(), email=email, password=password, roles=roles))
    say(f"Added {user.email} with {', '.join(user.roles)}.")


async def run_list(settings: Settings) -> None:
    """Print the users as a table."""
    table = Table(Column("id", no_wrap=True), Column("e-mail", overflow="fold"), "roles", "disabled")
    async with platform_access(settings, USERS) as host:
        identity = proxy(IDENTITY, host.calls)
        after = None
        while True:
            page = await identity.users(ListUsers(after=after))
            for user in page.users:
                table.add_row(str(user.id), user.email, ", ".join(user.roles), "yes" if user.disabled else "no")
            after = page.next_after
            if after is None:
                break
    show(table)
