"""Filters: what cannot be looked for is refused with the field's name."""

import msgspec
import pytest

from careplane.components.patient.search.filters import MAX_LIMIT, Column, Filters, Order, checked, parse_order
from careplane.kernel.errors import InvalidArgument


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("name", Order(Column.NAME)),
        ("-name", Order(Column.NAME, descending=True)),
        ("dateOfBirth,desc", Order(Column.BORN, descending=True)),
        (" updatedAt:asc ", Order(Column.UPDATED)),
    ],
)
def test_an_order_is_a_known_name_and_a_direction(text: str, order: Order) -> None:
    """Three notations are understood."""
    assert parse_order(text) == order


@pytest.mark.parametrize("text", ["", "id", "name;drop table patients", "name,up", "--x", "-name,asc", "name_key"])
def test_any_other_order_is_refused(text: str) -> None:
    """Sort names come from a closed table."""
    with pytest.raises(InvalidArgument) as caught:
        parse_order(text)
    assert [error.field for error in caught.value.fields] == ["sort"]


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 201])
@pytest.mark.parametrize("field", ["name", "q", "email", "identifier"])
def test_what_no_database_holds_is_refused(field: str, text: str) -> None:
    """NUL, lone surrogates and long texts never reach it, and are not repeated in the error."""
    with pytest.raises(InvalidArgument) as caught:
        checked(msgspec.structs.replace(Filters(), **{field: text}), 20)
    assert [error.field for error in caught.value.fields] == [field]
    assert text not in caught.value.fields[0].message


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
def test_a_page_has_a_size(limit: int) -> None:
    """A limit outside the bounds is refused."""
    with pytest.raises(InvalidArgument):
        checked(Filters(), limit)


def test_a_blank_filter_is_none() -> None:
    """An empty search field asks for nothing."""
    assert checked(Filters(name="  ", q=""), 1) == Filters()
