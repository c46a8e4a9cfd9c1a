"""The contract is read off the interface, and an interface that leaves something open is refused at once."""

from typing import Any, Protocol

import pytest
from tests.kernel.desk import DESK, DO, GREET, LOOK, Ask, Said

from careplane.kernel.contract import Component, Kind, command, query
from careplane.kernel.message import Message


def test_the_marks_are_read_off_the_interface() -> None:
    """Every method is there with its kind, scope, key, request and reply."""
    assert list(DESK.methods) == ["do", "look", "greet"]
    assert (DO.kind, DO.scope, DO.key, DO.creates) == (Kind.COMMAND, "desk:write", "key", False)
    assert (LOOK.kind, LOOK.scope, LOOK.key) == (Kind.QUERY, "desk:read", "key")
    assert GREET.key is None
    assert (DO.path, DO.request, DO.reply) == ("desk/do", Ask, Said)


def test_a_creating_command_is_marked_as_such() -> None:
    """`creates` is kept: the key of such a call is no part of what is asked."""

    class Makes(Protocol):
        @command(key="key", scope="s", creates=True)
        async def make(self, request: Ask, /) -> Said: ...

    assert Component("maker", version=1, interface=Makes).methods["make"].creates


def test_the_methods_cannot_be_changed() -> None:
    """A contract is what it is."""
    with pytest.raises(TypeError):
        DESK.methods["other"] = DO  # type: ignore[index]


class _Unmarked(Protocol):
    async def do(self, request: Ask, /) -> Said: ...


class _NoRequest(Protocol):
    @query(scope="s")
    async def do(self) -> Said: ...


class _OtherName(Protocol):
    @query(scope="s")
    async def do(self, question: Ask, /) -> Said: ...


class _NoReply(Protocol):
    @query(scope="s")
    async def do(self, request: Ask, /): ...  # type: ignore[no-untyped-def] # noqa: ANN202


class _TwoArguments(Protocol):
    @query(scope="s")
    async def do(self, request: Ask, more: int, /) -> Said: ...


class _NoSuchKey(Protocol):
    @command(key="colour", scope="s")
    async def do(self, request: Ask, /) -> Said: ...


class _NotAMessage(Protocol):
    @command(key="key", scope="s")
    async def do(self, request: dict[str, str], /) -> Said: ...


class _AnswersNoMessage(Protocol):
    @query(scope="s")
    async def do(self, request: Ask, /) -> str: ...


class _Attribute(Protocol):
    do: int = 3


@pytest.mark.parametrize(
    ("interface", "says"),
    [
        (_Unmarked, "mark it"),
        (_NoRequest, "one annotated `request`"),
        (_OtherName, "one annotated `request`"),
        (_NoReply, "annotate"),
        (_TwoArguments, "one annotated `request`"),
        (_NoSuchKey, "'colour', which Ask does not have"),
        (_NotAMessage, "must take a Message"),
        (_AnswersNoMessage, "answer with one"),
        (_Attribute, "mark it"),
    ],
)
def test_an_open_question_is_refused(interface: Any, says: str) -> None:
    """The error names the component and the method, and says what is missing."""
    with pytest.raises(TypeError, match=says) as refused:
        Component("desk", version=1, interface=interface)
    assert "desk.do" in str(refused.value)


def test_names_with_an_underscore_are_no_methods() -> None:
    """What a class keeps to itself needs no mark."""

    class Quiet(Protocol):
        async def _own(self) -> None: ...

    assert not Component("quiet", version=1, interface=Quiet).methods


def test_messages_are_frozen_and_camel_case() -> None:
    """A message can be shared without a copy, and reads as the HTTP API writes it."""
    import msgspec

    class Sample(Message, frozen=True):
        date_of_birth: str

    sample = Sample(date_of_birth="1990-01-01")
    assert msgspec.json.encode(sample) == b'{"dateOfBirth":"1990-01-01"}'
    with pytest.raises(AttributeError):
        sample.date_of_birth = "x"  # type: ignore[misc]
