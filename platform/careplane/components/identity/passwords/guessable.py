"""What a guesser tries first: known passwords and words, what goes with the account, repetition, and sequences.

The whole password is compared, and what people make of such a word so as to get it accepted: letters written as
digits, digits and signs put around it, the word written again and again.
"""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

_CONTEXT: Final = (
    "careplane", "clinic", "clinical", "doctor", "health", "healthcare", "hospital", "login", "medical", "medicine",
    "nurse", "passphrase", "password", "patient", "patients", "platform", "secret", "welcome",
)  # fmt: skip
"""Words that go with this platform."""

_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",  # pragma: allowlist secret
    "!@#$%^&*()", "q1w2e3r4t5y6u7i8o9p0", "1q2w3e4r5t6y7u8i9o0p",
)  # fmt: skip
_STEPS: Final = frozenset(pair for row in _ROWS for way in (row, row[::-1]) for pair in pairwise(way))
_RUN_MIN: Final = 3
_LEFT_MIN: Final = 5
_LISTED_MIN: Final = 4
_LEET: Final = str.maketrans("@4380$57!1|", "aaebosstill")
_NOT_LETTERS: Final = re.compile(r"[\W\d_]+")


def guessable(text: str, email: str, least: int) -> str | None:
    """Return why a guesser would soon come to the text, or None; `least` is the length that is long enough."""
    folded = text.casefold()
    unit = _unit(folded)
    if len(unit) < min(least, len(folded)):
        return "repeats itself"
    if _is_sequence(folded):
        return "follows the alphabet, the digits or the keyboard"
    plain = {folded, folded.translate(_LEET)}
    if any(_is_listed(form) for form in plain):
        return "is one of the first that a guesser tries"
    if any(_is_context(form, email) for form in plain):
        return "says little more than the account or this platform does"
    return None


def _unit(text: str) -> str:
    """Return the shortest text that, written again and again, and at last perhaps not to its end, is this one."""
    end = (text + text).find(text, 1)
    if end < len(text):
        return text[:end]
    for size in range(1, len(text) // 2 + 1):
        if text.startswith(text[size:]):
            return text[:size]
    return text


def _is_sequence(text: str) -> bool:
    """Tell whether the text is nothing but runs of at least three along a row of the alphabet or the keyboard."""
    run = 1
    for pair in pairwise(text):
        if pair in _STEPS or pair[0] == pair[1]:
            run += 1
        elif run < _RUN_MIN:
            return False
        else:
            run = 1
    return run >= _RUN_MIN


def _is_listed(text: str) -> bool:
    """Tell whether the text is on the list, or is what is left of it without digits and signs at either end."""
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    listed = known_words()
    return any(form in listed for form in (text, core, _NOT_LETTERS.sub("", core)))


def _is_context(text: str, email: str) -> bool:
    """Tell whether little is left of the text without the words of the platform and of the user's address in it."""
    words = {word for word in re.split(r"[\W_]+", email.casefold()) if len(word) > 1} | {*_CONTEXT}
    left = text
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    return left != text and len(_NOT_LETTERS.sub("", left)) < _LEFT_MIN and len(left) < 2 * _LEFT_MIN


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Return known passwords, words and names that are long enough, or would be with digits around them."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - it takes a while, and not all need it

    return frozenset(word for words in FREQUENCY_LISTS.values() for word in words if len(word) >= _LISTED_MIN)
