"""What a guesser tries first: known passwords and words, what goes with the account, repetition, and sequences.

The whole password is compared, and what people make of such a word so as to get it accepted: letters written as
digits, digits and signs put around it, the word written again and again, spaces or invisible characters in it, and
characters that only look different. All that is for comparing alone: what is hashed is the password as it is.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final

_CONTEXT: Final = (
    "careplane", "clinic", "clinical", "doctor", "health", "healthcare", "hospital", "login", "medical", "medicine",
    "nurse", "passphrase", "password", "patient", "patients", "platform", "secret", "welcome", "words",
)  # fmt: skip
"""Words that go with this platform, and with choosing a password."""

_BESIDE: Final = frozenset({
    "and", "are", "for", "here", "is", "my", "of", "our", "own", "that", "the", "this", "to", "your",
    "different", "enough", "five", "four", "long", "other", "picked", "random", "several", "six", "some", "three",
    "uncommon",
})  # fmt: skip
"""Words that say nothing more where they stand beside those: joining words, and words of advice."""

_EXAMPLES: Final = frozenset({"correcthorsebatterystaple"})
"""Passwords that everybody has read of."""

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
    folded = _folded(text)
    if len(folded) < least // 2:
        return "is hardly more than spaces or invisible characters"
    if any(len(_unit(form)) < min(least, len(form)) for form in (folded, text.casefold())):
        return "repeats itself"
    if _is_sequence(folded):
        return "follows the alphabet, the digits or the keyboard"
    plain = {folded, folded.translate(_LEET)}
    if any(_is_listed(form) for form in plain):
        return "is one of the first that a guesser tries"
    if any(_is_context(form, email) for form in plain):
        return "says little more than the account or this platform does"
    return None


def _folded(text: str) -> str:
    """Return what texts share that look alike but for case, width, spaces and what cannot be seen."""
    alike = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c for c in alike if not c.isspace() and unicodedata.category(c) != "Cf")


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
    """Tell whether the text is on the list, or what is left of it without digits and signs is: once, or repeated."""
    listed = known_words()
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    letters = _NOT_LETTERS.sub("", core)
    return any(form in listed or form in _EXAMPLES for form in (text, core, letters, _unit(core), _unit(letters)))


def _is_context(text: str, email: str) -> bool:
    """Tell whether little is left of the text without the words of the platform and of the user's address in it."""
    words = {word for word in re.split(r"[\W_]+", _folded(email)) if len(word) > 1}
    left = _without(text, words | {*_CONTEXT})
    if left == text:
        return False
    left = _without(left, _BESIDE)
    return len(_NOT_LETTERS.sub("", left)) < _LEFT_MIN and len(left) < 2 * _LEFT_MIN


def _without(text: str, words: Iterable[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return text


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Return known passwords, words and names that are long enough, or would be with digits around them."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - it takes a while, and not all need it

    return frozenset(word for words in FREQUENCY_LISTS.values() for word in words if len(word) >= _LISTED_MIN)
