"""Words: how a folded name is cut into the words, short prefixes and deletions by which it is found."""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from careplane.components.patient.search.folding import fold

MAX_WORDS = 48
MAX_QUERY_WORDS = 8
MAX_LETTERS = 40
MAX_SORT_KEY = 200
MIN_PHONE_DIGITS = 5
MAX_PHONE_DIGITS = 8
SHORT_PREFIX = 3
"""Prefixes up to this many letters are entries of their own: too many words begin with them to list each."""

_NOT_DIGITS = re.compile(r"\D+")
_PHONE = re.compile(r"(?:tel:)?[\d\s+()./\-]{5,40}")
_APOSTROPHES = str.maketrans("", "", "'\u2018\u2019\u02bc\u02bb\u02b9\u02bd\u00b4`\u05f3\u05f4\uff07")
# Scripts written without spaces between names: Han, kana, Hangul syllables.
_UNSPACED_RANGES = (
    r"\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30fc\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{_UNSPACED_RANGES}]+")
# Folding keeps the marks that are part of a word (Indic vowel signs among them), but \w leaves all marks out.
_MARKED_BLOCKS = (range(0x0300, 0x2000), range(0x3099, 0x309B), range(0xA800, 0xAC00), range(0x11000, 0x12000))
_MARKS = "".join(chr(code) for block in _MARKED_BLOCKS for code in block if unicodedata.category(chr(code))[0] == "M")
_SEPARATOR = re.compile(f"(?:[^\\w{_MARKS}{_UNSPACED_RANGES}]|_)+")


def words_of(name: str) -> tuple[str, ...]:
    """Return the distinct words by which `name` is found, in order, at most MAX_WORDS of at most MAX_LETTERS."""
    found = dict.fromkeys(word for chunk in fold(name).split(" ") for word in _stored(chunk))
    return tuple(found)[:MAX_WORDS]


def query_words(text: str) -> tuple[str, ...]:
    """Return the distinct words somebody looks for, in order, at most MAX_QUERY_WORDS, more would say no more."""
    joined = fold(text).translate(_APOSTROPHES)
    found = dict.fromkeys(piece[:MAX_LETTERS] for part in _split(joined) for piece in _runs(part))
    return tuple(found)[:MAX_QUERY_WORDS]


def entries_of(words: Iterable[str]) -> list[str]:
    """Return what the column `name_words` holds for `words`: each word, and its prefixes 'm*', 'ma*', 'mar*'."""
    entries: dict[str, None] = {}
    for word in words:
        entries.setdefault(word)
        if not is_unspaced(word):
            for length in range(1, min(SHORT_PREFIX, len(word) - 1) + 1):
                entries.setdefault(word[:length] + "*")
    return list(entries)


def sort_key(name: str) -> str:
    """Return what the column `name_key` holds: the folded name, short enough for an index entry in every script."""
    return fold(name)[:MAX_SORT_KEY]


def mail_key(email: str) -> str:
    """Return what the column `email_key` holds: the address as it is compared, in any case."""
    return email.strip().lower()


def phone_key(phone: str) -> str | None:
    """Return what the column `phone_key` holds: the last digits, alike with and without country code."""
    plain = _NOT_DIGITS.sub("", phone)
    digits = (plain if plain.isascii() else "".join(str(int(char)) for char in plain)).lstrip("0")
    return digits[-MAX_PHONE_DIGITS:] if len(digits) >= MIN_PHONE_DIGITS and _PHONE.fullmatch(phone) else None


def is_unspaced(word: str) -> bool:
    """Return whether `word` is of a script that puts no spaces between names, so that its characters count as words."""
    return not word.isascii() and _UNSPACED.fullmatch(word) is not None


def deletes(word: str) -> tuple[str, ...]:
    """Return `word` and each word that one letter less makes of it: words one slip apart share one of these."""
    shorter = (word[:at] + word[at + 1 :] for at in range(len(word)))
    return tuple(dict.fromkeys((word, *shorter)))


def delete_keys(word: str) -> list[int]:
    """Return the deletions of `word` as signed 32-bit numbers, the same in every process and release."""
    return [zlib.crc32(piece.encode()) - 0x80000000 for piece in deletes(word)]


@lru_cache(maxsize=16_384)
def _stored(chunk: str) -> tuple[str, ...]:
    """Return what one part without spaces is stored under: O'Brien-Luc as obrien, luc, o, brien, obrienluc."""
    if chunk.isascii() and chunk.isalnum():  # most are
        return (chunk[:MAX_LETTERS],)
    found: list[str] = []
    plain = chunk.translate(_APOSTROPHES)
    pieces = _split(plain)
    if plain != chunk:
        pieces += _split(chunk)
    if len(pieces) > 1:
        pieces.append("".join(_split(plain)))
    for piece in pieces:
        for run in _runs(piece):
            found.append(run[:MAX_LETTERS])
            if is_unspaced(run):
                found.extend(run)
    return tuple(found)


def _split(text: str) -> list[str]:
    """Return the parts of `text` between separators."""
    return [part for part in _SEPARATOR.split(text) if part]


def _runs(part: str) -> Iterator[str]:
    """Yield `part` cut where an unspaced script begins or ends."""
    start = 0
    for match in _UNSPACED.finditer(part):
        if match.start() > start:
            yield part[start : match.start()]
        yield match.group()
        start = match.end()
    if start < len(part):
        yield part[start:]
