"""Signing keys and the demo user: what tokens rest on, and who should not be there in production."""

import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from careplane.app.doctor.case import Case
from careplane.app.doctor.finding import Finding, ok, problem, warning
from careplane.components.identity.api import IDENTITY
from careplane.components.identity.demo import EMAIL
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.keys import SigningKey, read_keys
from careplane.kernel.errors import PlatformError
from careplane.storage.inspection import see_user

_OLD_DAYS = 180
_MADE = "Run: careplane keys rotate"


async def check_keys(case: Case) -> Sequence[Finding]:
    """Look at the signing keys as `careplane serve` would, or with the embedded database as `careplane dev`."""
    if IDENTITY.name in case.elsewhere:
        return [ok("keys", "identity's, which is not this process")]
    production = not case.embedded
    settings = msgspec.structs.replace(
        case.settings.identity, production=production, data_dir=None if production else case.settings.data_dir
    )
    try:
        keys = read_keys(settings)
    except PlatformError as error:
        return [problem("keys", error.detail, "Use a key made for production: `careplane serve` refuses this one.")]
    if not keys:
        if production:
            return [
                warning("keys", "there is none, and `careplane serve` needs one", "Set identity.keys_dir. " + _MADE)
            ]
        return [ok("keys", "there is none yet: `careplane dev` makes one")]
    return _judged(keys, settings)


async def check_demo_user(case: Case) -> Sequence[Finding]:
    """Look for the demo user, whose password everybody knows."""
    url = case.logins.get("identity")
    if url is None:
        return []
    try:
        present = await see_user(url, EMAIL)
    except PlatformError:
        return []  # its login's own line says that it is not let in
    if present and not case.embedded:
        advice = f"Run: careplane users disable {EMAIL}"
        return [problem("demo user", f"{EMAIL} can sign in, with a password that everybody knows", advice)]
    return [ok("demo user", "is there, for development" if present else "is not there")]


def _judged(keys: Sequence[SigningKey], settings: IdentitySettings) -> Sequence[Finding]:
    folder = settings.keys_dir
    files = [key.file for key in keys if key.file is not None]
    open_files = [file for file in files if _open_to_others(file)]
    if open_files:
        names = " ".join(map(str, open_files))
        return [problem("keys", f"{len(open_files)} can be read by others", f"Run: chmod 600 {names} and {_MADE[5:]}")]
    newest = next((key.made for key in keys if key.made is not None), None)
    days = (datetime.now(UTC) - newest).days if newest is not None else None
    if days is not None and days > _OLD_DAYS and folder is not None:
        return [warning("keys", f"the newest of {len(keys)} is {days} days old", _MADE)]
    age = "" if days is None else f", the newest {days} days old"
    return [ok("keys", f"{len(keys)} fit to sign or verify with{age}")]


def _open_to_others(file: Path) -> bool:
    return bool(file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
