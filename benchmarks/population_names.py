"""Names of one language: the known ones weighted as by Zipf, and rare ones put together of halves of known ones."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, TypeVar

from benchmarks.population_words import OWN, Country
from mimesis import Person as Provider
from mimesis.locales import Locale

T = TypeVar("T")
Draw = Callable[[], str]

WOMEN, MEN = 0, 1
_BLOCK = 1024
_HASH = 2_654_435_761
_RARE_RANKS = 6_000
"""How many rare names there are of a language for each thousandth of the people who speak it."""
_RARE_GIVEN = 0.08
_LETTERS = range(4, 15)


def drawing(choices: Sequence[T], weights: Sequence[float], chance: random.Random) -> Callable[[], T]:
    """Return what draws one of `choices` by their weights; many at a time, which is faster."""
    weighed = list(accumulate(weights))

    def endless() -> Iterator[T]:
        while True:
            yield from chance.choices(choices, cum_weights=weighed, k=_BLOCK)

    return endless().__next__


class Language:
    """Draws full names of one language."""

    def __init__(self, country: Country, chance: random.Random) -> None:
        """Take the known names of the language; `chance` decides everything."""
        given, family = _known(country)
        self.country = country
        self._chance = chance.random
        make = _of_characters if not country.joint else _of_halves
        ranks = _RARE_RANKS * country.people
        self._given = [
            _mixed(_zipf(names, 0.9, chance), make(names, ranks, chance), self._share(), chance) for names in given
        ]
        rare = country.rare
        self._family = [
            _mixed(_zipf(names, 0.75, chance), _of_halves(names, ranks, chance), rare, chance) for names in family
        ]
        self._before = _particles(country, chance)

    def _share(self) -> float:
        return _RARE_GIVEN if self.country.joint else 0.6

    def given(self, which: int) -> str:
        """Return one given name, or two."""
        draw, country = self._given[which], self.country
        first = draw()
        if self._chance() >= country.second:
            return first
        return f"{first}{'-' if country.hyphen and self._chance() < 0.1 else ' '}{draw()}"

    def family(self, which: int) -> str:
        """Return one family name, or two, with what stands before it."""
        draw, country = self._family[which], self.country
        name = f"{self._before()}{draw()}"
        if self._chance() >= country.double:
            return name
        return f"{name}{'-' if country.hyphen else ' '}{draw()}"


def _known(country: Country) -> tuple[list[list[str]], list[list[str]]]:
    """Return the given and the family names, of women and of men."""
    if isinstance(country.words, Locale):
        data: Any = Provider(country.words)._dataset
        return _by_gender(data["names"]), _by_gender(data["surnames"])
    own = OWN[country.words]
    return [own.female.split(), own.male.split()], [own.family.split()] * 2


def _by_gender(names: Any) -> list[list[str]]:
    if isinstance(names, dict):
        return [list(dict.fromkeys(names["female"])), list(dict.fromkeys(names["male"]))]
    return [list(dict.fromkeys(names))] * 2


def _zipf(names: Sequence[str], exponent: float, chance: random.Random) -> Draw:
    """Return what draws the names, a few of them often; which ones, chance decides where they come sorted."""
    mixed = chance.sample(names, len(names)) if len(names) > len(OWN) * 8 else list(names)
    return drawing(mixed, [(rank + 3) ** -exponent for rank in range(len(mixed))], chance)


def _mixed(known: Draw, rare: Draw, share: float, chance: random.Random) -> Draw:
    decide = chance.random

    def draw() -> str:
        return rare() if decide() < share else known()

    return draw


def _of_halves(names: Sequence[str], ranks: int, chance: random.Random) -> Draw:
    """Return what draws rare names: the beginning of a known one, and the end of another after the same letter."""
    words = [name for name in names if name.isalpha() and len(name) >= _LETTERS[0]]
    if not words:
        return _zipf(names, 0.5, chance)
    heads = sorted({word[:cut] for word in words for cut in range(2, len(word) - 1)})
    tails: dict[str, list[str]] = defaultdict(list)
    for tail in sorted({word[cut - 1 :] for word in words for cut in range(2, len(word) - 1)}):
        tails[tail[0]].append(tail[1:])
    decide = chance.random

    def draw() -> str:
        while True:
            mark = int(ranks * decide() ** 2.5) * _HASH & 0xFFFF_FFFF_FFFF
            head = heads[mark % len(heads)]
            ends = tails[head[-1]]
            name = head + ends[mark // len(heads) % len(ends)]
            if len(name) in _LETTERS:
                return name

    return draw


def _of_characters(names: Sequence[str], _ranks: int, chance: random.Random) -> Draw:
    """Return what draws given names of one or two characters, each of which known names have."""
    characters = list("".join(names))
    draw = drawing(characters, [1] * len(characters), chance)
    decide = chance.random
    return lambda: draw() if decide() < 0.15 else draw() + draw()


def _particles(country: Country, chance: random.Random) -> Draw:
    """Return what draws what stands before a family name, mostly nothing."""
    before = [(f"{word} ", share) for word, share in country.between]
    before += country.prefixes
    texts, shares = [text for text, _ in before], [share for _, share in before]
    return drawing(["", *texts], [100 - sum(shares), *shares], chance)
