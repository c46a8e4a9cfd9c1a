"""Secrets that are made here and kept in the data folder, for its owner only: `careplane dev` and `split` need some."""

import base64
import os
import secrets
from pathlib import Path

from careplane.app.setup_error import SetupError

_BYTES = 32


def cursor_secret_in(data_dir: Path) -> bytes:
    """Return what signs the cursors of lists, made on first use."""
    return kept_secret(data_dir / "keys" / "cursors.secret")


def second_factors_key_in(data_dir: Path) -> str:
    """Return what encrypts second factors, as identity.secrets_key has it, made on first use."""
    return base64.b64encode(kept_secret(data_dir / "keys" / "second-factors.secret")[:_BYTES]).decode()


def kept_secret(file: Path) -> bytes:
    """Return the secret in `file`, made there on first use."""
    try:
        kept = file.read_bytes() if file.exists() else b""
    except OSError as error:
        raise _not_kept(file, error) from error
    if len(kept) >= _BYTES:
        return kept
    made = secrets.token_bytes(_BYTES)
    keep_secret(file, made)
    return made


def keep_secret(file: Path, secret: bytes) -> None:
    """Put a secret into `file`: made beside its place and moved there, so that none is ever found half written."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_name(f"{file.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
            new.write(secret)
            new.flush()
            os.fsync(new.fileno())
        fresh.replace(file)
    except OSError as error:
        raise _not_kept(file, error) from error


def _not_kept(file: Path, error: OSError) -> SetupError:
    return SetupError(f"The secret {file} cannot be kept ({error.strerror}): choose another data folder.")
