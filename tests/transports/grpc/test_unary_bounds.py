"""Bounds of unary calls: so large, so many, so long; and an end that cuts nothing off."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from tests.transports.grpc.books import (
    ACCOUNT,
    ASK,
    OPEN,
    PATIENT_ID,
    Books,
    account,
    signed,
)
from tests.transports.grpc.foreign import foreign, refused
from tests.transports.grpc.plain_server import serving

from careplane.components.billing.api import OpenedAccounts as Opened
from careplane.kernel.contract import Method
from careplane.kernel.errors import Overloaded
from careplane.kernel.message import Message
from careplane.kernel.principal import component_principal
from careplane_pb.billing.v1 import billing_grpc
from careplane_pb.billing.v1.billing_pb2 import GetAccount, OpenAccounts, OpenedAccounts


async def test_a_reply_that_is_too_large_is_refused() -> None:
    """One message holds a mebibyte at most, in either direction."""

    async def much(_method: Method, _request: Message) -> Message:
        return Opened(accounts=(account(PATIENT_ID),) * 2000)

    patient = signed(principal=component_principal("patient", "billing:open"), issuer="patient")
    ask = OpenAccounts(batch_id=str(UUID(int=1))).SerializeToString()
    async with serving(Books(much), message_bytes=65_536) as (port, _):
        refusal = await refused(port, OPEN, ask, patient)
    assert refusal.code == "INVALID_ARGUMENT"
    assert "65536 bytes" in refusal.message
    async with serving(Books(much)) as (port, _):
        reply = await foreign(port, OPEN, ask, patient)
        assert isinstance(reply, bytes)
        assert len(OpenedAccounts.FromString(reply).accounts) == 2000


class Held:
    """Lets calls wait until the test lets them go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.books = Books(self.answer)

    async def answer(self, _method: Method, _request: Message) -> Message:
        """Wait, and answer."""
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return account(PATIENT_ID)

    async def begin(self, port: int, number: int = 1) -> list[asyncio.Task[Any]]:
        """Make calls, and return when all of them wait."""
        calls = [asyncio.create_task(foreign(port, ACCOUNT, ASK, signed())) for _ in range(number)]
        while len(self.books.asked) < number:
            self.books.entered.clear()
            await asyncio.wait_for(self.books.entered.wait(), 10)
        return calls


async def test_so_many_calls_at_once() -> None:
    """One more is refused at once, and told to come again; then there is room again."""
    held = Held()
    async with serving(held.books, calls_in_flight=2) as (port, desk):
        calls = await held.begin(port, 2)
        refusal = await refused(port, ACCOUNT, ASK, signed())
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", Overloaded.__name__)
        assert refusal.details["RetryInfo"].retry_delay.ToSeconds() == 1
        held.go.set()
        assert all(isinstance(reply, bytes) for reply in await asyncio.gather(*calls))
        assert isinstance(await foreign(port, ACCOUNT, ASK, signed()), bytes)
    assert desk.beside.held == 0


async def test_time_that_runs_out_ends_the_call() -> None:
    """On both sides: what waited here is told, and its place is free."""
    held = Held()
    async with serving(held.books) as (port, desk):
        refusal = await refused(port, ACCOUNT, ASK, signed(), timeout=0.2)
        assert refusal.code == "DEADLINE_EXCEEDED"
        await asyncio.wait_for(held.cancelled.wait(), 10)
    assert desk.beside.held == 0


async def test_who_goes_away_is_not_waited_for() -> None:
    """A cancelled call gives its place back."""
    held = Held()
    async with serving(held.books) as (port, desk), Channel("127.0.0.1", port) as channel:
        stub = billing_grpc.BillingStub(channel)
        call = asyncio.create_task(stub.Account(GetAccount(patient_id=str(PATIENT_ID)), metadata=dict(signed())))
        await asyncio.wait_for(held.books.entered.wait(), 10)
        call.cancel()
        await asyncio.wait_for(held.cancelled.wait(), 10)
    assert desk.beside.held == 0


async def test_draining_answers_what_was_accepted_and_nothing_else() -> None:
    """Who comes later, over a connection that is there already, is told to go elsewhere."""
    held = Held()
    async with serving(held.books) as (port, desk), Channel("127.0.0.1", port) as channel:
        stub = billing_grpc.BillingStub(channel)
        ask = GetAccount(patient_id=str(PATIENT_ID))
        accepted = asyncio.create_task(stub.Account(ask, metadata=dict(signed()), timeout=10))
        await asyncio.wait_for(held.books.entered.wait(), 10)
        draining = asyncio.create_task(desk.server.drain(10))
        with pytest.raises(GRPCError) as caught:
            await stub.Account(ask, metadata=dict(signed()), timeout=10)
        assert caught.value.status is Status.UNAVAILABLE
        assert not draining.done()
        held.go.set()
        assert (await accepted).patient_id == str(PATIENT_ID)
        await asyncio.wait_for(draining, 10)
    assert len(held.books.asked) == 1


async def test_a_request_that_is_too_large_is_refused() -> None:
    """One message holds a mebibyte at most; it is refused when its length is known."""
    async with serving(Books()) as (port, _):
        big = GetAccount(patient_id="x" * (1 << 20)).SerializeToString()
        assert (await refused(port, ACCOUNT, big, signed())).code == "RESOURCE_EXHAUSTED"
