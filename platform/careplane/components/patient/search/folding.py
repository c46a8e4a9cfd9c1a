"""Folding: the form in which two spellings of one name are the same text, whatever the case, accents or script."""

# ruff: noqa: RUF001 - letters that look alike are the subject
import unicodedata
from functools import lru_cache

# Letters that carry no combining mark to strip, yet are typed without their stroke, or as two letters.
_LETTERS = {
    "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŋ": "n",
    "ŧ": "t", "ə": "e", "ǝ": "e", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ɖ": "d", "ɛ": "e", "ɔ": "o", "ɣ": "g",
    "ƶ": "z", "ŀ": "l", "ĸ": "k", "ƒ": "f", "ƀ": "b", "ǥ": "g", "ȷ": "j", "ɨ": "i", "ʉ": "u",
    "ґ": "г", "ә": "а", "ғ": "г", "қ": "к", "ң": "н", "ө": "о", "ү": "у", "ұ": "у", "һ": "х", "ҳ": "х",
    "ҷ": "ч", "җ": "ж", "ј": "й",
    # Arabic script: one letter, several keyboards (alef maksura, teh marbuta, Persian and Urdu kaf, yeh and heh).
    "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ک": "ك", "ة": "ه", "ۀ": "ه", "ہ": "ه", "ە": "ه", "ھ": "ه",
    "ٱ": "ا", "ء": "",
    # Hebrew final letters, so that a prefix cut inside a word still fits it.
    "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ",
}  # fmt: skip
# Katakana and hiragana spell the same sounds: small a (U+30A1) to ve (U+30F6) lie 0x60 above their hiragana.
_KATAKANA = {chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)}
_MAP = str.maketrans(_LETTERS | _KATAKANA)

# Combining classes of marks that only decorate a letter: overlays, Hebrew points, Arabic vowels, accents.
# Kept: 7 nukta, 8 kana voicing, 9 virama, 84-132 Telugu to Tibetan vowels, and class 0, the Indic vowel signs.
_DECORATION = frozenset({1, *range(10, 37), *range(202, 241)})
_INVISIBLE = frozenset({"Cf", "Cc", "Cs", "Co"})
_SILENT = frozenset("\u0640\u034f\u180b\u180c\u180d\u180f")  # tatweel, grapheme joiner, Mongolian variation


def fold(text: str) -> str:
    """Return `text` without case, accents, width and doubled spaces; folding twice changes nothing."""
    if text.isascii():
        return " ".join(_visible(text.lower()).split())
    return " ".join(filter(None, map(_folded, text.split())))


@lru_cache(maxsize=16_384)
def _folded(text: str) -> str:
    """Return one part without spaces, folded; what it is made of may have spaces."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = unicodedata.normalize("NFKD", plain).translate(_MAP)
    # The map may leave what decomposes, and joining may let marks meet: both settle in this second pass.
    kept = "".join(_kept(char) for char in unicodedata.normalize("NFKD", plain))
    return " ".join(unicodedata.normalize("NFC", kept).split())


def _kept(char: str) -> str:
    """Return `char` as it stays: nothing for what only decorates, a space for a control character."""
    if char.isascii():
        return char if char.isprintable() else " "
    if char in _SILENT or unicodedata.combining(char) in _DECORATION or "\ufe00" <= char <= "\ufe0f":
        return ""
    category = unicodedata.category(char)
    if category == "Cc":
        return " "
    return "" if category in _INVISIBLE else char


def _visible(text: str) -> str:
    """Return ASCII text with its control characters as spaces."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)
