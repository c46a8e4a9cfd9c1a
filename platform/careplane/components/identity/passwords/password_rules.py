"""What may be a password (NIST SP 800-63B-4, section 3.1.1.2), and the bytes that all ways of typing it come to.

Texts are prepared after the OpaqueString profile (RFC 8265, section 4.2): NFC, every kind of space is the plain one,
case counts, control characters are refused. NFC rather than NFKC, so that no two distinct characters become one.
Any character will do, in any mixture: what counts is the length, and not to be what a guesser tries first.
"""

import unicodedata
from typing import Final

from careplane.components.identity.passwords.guessable import guessable

LENGTH_MIN: Final = 15
"""How long a password is at least that has to keep an account by itself, in code points after preparation."""

LENGTH_MIN_BESIDE_A_FACTOR: Final = 8
"""How long it is at least where a second factor is asked for too."""

LENGTH_MAX: Final = 128  # code points, after preparation


def prepared(password: str) -> bytes | None:
    """Return the bytes to hash, or None for a text that cannot be anybody's password."""
    text = unicodedata.normalize("NFC", "".join(_plain(c) for c in password[: LENGTH_MAX * 4 + 1]))
    if not 0 < len(text) <= LENGTH_MAX or any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        return None
    return text.encode()


def is_short(secret: bytes) -> bool:
    """Tell whether a prepared password is one that only a second factor makes long enough."""
    return len(secret.decode()) < LENGTH_MIN


def password_fault(password: str, email: str, *, second_factor: bool = False) -> str | None:
    """Return what is wrong with a new password, or None; with a `second_factor` a shorter one will do."""
    least = LENGTH_MIN_BESIDE_A_FACTOR if second_factor else LENGTH_MIN
    if "".join(_plain(c) for c in password).isspace():
        return "must not be made of spaces only"
    ready = prepared(password)
    if ready is None or len(text := ready.decode()) < least:
        return f"must be {least} to {LENGTH_MAX} characters long, without control characters"
    reason = guessable(text, email, least)
    return f"{reason}: choose another, for example several words picked at random" if reason else None


def _plain(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else character
