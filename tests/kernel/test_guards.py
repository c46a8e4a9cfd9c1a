"""Proxies, layers and guards: who passes, in which order, and that going in circles is refused."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, cast

import pytest
from tests.kernel.desk import DESK, DO, GREET, LOOK, Ask, Desk, Said
from tests.kernel.virtual_time import in_virtual_time

from careplane.kernel.context import Context, current, using
from careplane.kernel.contract import Component, Method
from careplane.kernel.errors import (
    DeadlineExceeded,
    PermissionDenied,
    PlatformError,
    ReentrantCall,
    Unauthenticated,
    Unavailable,
)
from careplane.kernel.guards import authorised, in_time, not_reentrant, without_key
from careplane.kernel.invoke import Invoke, Middleware, layered, proxy
from careplane.kernel.mailbox import Mailbox
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal

WRITER = Principal(id="writer", scopes=frozenset({"desk:write"}))


async def echo(method: Method, request: Message, /) -> Message:
    """Answer with the name of the method and the text of the request."""
    return Said(text=f"{method.name} {cast('Ask', request).text}")


async def test_a_proxy_looks_like_the_interface() -> None:
    """Each method of the interface goes through the invoke it was given."""
    desk = proxy(DESK, echo)
    assert await desk.do(Ask(text="1")) == Said(text="do 1")
    assert await desk.look(Ask(text="2")) == Said(text="look 2")
    assert type(desk).__name__ == "DeskProxy"
    assert not hasattr(desk, "other")


async def test_the_first_layer_sees_a_call_first() -> None:
    """Middleware wraps in the order in which it is named, and an answer passes it backwards."""
    passed: list[str] = []

    def noting(name: str) -> Middleware:
        def middleware(inner: Invoke) -> Invoke:
            async def invoke(method: Method, request: Message, /) -> Message:
                passed.append(f">{name}")
                reply = await inner(method, request)
                passed.append(f"<{name}")
                return reply

            return invoke

        return middleware

    await layered(echo, noting("a"), noting("b"))(DO, Ask())
    assert passed == [">a", ">b", "<b", "<a"]


@pytest.mark.parametrize(
    ("principal", "method", "refusal"),
    [
        (WRITER, DO, None),
        (WRITER, LOOK, PermissionDenied),
        (WRITER, GREET, None),
        (Context().principal, DO, Unauthenticated),
        (Context().principal, GREET, None),
        (Principal(id="writer"), DO, PermissionDenied),
    ],
)
async def test_only_who_has_the_scope_passes(
    principal: Principal, method: Method, refusal: type[PlatformError] | None
) -> None:
    """A stranger is asked to sign in, a known caller is told which scope is missing, and nothing is started."""
    with using(Context(principal=principal)):
        if refusal is None:
            assert await authorised(echo)(method, Ask(text="x")) == Said(text=f"{method.name} x")
            return
        with pytest.raises(refusal) as refused:
            await authorised(_never)(method, Ask(text="x"))
    assert refusal is Unauthenticated or method.scope in refused.value.detail


@pytest.mark.parametrize(
    ("principal", "method", "told"),
    [
        (WRITER, LOOK, [(LOOK, Ask(text="x"))]),
        (WRITER, DO, []),
        (WRITER, GREET, []),
        (Context().principal, DO, []),
    ],
)
async def test_who_is_refused_is_told_of_first(
    principal: Principal, method: Method, told: list[tuple[Method, Message]]
) -> None:
    """Of a caller who is known, that is: strangers are only asked to sign in."""
    denied: list[tuple[Method, Message]] = []

    async def note(method: Method, request: Message) -> None:
        denied.append((method, request))

    with using(Context(principal=principal)), suppress(PermissionDenied, Unauthenticated):
        await authorised(echo, note)(method, Ask(text="x"))
    assert denied == told


async def test_a_refusal_that_cannot_be_noted_is_not_given() -> None:
    """The caller hears why there is no answer instead, and nothing is started."""

    async def fail(_method: Method, _request: Message) -> None:
        raise Unavailable

    with using(Context(principal=WRITER)), pytest.raises(Unavailable):
        await authorised(_never, fail)(LOOK, Ask())


@pytest.mark.parametrize(("left", "passes"), [(None, True), (0.1, True), (0.0, False), (-0.1, False)])
def test_a_call_without_time_left_is_refused(left: float | None, passes: bool) -> None:
    """A deadline that has passed, to the moment, refuses the call; one to come or none lets it pass."""

    async def run() -> None:
        deadline = None if left is None else asyncio.get_running_loop().time() + left
        with using(Context(deadline=deadline)):
            if passes:
                assert await in_time(echo)(DO, Ask(text="x")) == Said(text="do x")
                return
            with pytest.raises(DeadlineExceeded):
                await in_time(_never)(DO, Ask())

    in_virtual_time(run())


async def _never(_method: Method, _request: Message, /) -> Message:
    pytest.fail("the call should not have come this far")


class _Forward:
    """An actor that passes every call on to another component."""

    def __init__(self, to: Desk) -> None:
        self.to = to

    async def __call__(self, method: Method, request: Message, /) -> Message:
        answer: Awaitable[Message] = getattr(self.to, method.name)(request)
        return await answer


def _house() -> dict[str, Desk]:
    """Connect `first` to `second`, and `second` back to `first`."""
    names = ("first", "second")
    kinds: dict[str, Component[Any]] = {name: Component(name, version=1, interface=Desk) for name in names}
    actors = {name: _Forward(cast("Desk", None)) for name in names}
    desks: dict[str, Desk] = {
        name: proxy(kinds[name], layered(Mailbox(actors[name], bound=8), not_reentrant)) for name in names
    }
    actors["first"].to, actors["second"].to = desks["second"], desks["first"]
    return desks


@pytest.mark.parametrize("name", ["do", "look"])
async def test_a_circle_through_two_components_is_refused(name: str) -> None:
    """A calls B, which calls A: the third call is refused instead of waiting for the first for ever."""
    async with asyncio.timeout(5):
        with pytest.raises(ReentrantCall) as refused:
            await getattr(_house()["first"], name)(Ask())
    assert refused.value.meta["chain"] == ["first", "second", "first"]


async def test_the_same_component_may_be_called_twice_in_a_row() -> None:
    """Only a call from within is a circle; one after another is none, and the chain is as before."""
    desk = proxy(DESK, layered(Mailbox(echo, bound=8), not_reentrant))
    with using(Context(chain=("other",))):
        await desk.do(Ask())
        await desk.do(Ask())
        assert current().chain == ("other",)


async def test_a_key_is_about_one_call_only() -> None:
    """A component's own calls go without the key under which it was called."""
    seen: list[str | None] = []

    async def note(_method: Method, request: Message, /) -> Message:
        seen.append(current().idempotency_key)
        return request

    with using(Context(idempotency_key="k")):
        await without_key(note)(DO, Ask())
        assert current().idempotency_key == "k"
    assert seen == [None]
