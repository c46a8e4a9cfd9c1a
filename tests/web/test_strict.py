"""Strict twins and what is said of values that do not fit."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
import pytest

from careplane.kernel.message import Message
from careplane.web.bodies import Body, read
from careplane.web.faults import fault
from careplane.web.strict import has_structs_inside, strict


class Leaf(Message, frozen=True):
    """A struct inside of others."""

    a_b: int = 0


class Branch(Message, frozen=True):
    """A struct with structs inside."""

    leaf: Leaf
    leaves: tuple[Leaf, ...] = ()
    by_name: dict[str, Leaf | None] = msgspec.field(default_factory=dict)


class Plain(Body, frozen=True, kw_only=True):
    """A body without structs inside."""

    name: str


@pytest.mark.parametrize(
    "text",
    [
        b'{"leaf":{"x":1}}',
        b'{"leaf":{},"leaves":[{"x":1}]}',
        b'{"leaf":{},"byName":{"n":{"x":1}}}',
        b'{"leaf":{},"x":1}',
    ],
)
def test_a_strict_twin_refuses_what_is_not_declared(text: bytes) -> None:
    """However deep, where the struct itself lets it pass."""
    msgspec.json.decode(text, type=Branch)
    with pytest.raises(msgspec.ValidationError, match="unknown field `x`"):
        msgspec.json.decode(text, type=strict(Branch))


def test_a_strict_twin_takes_what_is_declared() -> None:
    """Names and defaults are the same."""
    made = msgspec.json.decode(b'{"leaf":{"aB":3},"leaves":[{}]}', type=strict(Branch))
    assert (made.leaf.a_b, made.leaves[0].a_b, made.by_name) == (3, 0, {})
    assert has_structs_inside(Branch)
    assert not has_structs_inside(Plain)


def test_a_body_is_of_the_very_type() -> None:
    """Twins are equal to nothing but each other, so none of them gets out."""
    assert type(read(b'{"leaf":{}}', Branch).leaf) is Leaf


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        ("x", int, "must be a whole number, not text"),
        (None, int, "must be a whole number, not null"),
        ("x", int | None, "must be a whole number, not text"),
        (1, str | bool, "must be true or false or text, not a whole number"),
        ("x", UUID, "must be a UUID, such as 01890a5d-ac96-774b-bcce-b302099a8057"),
        ("2025-02-30", date, "must be a real date, written YYYY-MM-DD"),
        (0, Annotated[int, msgspec.Meta(ge=1)], "must be a whole number, at least 1"),
        ("abc", Annotated[str, msgspec.Meta(max_length=2)], "must be text, at most 2 long"),
        ("abc", Annotated[str, msgspec.Meta(pattern="^x")], "must be text"),
    ],
)
def test_a_fault_is_said_in_plain_words(value: object, kind: type[object], said: str) -> None:
    """Without the value."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, kind)
    assert fault(caught.value).message in {said, said.replace("true or false or text", "text or true or false")}
