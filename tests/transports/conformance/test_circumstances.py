"""The circumstances of a call over each transport: who asks, how long there is time, and what goes round in circles."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest
from tests.transports.conformance.conftest import Serve
from tests.transports.conformance.counter import answering_when, asking, calling, opening, refused_when_full

from careplane.components.billing.api import BILLING, Billing, OpenAccounts
from careplane.kernel.context import Context, Trace, using
from careplane.kernel.errors import (
    DeadlineExceeded,
    PermissionDenied,
    ReentrantCall,
    StillRunning,
    Unauthenticated,
    Unavailable,
)
from careplane.kernel.invoke import proxy
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal, component_principal


async def test_everything_that_travels_arrives(serve: Serve) -> None:
    """Principal, request id, trace, idempotency key and chain, to which the component has added itself."""
    trace = Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1)
    sent = calling(request_id="r-é", trace=trace, idempotency_key="k 1", chain=("analytics", "patient"))
    async with serve() as (counter, calls):
        with using(sent):
            await proxy(BILLING, calls).open_accounts(opening())
    (arrived,) = counter.contexts
    assert arrived.principal == sent.principal
    assert (arrived.request_id, arrived.trace) == (sent.request_id, trace)
    assert (arrived.idempotency_key, arrived.chain) == ("k 1", ("analytics", "patient", "billing"))


async def test_what_is_not_said_does_not_arrive(serve: Serve) -> None:
    """No limit of time, no key, no trace: none is made up on the way."""
    async with serve() as (counter, calls):
        with using(Context(principal=calling().principal)):
            await proxy(BILLING, calls).account(asking())
    (arrived,) = counter.contexts
    assert arrived == Context(principal=calling().principal, chain=("billing",))


async def test_a_component_may_call_on_its_own_account(serve: Serve) -> None:
    """Then the principal is the component."""
    me = component_principal("patient", "billing:open")
    async with serve() as (counter, calls):
        with using(calling(principal=me, chain=("patient",))):
            await proxy(BILLING, calls).open_accounts(opening())
    assert counter.contexts[0].principal == me


async def test_the_deadline_travels(serve: Serve) -> None:
    """The component has as much time as the caller, a little less on the way."""
    async with serve() as (counter, calls):
        with using(calling(20)):
            before = asyncio.get_running_loop().time()
            await proxy(BILLING, calls).account(asking())
    deadline = counter.contexts[0].deadline
    assert deadline is not None
    assert before + 19 < deadline < before + 21


@pytest.mark.parametrize("make", [asking, opening])
async def test_a_call_ends_with_its_deadline(serve: Serve, make: Callable[[], Message]) -> None:
    """However long the component takes, the caller waits no longer than they said."""
    free = asyncio.Event()

    async def wait(_request: Message) -> Message:
        await free.wait()
        raise Unavailable

    async with serve(wait) as (counter, calls):
        call = BILLING.methods["account" if make is asking else "open_accounts"]
        began = asyncio.get_running_loop().time()
        with using(calling(0.15)), pytest.raises(DeadlineExceeded):
            await calls(call, make())
        took = asyncio.get_running_loop().time() - began
        assert 0.1 < took < 5
        assert len(counter.asked) == 1
        free.set()


async def test_a_call_whose_time_is_over_is_not_started(serve: Serve) -> None:
    """It is refused before the component sees it."""
    async with serve() as (counter, calls):
        with using(calling(-1)), pytest.raises(DeadlineExceeded):
            await proxy(BILLING, calls).account(asking())
        with using(calling()):
            await proxy(BILLING, calls).account(asking())
    assert len(counter.asked) == 1


async def test_strangers_and_those_without_the_scope_are_refused(serve: Serve) -> None:
    """The component itself looks at who asks, whoever brings the call."""
    async with serve() as (counter, calls):
        billing: Billing = proxy(BILLING, calls)
        with using(Context()), pytest.raises(Unauthenticated):
            await billing.account(asking())
        with using(calling(principal=Principal("someone"))), pytest.raises(PermissionDenied, match="billing:read"):
            await billing.account(asking())
    assert counter.asked == []


async def test_a_call_that_comes_round_again_is_refused(serve: Serve) -> None:
    """Billing is asked by somebody whom billing asked."""
    async with serve() as (counter, calls):
        with using(calling(chain=("billing", "patient"))), pytest.raises(ReentrantCall):
            await proxy(BILLING, calls).account(asking())
    assert counter.asked == []


async def test_a_full_mailbox_refuses_at_once(serve: Serve) -> None:
    """With Overloaded, which says when to come again; when there is room calls are taken again."""
    free = asyncio.Event()
    async with serve(answering_when(free), bound=3) as (counter, calls):
        with using(calling()):
            refusal = await refused_when_full(proxy(BILLING, calls), counter, free)
    assert refusal.retry_after


async def test_a_query_whose_caller_has_gone_is_cancelled(serve: Serve) -> None:
    """The component need not go on for nobody."""
    cancelled = asyncio.Event()

    async def wait(_request: Message) -> Message:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError("never")

    async with serve(wait) as (counter, calls):
        with using(calling()):
            call = asyncio.ensure_future(proxy(BILLING, calls).account(asking()))
        await counter.until(1)
        call.cancel()
        async with asyncio.timeout(5):
            await cancelled.wait()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_a_command_whose_caller_has_gone_finishes_if_it_has_started(serve: Serve) -> None:
    """One that waits behind it, and whose caller has gone too, never starts."""
    free, finished = asyncio.Event(), asyncio.Event()

    async def wait(request: Message) -> Message:
        if isinstance(request, OpenAccounts):
            await free.wait()
            finished.set()
        return await counter.accounts(request)

    async with serve(wait) as (counter, calls):
        billing, request = proxy(BILLING, calls), opening()
        with using(calling()):
            begun, waiting = (asyncio.ensure_future(billing.open_accounts(request)) for _ in range(2))
            await counter.until(1)
            await counter.held(2)
            waiting.cancel()
            begun.cancel()
            await asyncio.wait((waiting, begun))
            await billing.account(asking())  # sent later, so when it is answered the other side knows
            free.set()
        async with asyncio.timeout(5):
            await finished.wait()
        await counter.mailbox.close()
    assert [type(asked).__name__ for asked in counter.asked] == ["OpenAccounts", "GetAccount"]


async def test_a_key_that_is_in_use_is_refused(serve: Serve) -> None:
    """A second command under the key of one that still runs is told so."""
    free = asyncio.Event()

    async def wait(request: Message) -> Message:
        await free.wait()
        return await counter.accounts(request)

    async with serve(wait) as (counter, calls):
        with using(calling(idempotency_key=str(uuid4()))):
            first = asyncio.ensure_future(proxy(BILLING, calls).open_accounts(opening()))
            await counter.until(1)
            with pytest.raises(StillRunning):
                await proxy(BILLING, calls).open_accounts(opening())
            free.set()
            await first
