"""Words for the audit: whether it is as it was written, and how far it has come."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from careplane.app.words.options import Config, Data, run, settings_of

audit = App(name="audit", help="Prove that nobody has changed the audit.")

Anchor = Annotated[Path | None, Parameter(name="--anchor", help="The anchor file. None: audit.anchor_file.")]


@audit.command
def verify(*, anchor: Anchor = None, config: Config = None, data: Data = None) -> None:
    """Check every row and every block of the audit, and name what was altered, deleted, reordered or put in.

    It may run while the platform does. That the newest rows were cut off, or all hashes made anew, is found by anchors:
    what the platform notes in audit.anchor_file. That file belongs on another machine or on write-once storage.
    """
    from careplane.app.commands.audit import run_verify

    run(run_verify(settings_of(config, data=data), anchor))


@audit.command(name="anchor")
def anchor_(*, anchor: Anchor = None, config: Config = None, data: Data = None) -> None:
    """Note how far the audit has come: append the head of each component's chain to the anchor file, and print it.

    The file belongs on another machine or on write-once storage: it vouches for the database only as long as whoever
    changes the one cannot change the other. The printed lines will do as well.
    """
    from careplane.app.commands.audit import run_anchor

    run(run_anchor(settings_of(config, data=data), anchor))
