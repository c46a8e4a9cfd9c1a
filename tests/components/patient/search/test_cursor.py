"""The inner cursor: it comes back as it was written, and anything else is refused."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.patient.search import cursor
from careplane.components.patient.search.cursor import Mode, Position
from careplane.components.patient.search.filters import Filters
from careplane.kernel.errors import InvalidArgument

_HERE = Position(2, Mode.MANY, UUID(int=5))
_SEARCH = Filters(name="Canaria Geheim")


def test_a_position_survives_the_way_out_and_back() -> None:
    """Writing and reading are each other's inverse."""
    assert cursor.read(_SEARCH, cursor.write(_SEARCH, _HERE)) == _HERE


def test_a_cursor_holds_nothing_of_the_patient_or_the_search() -> None:
    """It travels in URLs."""
    assert "canaria" not in cursor.write(_SEARCH, _HERE).lower()


def test_a_cursor_of_another_search_is_refused() -> None:
    """A page after a patient has a meaning in one search only."""
    with pytest.raises(InvalidArgument):
        cursor.read(Filters(name="Canario Geheim"), cursor.write(_SEARCH, _HERE))


@given(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))))
def test_anything_else_is_refused(text: str) -> None:
    """Nothing but InvalidArgument about `cursor` comes of a forged one."""
    with pytest.raises(InvalidArgument) as caught:
        cursor.read(_SEARCH, text)
    assert [error.field for error in caught.value.fields] == ["cursor"]
