"""The billing actor: accounts are opened and read, entries posted and reversed, each as plain sequential code."""

import msgspec

from careplane.components.billing import domain
from careplane.components.billing.api import (
    BILLING,
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
from careplane.components.billing.domain import NewEntry
from careplane.components.billing.settings import BillingSettings
from careplane.components.billing.store import AccountStore, NewAccount
from careplane.components.billing.store_ledger import LedgerStore, Posting
from careplane.kernel.clock import Clock
from careplane.kernel.contract import Method
from careplane.kernel.errors import AlreadyExists, NotFound
from careplane.kernel.ids import NewId
from careplane.kernel.message import Empty, Message
from careplane.storage.journal import entry_for

_METHODS = BILLING.methods
_NO_ACCOUNT = "This patient has no billing account. Check the patient's id; a new patient's account takes a moment."
_NO_ENTRY = "There is no such entry on this patient's account. Look its id up in the statement."


class BillingActor:
    """Implements `Billing` on the stores of accounts and ledger."""

    def __init__(
        self, accounts: AccountStore, ledger: LedgerStore, clock: Clock, new_id: NewId, settings: BillingSettings
    ) -> None:
        """Take what the actor works with; it keeps no state of its own."""
        self._accounts = accounts
        self._ledger = ledger
        self._clock = clock
        self._new_id = new_id
        self._settings = settings

    async def open_accounts(self, request: OpenAccounts, /) -> OpenedAccounts:
        """Open an account for each patient who has none.

        The patient is the key under which asking again is safe; the answer holds balances, so it is not remembered.
        """
        patients = domain.patients_of(request)
        if not patients:
            return OpenedAccounts(accounts=())
        wanted = [NewAccount(self._new_id(), patient_id, self._new_id()) for patient_id in patients]
        entry = entry_for(_METHODS["open_accounts"], request, Empty(), subject=request.batch_id)
        opened = await self._accounts.open(wanted, self._settings.currency, self._clock.now(), entry)
        return OpenedAccounts(accounts=tuple(opened[patient_id] for patient_id in request.patient_ids))

    async def account(self, request: GetAccount, /) -> AccountView:
        """Return the patient's account."""
        found = await self._accounts.accounts.read(_METHODS["account"], request.patient_id, subject=request.patient_id)
        if found is None:
            raise NotFound(_NO_ACCOUNT)
        return found

    async def statement(self, request: GetStatement, /) -> Statement:
        """Return the account with its latest entries."""
        domain.check_statement(request)
        key = (request.patient_id, request.before, request.limit)
        found = await self._accounts.statements.read(_METHODS["statement"], key, subject=request.patient_id)
        if found is None:
            raise NotFound(_NO_ACCOUNT)
        return found

    async def post_charge(self, request: PostCharge, /) -> EntryView:
        """Charge the patient."""
        return await self._post(_METHODS["post_charge"], request, domain.charge(request, self._clock.now()))

    async def post_payment(self, request: PostPayment, /) -> EntryView:
        """Take a payment."""
        return await self._post(_METHODS["post_payment"], request, domain.payment(request, self._clock.now()))

    async def reverse_entry(self, request: ReverseEntry, /) -> EntryView:
        """Undo an entry."""
        entry = await self._ledger.entry(request.patient_id, request.reverses)
        if entry is None:
            raise NotFound(_NO_ENTRY)
        new = domain.reversal(request, entry, self._clock.now())
        return await self._post(_METHODS["reverse_entry"], request, new)

    async def _post(self, method: Method, request: Message, new: NewEntry) -> EntryView:
        """Write an entry; the same entry under the same id, posted before, is answered as it was then."""
        view = new.view
        entry = entry_for(method, request, view, subject=view.patient_id, detail={"entry": str(view.entry_id)})
        try:
            applied = await self._ledger.post(Posting(new, entry))
        except AlreadyExists:
            posted = await self._ledger.entry(view.patient_id, view.entry_id)
            if posted is None or not domain.same(view, posted):
                raise
            return posted
        return view if applied.reply is None else msgspec.msgpack.decode(applied.reply, type=EntryView)
