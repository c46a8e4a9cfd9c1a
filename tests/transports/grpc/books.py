"""A billing component for tests: its real contract and guards, and behind them whatever the test lets it answer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

from careplane.app.clock import SystemClock
from careplane.components.billing.api import BILLING, AccountView, GetAccount, OpenAccounts, OpenedAccounts
from careplane.kernel.context import Context, current
from careplane.kernel.contract import Method
from careplane.kernel.guards import authorised, in_time, not_reentrant
from careplane.kernel.invoke import layered
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal
from careplane_pb.billing.v1 import billing_pb2
from careplane_pb.calls.v1.unary_pb2 import UnaryCircumstances
from careplane_transports.grpc.call_keys import make_call_keys
from careplane_transports.grpc.tokens import CallTokens

OPENED = datetime(2031, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
PATIENT_ID = UUID("0197a6c0-1111-7000-8000-000000000002")
ACCOUNT = "/careplane_pb.billing.v1.Billing/Account"
OPEN = "/careplane_pb.billing.v1.Billing/OpenAccounts"
ASK = billing_pb2.GetAccount(patient_id=str(PATIENT_ID)).SerializeToString()
CLERK = Principal("0197a6c0-0000-7000-8000-000000000001", ("clerk",), frozenset({"billing:read", "billing:write"}))
TOKENS = CallTokens(make_call_keys(("gateway", "patient", "billing")), SystemClock())
Answering = Callable[[Method, Message], Awaitable[Message]]


def account(patient: UUID) -> AccountView:
    """Return the account of a patient."""
    return AccountView(
        account_id=UUID(int=patient.int + 1),
        patient_id=patient,
        status="OPEN",
        currency="USD",
        balance_minor=-1250,
        opened_at=OPENED,
    )


class Books:
    """An Invoke for billing's methods that notes what arrives, and in which circumstances."""

    def __init__(self, answer: Answering | None = None) -> None:
        """Answer so, or with the accounts asked for."""
        self.answer = answer or self._accounts
        self.asked: list[Message] = []
        self.contexts: list[Context] = []
        self.entered = asyncio.Event()
        self.door = layered(self._take, authorised, not_reentrant, in_time)

    async def _take(self, method: Method, request: Message, /) -> Message:
        self.asked.append(request)
        self.contexts.append(current())
        self.entered.set()
        return await self.answer(method, request)

    async def _accounts(self, _method: Method, request: Message) -> Message:
        if isinstance(request, OpenAccounts):
            return OpenedAccounts(accounts=tuple(account(patient) for patient in request.patient_ids))
        assert isinstance(request, GetAccount)
        return account(request.patient_id)


def circumstances(principal: Principal = CLERK, issuer: str = "gateway", audience: str = BILLING.name) -> bytes:
    """Return what stands in `careplane-bin` for a call in the name of somebody."""
    token = TOKENS.sign(principal, issuer, audience)
    return UnaryCircumstances(token=token, request_id="r-1").SerializeToString()


def signed(*, principal: Principal = CLERK, issuer: str = "gateway") -> list[tuple[str, str | bytes]]:
    """Return the metadata of a call that is let in."""
    return [("careplane-bin", circumstances(principal, issuer))]
