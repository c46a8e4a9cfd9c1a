"""The interface of the billing component: all that other components, the gateway and the application may import."""

from typing import Protocol

from careplane.components.audit import AuditPage, ListAudit
from careplane.components.billing.messages import (
    ACCOUNT_OPENED,
    MAX_AMOUNT_MINOR,
    MAX_BATCH,
    MAX_STATEMENT,
    AccountOpened,
    AccountView,
    EntryView,
    GetAccount,
    GetStatement,
    OpenAccounts,
    OpenedAccounts,
    PostCharge,
    PostPayment,
    ReverseEntry,
    Statement,
)
from careplane.kernel.contract import Component, command, query

__all__ = [
    "ACCOUNT_OPENED",
    "BILLING",
    "MAX_AMOUNT_MINOR",
    "MAX_BATCH",
    "MAX_STATEMENT",
    "AccountOpened",
    "AccountView",
    "Billing",
    "EntryView",
    "GetAccount",
    "GetStatement",
    "OpenAccounts",
    "OpenedAccounts",
    "PostCharge",
    "PostPayment",
    "ReverseEntry",
    "Statement",
]


class Billing(Protocol):
    """Accounts and what was charged to and paid on them."""

    @command(key="batch_id", scope="billing:open", creates=True)
    async def open_accounts(self, request: OpenAccounts, /) -> OpenedAccounts:
        """Open an account for each patient who has none, and return everyone's; asking again is safe."""
        ...

    @query(key="patient_id", scope="billing:read")
    async def account(self, request: GetAccount, /) -> AccountView:
        """Return the account; whether the patient's record is open is not asked here, but by the registry before it."""
        ...

    @query(key="patient_id", scope="billing:read")
    async def statement(self, request: GetStatement, /) -> Statement:
        """Return the account with its latest entries, newest first; whether the record is open is not asked here."""
        ...

    @command(key="patient_id", scope="billing:write")
    async def post_charge(self, request: PostCharge, /) -> EntryView:
        """Charge the patient: the balance grows by the amount."""
        ...

    @command(key="patient_id", scope="billing:write")
    async def post_payment(self, request: PostPayment, /) -> EntryView:
        """Take a payment: the balance shrinks by the amount."""
        ...

    @command(key="patient_id", scope="billing:write")
    async def reverse_entry(self, request: ReverseEntry, /) -> EntryView:
        """Undo an entry by its opposite, once; the ledger keeps both."""
        ...

    @query(scope="audit:read")
    async def audit_trail(self, request: ListAudit, /) -> AuditPage:
        """Return a page of this component's audit, newest first."""
        ...


BILLING = Component("billing", version=1, interface=Billing)
