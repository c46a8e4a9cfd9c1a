"""The in-process transport: calls and events go where they should, and the codec lets by only what can travel."""

from collections.abc import Mapping
from typing import NoReturn
from uuid import UUID, uuid4

import pytest
from tests.kernel.desk import DO, LOOK, Ask, Said
from tests.kernel.kinds import kinds
from tests.storage.marks import event

from careplane.kernel.contract import Kind, Method
from careplane.kernel.errors import (
    AlreadyExists,
    FieldError,
    InvalidArgument,
    Overloaded,
    PlatformError,
    Unavailable,
    Unimplemented,
)
from careplane.kernel.events import Delivery
from careplane.kernel.invoke import Invoke
from careplane.kernel.message import Message
from careplane_transports.inprocess.bus import Bus
from careplane_transports.inprocess.codec import encoded
from careplane_transports.inprocess.switchboard import Switchboard


async def echo(method: Method, request: Message, /) -> Message:
    """Answer with the name of the method and the text of the request."""
    assert isinstance(request, Ask)
    return Said(text=f"{method.name} {request.text}")


def failing(error: Exception) -> Invoke:
    """Make an invoke that raises."""

    async def invoke(_method: Method, _request: Message, /) -> NoReturn:
        raise error

    return invoke


async def test_a_call_goes_to_its_component() -> None:
    """The message itself arrives, not a copy of it."""
    arrived: list[Message] = []

    async def take(method: Method, request: Message, /) -> Message:
        arrived.append(request)
        return await echo(method, request)

    board = Switchboard()
    board.connect("other", failing(AssertionError("the wrong component")))
    board.connect("desk", take)
    request = Ask(text="x")
    assert await board(DO, request) == Said(text="do x")
    assert arrived[0] is request


async def test_a_component_that_is_not_here_is_unimplemented() -> None:
    """The error says which one, and what to do."""
    with pytest.raises(Unimplemented, match=r"'desk' does not run here.*[Cc]onfigure"):
        await Switchboard()(DO, Ask())


async def test_a_component_can_be_replaced() -> None:
    """Connecting again sends later calls to the new one."""
    board = Switchboard()
    board.connect("desk", failing(Unavailable()))
    board.connect("desk", echo)
    assert await board(LOOK, Ask(text="x")) == Said(text="look x")


def delivery(stream: str = "patient") -> Delivery:
    """Make a delivery."""
    return Delivery(stream=stream, position="1", events=(event(uuid4()),))


class Noting:
    """A taker that notes what it gets, after raising each of `errors` once."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.taken: list[Delivery] = []

    async def take(self, *deliveries: Delivery) -> None:
        """Note them."""
        if self.errors:
            raise self.errors.pop()
        self.taken += deliveries

    async def positions(self) -> Mapping[str, str]:
        """Tell the last position of each stream."""
        return {delivery.stream: delivery.position for delivery in self.taken}


async def test_everybody_who_asked_for_a_stream_gets_it() -> None:
    """Takers of other streams get nothing, and a stream without takers is no error."""
    bus = Bus()
    first, second, other = Noting(), Noting(), Noting()
    bus.subscribe("patient", "first", first)
    bus.subscribe("patient", "second", second)
    bus.subscribe("billing", "other", other)
    one = delivery()
    await bus.deliver(one)
    await bus.deliver(delivery("identity"))
    assert (first.taken, second.taken, other.taken) == ([one], [one], [])


async def test_a_taker_that_fails_fails_the_delivery() -> None:
    """Whoever delivers hears of it and comes again; those before got it, and know it by its ids when it comes again."""
    bus = Bus()
    first, failing_once = Noting(), Noting(Unavailable())
    bus.subscribe("patient", "first", first)
    bus.subscribe("patient", "failing once", failing_once)
    with pytest.raises(Unavailable):
        await bus.deliver(delivery())
    await bus.deliver(delivery())
    assert (len(first.taken), len(failing_once.taken)) == (2, 1)


async def test_the_codec_passes_copies() -> None:
    """Neither the request nor the reply is the sender's own object, and both are equal to it."""
    arrived: list[Message] = []
    answered = Said(text="y" * 3)

    async def take(_method: Method, request: Message, /) -> Message:
        arrived.append(request)
        return answered

    request = Ask(text="ağ 中文 👩‍⚕️")
    reply = await encoded(take)(DO, request)
    assert arrived == [request]
    assert arrived[0] is not request
    assert reply == answered
    assert reply is not answered


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
async def test_every_kind_of_error_survives_the_codec(kind: type[PlatformError]) -> None:
    """The class, the detail, the fields and the time to wait arrive; what is private stays behind."""
    fields = (FieldError(field="name", message="Send one."),)
    error = kind("Do this.", fields=fields, meta={"private": 1}, retry_after=2.5)
    with pytest.raises(kind) as raised:
        await encoded(failing(error))(DO, Ask())
    found = raised.value
    assert type(found) is kind
    assert found is not error
    assert (found.detail, found.fields, found.retry_after, found.meta) == ("Do this.", fields, 2.5, {})
    assert found.__cause__ is None


class _Ids(Message, frozen=True):
    """Holds what plain JSON would lose."""

    id: UUID
    names: tuple[str, ...]
    raw: bytes
    scopes: frozenset[str]


IDS = Method("desk", "ids", Kind.QUERY, "s", None, False, _Ids, _Ids)


async def test_types_survive_the_codec() -> None:
    """Ids, tuples, bytes and sets arrive as what they were."""

    async def back(_method: Method, request: Message, /) -> Message:
        return request

    sent = _Ids(id=uuid4(), names=("a", "b"), raw=b"\x00\xff", scopes=frozenset({"s"}))
    assert await encoded(back)(IDS, sent) == sent


async def test_a_message_that_cannot_travel_is_found_out() -> None:
    """A reply or request of another type than the contract's is refused by the codec wiring."""
    import msgspec

    async def wrong(_method: Method, _request: Message, /) -> Message:
        return Ask(text="not what was promised")

    with pytest.raises(msgspec.ValidationError):
        await encoded(wrong)(Method("desk", "do", Kind.QUERY, "s", None, False, Ask, _Ids), Ask())


async def test_an_error_that_is_none_of_ours_is_not_dressed_up() -> None:
    """A fault stays a fault, for the supervisor to see."""
    with pytest.raises(ZeroDivisionError):
        await encoded(failing(ZeroDivisionError()))(DO, Ask())


def test_kinds_are_all_there() -> None:
    """The errors that callers tell apart can be rebuilt by name."""
    assert {AlreadyExists, InvalidArgument, Overloaded} <= set(kinds())
