"""Expansion: a word looked for becomes the entries that fit it, better ones first."""

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from careplane.components.patient.search.expansion import (
    MAX_PREFIX_WORDS,
    MAX_SLIP_WORDS,
    RANKS,
    Match,
    Term,
    ranges,
    slipping,
    terms,
    within_one_slip,
)


@given(st.text(alphabet="abc", max_size=6), st.text(alphabet="abc", max_size=6))
def test_one_slip_is_one_step_of_optimal_string_alignment(one: str, other: str) -> None:
    """The quick check says what the full distance says."""
    assert within_one_slip(one, other) == (OSA.distance(one, other) <= 1)


@given(st.text(alphabet="abc明王", min_size=1, max_size=5), st.lists(st.text(alphabet="abc明王", max_size=6)))
def test_a_worse_rank_fits_all_that_a_better_one_does(word: str, similar: list[str]) -> None:
    """Ranks are cumulative, which is what lets a search take them one after another."""
    (term,) = terms([word], similar)
    for rank in range(1, RANKS):
        assert set(term.match(rank - 1).any_of) <= set(term.match(rank).any_of)


def test_a_word_is_begun_by_longer_ones_and_slips_into_near_ones() -> None:
    """Each kind of word joins at its own rank."""
    (term,) = terms(["mari"], ["maria", "mario", "marc", "mari", "xari", "zzzz"])
    assert term == Term("mari", begun=("maria", "mario"), slips=("marc", "maria", "mario", "xari"))
    assert term.match(0) == Match(("mari",))
    assert term.match(1) == Match(("mari", "maria", "mario"))
    assert "xari" not in term.match(1).any_of
    assert "xari" in term.match(2).any_of


def test_short_words_are_begun_by_an_entry() -> None:
    """Up to three letters the prefix itself is in the index, however many words begin with it."""
    (term,) = terms(["ma"], ["mab", "na"])
    assert term == Term("ma", begun=("ma*",))
    assert ranges(["ma", "mari", "小明小明"]) == (["mari"], ["mari\U0010ffff"])


def test_a_slip_in_three_letters_comes_last() -> None:
    """It says little, so it waits for the last rank; in fewer it says something only beside other words."""
    (term,) = terms(["ann"], ["ana", "anna"])
    assert "ana" not in term.match(2).any_of
    assert "ana" in term.match(3).any_of
    assert [slipping([word]) for word in ("li", "ann", "明", "小明")] == [[], ["ann"], [], ["小明"]]
    assert slipping(["li", "i", "明", "wang"]) == ["li", "i", "wang"]
    (term, _) = terms(["li", "wang"], ["le", "lin", "wang"])
    assert "le" not in term.match(2).any_of
    assert {"le", "lin"} < set(term.match(3).any_of)


def test_characters_inside_a_run_count_as_begun_and_out_of_order_as_a_slip() -> None:
    """Unspaced scripts are found by any part of a name."""
    (term,) = terms(["小明"], [])
    assert term.match(0) == Match(("小明",))
    assert term.match(1) == Match(("小明",), ("小", "明"), "小明")
    assert term.match(2) == Match(("小明",), ("小", "明"))
    assert terms(["真真"], [])[0].match(2) == Match(("真真",), ("真",), "真真")


def test_expansion_is_bounded() -> None:
    """However many words are near, a query stays of a size."""
    near = [f"maria{at}" for at in range(10_000)] + [f"mari{chr(0x400 + at)}" for at in range(500)]
    (term,) = terms(["maria"], near)
    assert len(term.begun) == MAX_PREFIX_WORDS
    assert len(term.slips) == MAX_SLIP_WORDS
