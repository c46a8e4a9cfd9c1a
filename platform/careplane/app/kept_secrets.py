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
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return file.read_bytes()
        with os.fdopen(handle, "wb") as new:
            secret = secrets.token_bytes(_BYTES)
            new.write(secret)
            return secret
    except OSError as error:
        sentence = f"The secret {file} cannot be kept ({error.strerror}): choose another data folder."
        raise SetupError(sentence) from error
