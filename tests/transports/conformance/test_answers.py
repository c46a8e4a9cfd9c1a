"""Answers over each transport: replies arrive whole, errors as what they were, and each with the call it belongs to."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.kernel.kinds import kinds
from tests.transports.conformance.conftest import Serve
from tests.transports.conformance.counter import account, asking, calling, opening

from careplane.components.billing.api import BILLING, Billing, GetAccount, OpenAccounts
from careplane.kernel.context import using
from careplane.kernel.contract import Method
from careplane.kernel.errors import FieldError, Internal, PlatformError, Unimplemented
from careplane.kernel.invoke import proxy
from careplane.kernel.message import Message


async def test_requests_and_replies_arrive_whole(serve: Serve) -> None:
    """A command and a query, by the interface."""
    request, query = opening(uuid4(), uuid4()), asking()
    async with serve() as (counter, calls):
        billing: Billing = proxy(BILLING, calls)
        with using(calling()):
            opened = await billing.open_accounts(request)
            found = await billing.account(query)
    assert opened.accounts == tuple(account(patient) for patient in request.patient_ids)
    assert found == account(query.patient_id)
    assert counter.asked == [request, query]


async def test_an_empty_message_arrives(serve: Serve) -> None:
    """Nothing at all is something that can be said: no patients, no accounts."""
    request = OpenAccounts(batch_id=uuid4(), patient_ids=())
    async with serve() as (counter, calls):
        with using(calling()):
            opened = await proxy(BILLING, calls).open_accounts(request)
    assert opened.accounts == ()
    assert counter.asked == [request]


async def test_every_kind_of_error_arrives_as_what_it_was(serve: Serve) -> None:
    """The class, the detail, the fields and when to come again."""
    thrown: list[PlatformError] = []

    async def fail(_request: Message) -> Message:
        raise thrown[-1]

    async with serve(fail) as (_, calls):
        billing: Billing = proxy(BILLING, calls)
        for number, kind in enumerate(kinds("careplane.")):
            fields = (FieldError(field=f"field{number}", message="must be better"), FieldError(field="b", message="é"))
            thrown.append(kind(f"Detail ¿{number}?", fields=fields, retry_after=number + 0.25, meta={"x": 1}))
            with using(calling()), pytest.raises(PlatformError) as caught:
                await billing.account(asking())
            assert type(caught.value) is kind
            assert (caught.value.detail, caught.value.fields) == (f"Detail ¿{number}?", fields)
            assert caught.value.retry_after == number + 0.25


async def test_an_error_that_says_little_arrives_as_little(serve: Serve) -> None:
    """No fields, nothing about when to come again, and the sentence that its class has."""

    async def fail(_request: Message) -> Message:
        raise Internal

    async with serve(fail) as (_, calls):
        with using(calling()), pytest.raises(Internal) as caught:
            await proxy(BILLING, calls).account(asking())
    assert (caught.value.detail, caught.value.fields, caught.value.retry_after) == (Internal.default_detail, (), None)


async def test_a_fault_is_internal_and_says_nothing_of_itself(serve: Serve) -> None:
    """What went wrong is reported where it happened, and stays there."""

    async def fail(_request: Message) -> Message:
        raise ValueError("Ada Lovelace")

    async with serve(fail) as (counter, calls):
        with using(calling()), pytest.raises(Internal) as caught:
            await proxy(BILLING, calls).account(asking())
    assert "Ada" not in caught.value.detail
    assert [type(fault) for fault in counter.faults] == [ValueError]


async def test_calls_interleave(serve: Serve) -> None:
    """A call that waits for another one does not hold it up, and each gets its own answer."""
    opened: dict[UUID, asyncio.Event] = {}

    async def wait_for_the_next(request: GetAccount) -> Message:
        opened[request.patient_id].set()
        following = UUID(int=request.patient_id.int + 1)
        if following in opened:
            await opened[following].wait()
        return account(request.patient_id)

    async with serve(wait_for_the_next) as (_, calls):
        billing: Billing = proxy(BILLING, calls)
        ids = [UUID(int=number) for number in range(1, 101)]
        opened.update({patient: asyncio.Event() for patient in ids})
        with using(calling()):
            found = await asyncio.gather(*(billing.account(GetAccount(patient_id=patient)) for patient in ids))
    assert found == [account(patient) for patient in ids]


async def test_commands_of_one_key_run_one_at_a_time(serve: Serve) -> None:
    """The mailbox's promise holds for calls that arrive together."""
    running = most = 0

    async def work(request: OpenAccounts) -> Message:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return await counter.accounts(request)

    async with serve(work) as (counter, calls):
        request = opening()
        with using(calling()):
            await asyncio.gather(*(proxy(BILLING, calls).open_accounts(request) for _ in range(20)))
    assert (most, len(counter.asked)) == (1, 20)


@pytest.mark.parametrize("patients", [3_000, 24_000])
async def test_big_messages_arrive(serve: Serve, patients: int) -> None:
    """A request and a reply of megabytes, while small calls go on beside them."""
    ids = tuple(UUID(int=number) for number in range(patients))
    async with serve() as (_, calls):
        billing: Billing = proxy(BILLING, calls)
        with using(calling(60)):
            big, small = await asyncio.gather(
                billing.open_accounts(opening(*ids)), asyncio.gather(*(billing.account(asking()) for _ in range(20)))
            )
    assert [one.patient_id for one in big.accounts] == list(ids)
    assert len(small) == 20


async def test_a_component_that_is_not_served_is_unimplemented(serve: Serve) -> None:
    """The error says which, and what to do."""
    elsewhere = Method("pharmacy", "look", *_of("account"))
    async with serve() as (_, calls):
        with using(calling()), pytest.raises(Unimplemented, match="pharmacy"):
            await calls(elsewhere, asking())


def _of(name: str) -> tuple[Any, ...]:
    method = BILLING.methods[name]
    return method.kind, method.scope, method.key, method.creates, method.request, method.reply
