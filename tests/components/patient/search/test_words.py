"""Words: what a name is found by, and the neighbourhoods in which a slip is looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from careplane.components.patient.search.words import (
    MAX_LETTERS,
    MAX_QUERY_WORDS,
    MAX_WORDS,
    delete_keys,
    deletes,
    entries_of,
    phone_key,
    query_words,
    sort_key,
    words_of,
)

_FEW_LETTERS = st.text(alphabet="abcé明", max_size=6)


@given(_FEW_LETTERS, _FEW_LETTERS)
def test_words_one_slip_apart_share_a_deletion(one: str, other: str) -> None:
    """Whatever the slip, the neighbourhoods meet, so an index on them misses nothing."""
    if OSA.distance(one, other) <= 1:
        assert set(deletes(one)) & set(deletes(other))
        assert set(delete_keys(one)) & set(delete_keys(other))


@given(_FEW_LETTERS, _FEW_LETTERS)
def test_a_shared_deletion_means_two_slips_at_most(one: str, other: str) -> None:
    """What the neighbourhoods bring up needs a check, but is never far off."""
    if set(deletes(one)) & set(deletes(other)):
        assert OSA.distance(one, other) <= 2


@given(st.text(max_size=100))
def test_a_name_typed_as_it_is_finds_itself(name: str) -> None:
    """Every word looked for is one that the name is stored under."""
    stored = words_of(name)
    if len(stored) < MAX_WORDS:
        assert set(query_words(name)) <= set(stored)


@given(st.text(max_size=2000))
def test_words_are_bounded(name: str) -> None:
    """No name, however long, fills the index, and none overflows an entry of it."""
    for words, most in ((words_of(name), MAX_WORDS), (query_words(name), MAX_QUERY_WORDS)):
        assert len(words) == len(set(words)) <= most
        assert all(0 < len(word) <= MAX_LETTERS for word in words)
    assert len(sort_key(name).encode()) <= 800


def test_delete_keys_are_the_same_for_ever() -> None:
    """The numbers are stored, so no release may compute others; they fit a signed 32-bit column."""
    assert delete_keys("ann") == [1730179699, -1867704183, 389350470]
    assert all(-(2**31) <= key < 2**31 for key in delete_keys("wolfeschlegelsteinhausen"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Maria Garcia Maria", ("maria", "garcia")),
        ("Jean-Luc O’Brien", ("jean", "luc", "jeanluc", "obrien", "o", "brien")),
        ("王小明", ("王小明", "王", "小", "明")),
        ("김민준 Kim", ("김민준", "김", "민", "준", "kim")),
        ("प्रिया शर्मा।", ("प्रिया", "शर्मा")),
        ("J.R.R. Tolkien_3", ("j", "r", "jrr", "tolkien", "3", "tolkien3")),
        (" ,.- ", ()),
    ],
)
def test_names_are_cut_into_words(name: str, words: tuple[str, ...]) -> None:
    """Spaces, hyphens and full stops part words, apostrophes may; unspaced scripts add their characters."""
    assert words_of(name) == words


def test_looked_for_words_keep_runs_whole() -> None:
    """What is typed is neither joined nor taken apart further than it must."""
    assert query_words("o'brien jean-luc 小明x") == ("obrien", "jean", "luc", "小明", "x")


def test_entries_add_the_short_prefixes() -> None:
    """A word has an entry for its one to three first letters, if it is longer; a run of characters has none."""
    assert entries_of(("maria", "li", "小明")) == ["maria", "m*", "ma*", "mar*", "li", "l*", "小明"]


@pytest.mark.parametrize("phone", ["+49 30 1234567", "030 1234567", "(030) 123-4567", "0049301234567", "030/1234567"])
def test_a_phone_number_is_the_same_in_every_notation(phone: str) -> None:
    """Country code, area prefix, spaces and strokes do not matter."""
    assert phone_key(phone) == "01234567"


@pytest.mark.parametrize("text", ["12", "maria", "maria 1234567", "1990-01-01x", ""])
def test_what_is_no_phone_number_has_no_key(text: str) -> None:
    """Letters or too few digits are something else."""
    assert phone_key(text) is None
