"""Signed cursors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.kernel.errors import InvalidArgument
from careplane.web.cursors import SignedCursors

CURSORS = SignedCursors(b"k" * 32)
SEARCH = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.booleans(), max_size=4)


@given(inner=st.text(st.characters(exclude_categories=["Cs"])), search=SEARCH)
def test_what_was_sealed_opens_for_the_same_search(inner: str, search: list[object]) -> None:
    """And for no other, nor under another secret."""
    sealed = CURSORS.seal(inner, *search)
    assert sealed is not None
    assert CURSORS.open(sealed, *search) == inner
    for cursors, other in ((CURSORS, [*search, "more"]), (SignedCursors(b"x" * 32), search)):
        with pytest.raises(InvalidArgument):
            cursors.open(sealed, *other)


@given(st.text())
def test_what_was_not_sealed_does_not_open(made_up: str) -> None:
    """Whatever it is."""
    with pytest.raises(InvalidArgument, match="not valid"):
        CURSORS.open(made_up)


@given(st.data())
def test_one_changed_letter_is_noticed(data: st.DataObject) -> None:
    """Anywhere in it, but for bits that say nothing at the very end."""
    sealed = CURSORS.seal("0123456789ab", "x") or ""
    at = data.draw(st.integers(0, len(sealed) - 2))
    letter = data.draw(st.sampled_from("ABCxyz019-_").filter(lambda c: c != sealed[at]))
    with pytest.raises(InvalidArgument):
        CURSORS.open(sealed[:at] + letter + sealed[at + 1 :], "x")


def test_there_is_an_end() -> None:
    """No cursor is sealed to none and opened to none."""
    assert CURSORS.seal(None, "x") is None
    assert CURSORS.open(None, "x") is None


def test_a_short_secret_is_refused() -> None:
    """It could be guessed."""
    with pytest.raises(ValueError, match="32 bytes"):
        SignedCursors(b"short")
