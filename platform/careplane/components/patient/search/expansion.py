"""Expansion: which entries of the word index fit a word looked for, exactly, as a prefix, or with one slip."""

from collections.abc import Iterable, Sequence

import msgspec
from rapidfuzz.distance import OSA

from careplane.components.patient.search.words import SHORT_PREFIX, is_unspaced

MAX_PREFIX_WORDS = 256
MAX_SLIP_WORDS = 256
MIN_SLIP_LETTERS = 3
RANKS = 4
"""0 all words as written, 1 some begun, 2 some with a slip, 3 a slip in up to three letters, which says little.

In a word of one or two letters a slip is looked for only beside other words: alone it would fit everything.
"""


class Match(msgspec.Struct, frozen=True):
    """A patient fits one word if any of `any_of` is an entry, or all of `all_of` are and the name contains `part`."""

    any_of: tuple[str, ...]
    all_of: tuple[str, ...] = ()
    part: str = ""


class Term(msgspec.Struct, frozen=True):
    """One word looked for, with the words of the dictionary that it begins and those one slip away."""

    word: str
    begun: tuple[str, ...] = ()
    slips: tuple[str, ...] = ()

    def match(self, rank: int) -> Match:
        """Return what fits this word at `rank` or better."""
        any_of = (self.word, *(self.begun if rank >= 1 else ()))
        if rank >= (3 if len(self.word) <= MIN_SLIP_LETTERS and not is_unspaced(self.word) else 2):
            any_of += self.slips
        if rank == 0 or len(self.word) == 1 or not is_unspaced(self.word):
            return Match(any_of)
        characters = tuple(dict.fromkeys(self.word))
        # 小明 inside 王小明 counts as begun; the same characters in another order, as a slip.
        if rank == 1 or len(characters) == 1:
            return Match(any_of, characters, self.word)
        return Match(any_of, characters)


def ranges(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the bounds of the dictionary words that begin with those of `words` too long for a prefix entry."""
    lows = [word for word in words if len(word) > SHORT_PREFIX and not is_unspaced(word)]
    return lows, [low + "\U0010ffff" for low in lows]


def slipping(words: Sequence[str]) -> list[str]:
    """Return those of `words`, all that somebody looks for, in which a slip is looked for."""
    least = MIN_SLIP_LETTERS if len(words) == 1 else 1
    return [word for word in words if len(word) >= (2 if is_unspaced(word) else least)]


def terms(words: Sequence[str], similar: Sequence[str]) -> tuple[Term, ...]:
    """Return a term for each of `words`, given the dictionary's words that may be `similar` to any of them."""
    slip = slipping(words)
    return tuple(Term(word, _begun(word, similar), _slips(word, similar) if word in slip else ()) for word in words)


def within_one_slip(one: str, other: str) -> bool:
    """Return whether one letter wrong, missing, extra or swapped with its neighbour turns `one` into `other`."""
    return abs(len(one) - len(other)) <= 1 and OSA.distance(one, other, score_cutoff=1) <= 1


def _begun(word: str, similar: Sequence[str]) -> tuple[str, ...]:
    """Return the entries for words that begin with `word`: its own prefix entry if short, else the words found."""
    if is_unspaced(word):
        return ()
    if len(word) <= SHORT_PREFIX:
        return (word + "*",)
    return tuple(sorted(other for other in similar if other.startswith(word) and other != word))[:MAX_PREFIX_WORDS]


def _slips(word: str, similar: Sequence[str]) -> tuple[str, ...]:
    """Return the words one slip away, those with the same first letter first, since few people mistype that one."""
    found = [other for other in similar if len(other) > 1 and other != word and within_one_slip(word, other)]
    return tuple(sorted(found, key=lambda other: (other[0] != word[0], other))[:MAX_SLIP_WORDS])
