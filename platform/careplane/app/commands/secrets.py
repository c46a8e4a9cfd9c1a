"""`careplane secrets`: what processes must know and nobody else, made as files in a folder for each to mount.

It goes with `careplane certs` into the same folder. FOLDER/gateway/cursor_secret, FOLDER/identity/secrets_key and
keys/, FOLDER/<component>/database_url, FOLDER/postgres/password for the owner, and FOLDER/migrate/ with the owner's
database_url and logins/<component>, the components' passwords; what is about the database is left out where
another keeps its passwords. Run again, the command keeps what is there.
"""

import base64
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from careplane.app.catalog import NAMES
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say
from careplane.components.identity.api import IDENTITY
from careplane.components.identity.signing.keys import file_name, make_key
from careplane.gateway.routes import GATEWAY
from careplane.storage.database import role_of

OWNER: Final = "careplane"
_OURS, _SHARED = 0o600, 0o640
_PASSWORD_BYTES = 24


def run_secrets(folder: Path, database: str | None) -> None:
    """Make what is missing in the folder, and say what that was; raise SetupError where it cannot be written.

    Without a `database`, no passwords for one.
    """
    try:
        made = _make(folder, database)
    except OSError as error:
        sentence = f"{error.filename or folder} cannot be written ({error.strerror}): choose a folder that is yours."
        raise SetupError(sentence) from error
    for file in made:
        say(f"Made {file}.")
    say(f"{folder}: each process has what it must know; give each its own folder, and nothing else of this one.")


def _make(folder: Path, database: str | None) -> list[Path]:
    made: list[Path] = []

    def kept(file: Path, value: Callable[[], str], mode: int = _OURS) -> str:
        if not file.exists():
            _write(file, value(), mode)
            made.append(file)
        return file.read_text("ascii").strip()

    kept(folder / GATEWAY / "cursor_secret", _password)
    kept(folder / IDENTITY.name / "secrets_key", _key)
    keys = folder / IDENTITY.name / "keys"
    if not any(keys.glob("*.pem")):
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.append(keys / file_name(datetime.now(UTC)))
        make_key(made[-1], production=True)
    if database is None:
        return made
    # The database's own process has another account than ours: it reads its password as a member of our group.
    owner = kept(folder / "postgres" / "password", _password, _SHARED)
    _say_where(folder / "migrate", OWNER, owner, database)
    for name in NAMES:
        password = kept(folder / "migrate" / "logins" / name, _password)
        _say_where(folder / name, role_of(name), password, database)
    return made


def _say_where(folder: Path, user: str, password: str, database: str) -> None:
    """Write the URL that follows from a password, unless it is there."""
    url, file = f"postgresql://{user}:{password}@{database}", folder / "database_url"
    if not file.exists() or file.read_text("ascii").strip() != url:
        _write(file, url, _OURS)


def _password() -> str:
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _write(file: Path, value: str, mode: int) -> None:
    """Put a file in place whole, so that none is ever found half written."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as new:
        new.write(f"{value}\n")
        new.flush()
        os.fsync(new.fileno())
    fresh.chmod(mode)
    fresh.replace(file)
