"""`careplane keys rotate|list`: the signing keys, in the folder that the running platform watches."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from rich.table import Table

from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say, show
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.key_ring import KeyRing, Standing, Turn
from careplane.components.identity.signing.keys import file_name, keys_folder, make_key, read_keys
from careplane.components.identity.signing.tokens import LIFETIME_MAX_SECONDS

KEPT: Final = timedelta(seconds=LIFETIME_MAX_SECONDS)
"""For how long a retired key's file is kept: no token lives longer, whatever was set when it was made."""


def run_rotate(settings: Settings) -> None:
    """Make the next key, tell when it signs, and delete the files of keys that have been retired for long."""
    identity, now = _identity(settings), datetime.now(UTC)
    folder = _folder(identity)
    read_keys(identity)  # what is unfit is said before another one is made
    file = folder / file_name(now)
    if file.exists():
        raise SetupError(f"{file} was made this very second: there is no need for another one.")
    try:
        make_key(file, production=settings.identity.keys_dir is not None)
    except OSError as error:
        raise SetupError(f"No key can be made in {folder} ({error.strerror}): run this as its owner.") from error
    turns = KeyRing.of(identity, read_keys(identity)).turns(now)
    made = next(turn for turn in turns if turn.key.file == file)
    signs = "signs at once" if made.standing is Standing.SIGNING else f"signs from {_shown(made.signs_from)}"
    say(f"Made {made.key.public.kid} in {file}: announced now, {signs}.")
    for turn in turns:
        _tidy(turn, now)


def run_list(settings: Settings) -> None:
    """Print every key, what it is there for, and from when to when."""
    identity, now = _identity(settings), datetime.now(UTC)
    keys = read_keys(identity)
    if not keys:
        raise SetupError("There is no key yet: make one with `careplane keys rotate`.")
    table = Table("kid", "state", "signs from", "verifies until", "file")
    for turn in KeyRing.of(identity, keys).turns(now):
        place = str(turn.key.file) if turn.key.file else "the settings"
        table.add_row(turn.key.public.kid, turn.standing, _shown(turn.signs_from), _shown(turn.verifies_until), place)
    show(table)


def _identity(settings: Settings) -> IdentitySettings:
    """Read the keys as they are, whoever made them: refusing those unfit for production is `careplane serve`'s."""
    return msgspec.structs.replace(settings.identity, production=False, data_dir=settings.data_dir)


def _folder(identity: IdentitySettings) -> Path:
    folder = keys_folder(identity)
    if folder is None or identity.private_key:
        sentence = (
            "identity.private_key is set, and that key signs whatever is in a folder: put it into a folder, name that "
            "by identity.keys_dir, leave private_key out, and rotate then."
        )
        raise SetupError(sentence)
    if identity.keys_dir is None and not folder.is_dir():
        sentence = (
            "There is nothing to rotate yet: `careplane dev` makes its own first key. "
            "For `careplane serve` name a folder by identity.keys_dir."
        )
        raise SetupError(sentence)
    return folder


def _tidy(turn: Turn, now: datetime) -> None:
    if turn.standing is not Standing.RETIRED or turn.key.file is None or turn.verifies_until is None:
        return
    deleted_from = turn.verifies_until + KEPT
    if now < deleted_from:
        say(f"{turn.key.public.kid} is retired; its file is deleted by a rotation after {_shown(deleted_from)}.")
    else:
        turn.key.file.unlink(missing_ok=True)
        say(f"Deleted {turn.key.file}: {turn.key.public.kid} was retired at {_shown(turn.verifies_until)}.")


def _shown(at: datetime | None) -> str:
    return "-" if at is None else at.strftime("%Y-%m-%d %H:%M:%SZ")
