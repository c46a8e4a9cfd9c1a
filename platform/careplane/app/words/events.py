"""Words for the events: which could not be taken, and taking or sending them once more."""

from typing import Annotated

from cyclopts import App, Parameter

from careplane.app.setup_error import SetupError
from careplane.app.words.options import Config, Data, run, settings_of

events = App(name="events", help="Look after the events that components tell each other.")

Taker = Annotated[str | None, Parameter(name="--component", help="Who could not take them. None: all.")]


@events.command(name="dead-letters")
def dead_letters(*, component: Taker = None, config: Config = None, data: Data = None) -> None:
    """List the events that could not be taken and were set aside: their ids, types, reasons and times."""
    from careplane.app.commands.events import run_dead_letters

    run(run_dead_letters(settings_of(config, data=data), component))


@events.command
def replay(
    *ids: str,
    every: Annotated[bool, Parameter(name="--all", help="All dead letters.", negative=())] = False,
    all_from: Annotated[
        str | None,
        Parameter(help="Instead, send the log of --component again from a position, a time, or the `beginning`."),
    ] = None,
    component: Annotated[str | None, Parameter(help="Whose dead letters (None: all), or whose log.")] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Take the events of dead letters (IDS, or --all) once more, after what was in their way is mended.

    With --all-from it is the log of a component that is sent once more, to all who listen. Whoever has taken an event
    already takes no notice, so that only what was missed has an effect.
    """
    from careplane.app.commands.events import run_replay, run_resend

    settings = settings_of(config, data=data)
    if all_from is None:
        run(run_replay(settings, component, ids, every=every))
        return
    if ids or every or component is None:
        raise SetupError("--all-from sends a log again: it wants --component, as in patient, and no dead letters.")
    run(run_resend(settings, component, all_from))
