"""Secrets that `careplane dev` makes for itself and keeps in its data folder, for its owner only."""

import os
import secrets
from pathlib import Path

from careplane.app.setup_error import SetupError

_BYTES = 32


def kept_secret(file: Path) -> bytes:
    """Return the secret in `file`, made there on first use."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = file.read_bytes() if file.exists() else b""
        return kept if len(kept) >= _BYTES else _made(file)
    except OSError as error:
        sentence = f"The secret {file} cannot be kept ({error.strerror}): choose another data folder."
        raise SetupError(sentence) from error


def _made(file: Path) -> bytes:
    """Make a secret beside its place and move it there, so that none is ever found half written, or empty."""
    secret = secrets.token_bytes(_BYTES)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
        new.write(secret)
        new.flush()
        os.fsync(new.fileno())
    fresh.replace(file)
    return secret
