"""Names as they are mistyped: exactly one letter of one word is wrong, missing, or swapped with the next one."""

import random
import re
import unicodedata

from careplane.components.patient.search.folding import fold

_WORD = re.compile(r"[^\s\-]+")
# Out of which a wrong letter comes, by the first word of the Unicode name of the right one.
_ALPHABETS = {
    "LATIN": "abcdefghijklmnopqrstuvwxyz",
    "CYRILLIC": "абвгдежзийклмнопрстуфхцчшщыьэюя",
    "GREEK": "αβγδεζηθικλμνξοπρστυφχψω",
    "ARABIC": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "HEBREW": "אבגדהוזחטיכלמנסעפצקרשת",
    "DEVANAGARI": "कखगघचछजटठडणतदधनपफबभमयरलवशषसह",
    "GEORGIAN": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
    "HIRAGANA": "あいうえおかきくけこさしすせそたちつてとなにのはひふへほまみむめもやゆよらりるれろわ",
    "KATAKANA": "アイウエオカキクケコサシスセソタチツテトナニノハヒフヘホマミムメモヤユヨラリルレロワ",
}
_TRIES = 20
_HANGUL, _VOWELS, _FINALS = 0xAC00, 21, 28
_SYLLABLES = 11_172


def script_of(letter: str) -> str:
    """Return the script of a letter, as Unicode names it: LATIN, CJK, HANGUL."""
    return unicodedata.name(letter, "").partition(" ")[0]


def misspelt(name: str, chance: random.Random) -> str | None:
    """Return the name with one slip, None where nothing in it is made of letters (Han has none) or is long enough."""
    words = [found.span() for found in _WORD.finditer(name) if _letters(found[0])]
    for _ in range(_TRIES if words else 0):
        start, end = chance.choice(words)
        slipped = f"{name[:start]}{_slip(name[start:end], chance)}{name[end:]}"
        if fold(slipped) != fold(name):
            return slipped
    return None


def _letters(word: str) -> list[int]:
    """Return the places of the letters of a word, where it has two of them or more."""
    places = [at for at, letter in enumerate(word) if script_of(letter) in _ALPHABETS or script_of(letter) == "HANGUL"]
    return places if len(places) > 1 else []


def _slip(word: str, chance: random.Random) -> str:
    places = _letters(word)
    at = chance.choice(places)
    if script_of(word[at]) == "HANGUL":
        return word[:at] + _other_syllable(word[at], chance) + word[at + 1 :]
    kind = chance.choice(("wrong", "missing", "swapped"))
    if kind == "missing":
        return word[:at] + word[at + 1 :]
    if kind == "wrong":
        letter = chance.choice(_ALPHABETS[script_of(word[at])])
        return word[:at] + (letter.upper() if word[at].isupper() else letter) + word[at + 1 :]
    at = min(at, len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _other_syllable(syllable: str, chance: random.Random) -> str:
    """Return a Hangul syllable of whose two or three letters one is wrong, or the last one missing."""
    rest, final = divmod(ord(syllable) - _HANGUL, _FINALS)
    first, vowel = divmod(rest, _VOWELS)
    which = chance.randrange(3 if final else 2)
    if which == 0:
        first = chance.randrange(_SYLLABLES // _VOWELS // _FINALS)
    elif which == 1:
        vowel = chance.randrange(_VOWELS)
    else:
        final = chance.randrange(_FINALS)
    return chr(_HANGUL + (first * _VOWELS + vowel) * _FINALS + final)
