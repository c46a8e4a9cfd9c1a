"""Words for the signing keys and for the settings."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from careplane.app.words.options import Config, Data, settings_of

keys = App(name="keys", help="Look after the keys that tokens are signed with.")
config = App(name="config", help="Look after the settings.")


@keys.command
def rotate(*, config: Config = None, data: Data = None) -> None:
    """Make the next signing key: announced at once, it signs a little later, and no token is refused on the way."""
    from careplane.app.commands.keys import run_rotate

    run_rotate(settings_of(config, data=data))


@keys.command(name="list")
def list_keys(*, config: Config = None, data: Data = None) -> None:
    """List the signing keys."""
    from careplane.app.commands.keys import run_list

    run_list(settings_of(config, data=data))


@config.command
def check(*, config: Config = None) -> None:
    """Check the settings, the environment and the route table, and say what they amount to."""
    from careplane.app.commands.check import run_check

    run_check(settings_of(config))


@config.command
def reference(
    *,
    into: Annotated[Path | None, Parameter(help="A Markdown file to put it into, between the two marks there.")] = None,
) -> None:
    """Print every setting as Markdown: its names, type, default and meaning."""
    from careplane.app.commands.reference import run_reference

    run_reference(into)
