"""Words for the registry's records: bring them in, take them out, make some up, count them anew."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from careplane.app.words.options import Config, Data, run, settings_of

analytics = App(name="analytics", help="Look after the counts.")


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
    run(run_import(settings_of(config, data=data), file, target))


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

    run(run_export(settings_of(config, data=data), file, format, archived=not without_archived, force=force))


def demo(
    *,
    patients: Annotated[int, Parameter(help="How many.", validator=Number(gte=1, lte=10_000_000))] = 1000,
    seed: Annotated[int, Parameter(help="The same seed makes the same people.")] = 1,
    config: Config = None,
    data: Data = None,
) -> None:
    """Register synthetic people."""
    from careplane.app.commands.demo import run_demo

    run(run_demo(settings_of(config, data=data), patients, seed))


@analytics.command
def rebuild(*, config: Config = None, data: Data = None) -> None:
    """Count everything anew from the event log; the present counts answer meanwhile."""
    from careplane.app.commands.rebuild import run_rebuild

    run(run_rebuild(settings_of(config, data=data)))
