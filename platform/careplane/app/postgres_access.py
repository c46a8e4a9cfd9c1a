"""Who may come in to the embedded PostgreSQL: by its socket, this account, as the owner or as one of the components."""

import pwd
from collections.abc import Iterable
from pathlib import Path

from careplane.app.setup_error import SetupError

_MAP = "careplane"
_WRITTEN = "# Written by Careplane at every start.\n"


def write_access(pgdata: Path, owner: str, roles: Iterable[str], uids: Iterable[int]) -> None:
    """Let the accounts of these `uids` in as `owner` or as one of the `roles`, and nobody else in any way.

    The kernel tells PostgreSQL which account is at the other end of the socket, so there is no password to keep.
    """
    names = dict.fromkeys(map(_name, uids))
    users = (owner, *roles)
    rules = [f"local all {user} peer map={_MAP}\n" for user in users]
    nobody = ["local all all reject\n", "host all all all reject\n"]
    (pgdata / "pg_hba.conf").write_text("".join([_WRITTEN, *rules, *nobody]))
    maps = [f'{_MAP} "{name}" {user}\n' for name in names for user in users]
    (pgdata / "pg_ident.conf").write_text("".join([_WRITTEN, *maps]))


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError as error:
        sentence = f"The account {uid} has no name on this machine, which PostgreSQL asks for: add it to /etc/passwd."
        raise SetupError(sentence) from error
