"""Words for the secrets that processes are given as files."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Path as PathValidator

DATABASE = "postgres:5432/careplane"


def secrets(
    folder: Annotated[Path, Parameter(validator=PathValidator(file_okay=False))],
    /,
    *,
    database: Annotated[str, Parameter(help="Where the database is, as in host:port/name.")] = DATABASE,
    logins: Annotated[
        bool, Parameter(help="Make passwords for the database, and URLs with them. Not where another keeps those.")
    ] = True,
) -> None:
    """Make in FOLDER what each process must know and nobody else: passwords, the first signing key and more.

    It goes with `careplane certs` into the same folder. Run again it keeps what is there.
    """
    from careplane.app.commands.secrets import run_secrets

    run_secrets(folder, database if logins else None)
