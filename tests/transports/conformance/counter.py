"""Billing as the suite serves it: its contract, mailbox and guards as in the host, and an actor that a test scripts."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.storage.waiting import until

from careplane.components.billing.api import AccountView, Billing, GetAccount, OpenAccounts, OpenedAccounts
from careplane.kernel.context import Context, current
from careplane.kernel.contract import Method
from careplane.kernel.errors import Internal, Overloaded
from careplane.kernel.guards import authorised, in_time, not_reentrant
from careplane.kernel.invoke import layered
from careplane.kernel.mailbox import Mailbox
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal
from careplane.kernel.supervisor import Supervisor

CLERK = Principal("clerk", ("clerk", "reader"), frozenset({"billing:open", "billing:read"}), "session-1")
OPENED = datetime(2031, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
Script = Callable[[Any], Awaitable[Message]]


def account(patient: UUID) -> AccountView:
    """Return the account of a patient."""
    return AccountView(
        account_id=UUID(int=patient.int ^ 1),
        patient_id=patient,
        status="OPEN",
        currency="EUR",
        balance_minor=-1250,
        opened_at=OPENED,
    )


def opening(*patients: UUID) -> OpenAccounts:
    """Return a command, with a key of its own."""
    return OpenAccounts(batch_id=uuid4(), patient_ids=patients or (uuid4(),))


def asking() -> GetAccount:
    """Return a query."""
    return GetAccount(patient_id=uuid4())


def calling(seconds: float | None = 20.0, **said: Any) -> Context:
    """Return the circumstances of the clerk's call that has so many seconds."""
    deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
    return Context(**{"principal": CLERK, "deadline": deadline, "request_id": "r-1", **said})


def answering_when(free: asyncio.Event) -> Script:
    """Return a script that answers queries when `free` is set."""

    async def answer(query: GetAccount) -> Message:
        await free.wait()
        return account(query.patient_id)

    return answer


async def refused_when_full(billing: Billing, counter: "Counter", free: asyncio.Event) -> Overloaded:
    """Return what refuses a call beside three that wait for `free`; when those are answered, calls are taken again."""
    held = [asyncio.ensure_future(billing.account(asking())) for _ in range(3)]
    await counter.until(3)
    with pytest.raises(Overloaded) as caught:
        await billing.account(asking())
    free.set()
    await asyncio.gather(*held)
    await billing.account(asking())
    return caught.value


class Counter:
    """Answers with the accounts asked for, or as the test says; notes what arrives and in which circumstances."""

    def __init__(self, script: Script | None = None, *, bound: int = 256) -> None:
        """Stand behind a mailbox that holds so many calls."""
        self.script = script or self.accounts
        self.asked: list[Message] = []
        self.contexts: list[Context] = []
        self.faults: list[Exception] = []
        self.mailbox = Mailbox(Supervisor(lambda: _Actor(self), self.report), bound=bound)
        self.door = layered(self.mailbox, authorised, not_reentrant, in_time)

    def report(self, _method: Method, error: Exception) -> None:
        """Keep a fault."""
        self.faults.append(error)

    async def accounts(self, request: Message) -> Message:
        """Answer with the accounts."""
        if isinstance(request, OpenAccounts):
            return OpenedAccounts(accounts=tuple(account(patient) for patient in request.patient_ids))
        if isinstance(request, GetAccount):
            return account(request.patient_id)
        raise Internal

    async def until(self, arrived: int) -> None:
        """Return when so many calls have begun."""
        await until(lambda: len(self.asked) >= arrived)

    async def held(self, calls: int) -> None:
        """Return when the mailbox holds so many calls."""
        await until(lambda: self.mailbox.held >= calls)


class _Actor:
    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def __getattr__(self, name: str) -> Script:
        return self._answer

    async def _answer(self, request: Message) -> Message:
        self._counter.asked.append(request)
        self._counter.contexts.append(current())
        return await self._counter.script(request)
