"""The intents to open billing accounts: carried out right after the commit that made them, or whenever billing answers.

An intent is in the same transaction as the patient, and is deleted after billing has confirmed the account, so an
account is opened for every patient whatever fails between; opening it twice changes nothing.
"""

import asyncio

from careplane.components.billing.api import Billing, OpenAccounts
from careplane.components.patient.store_intents import IntentStore
from careplane.kernel.context import Context, using
from careplane.kernel.ids import NewId
from careplane.kernel.principal import component_principal

_PRINCIPAL = component_principal("patient", "billing:open")
_BATCH = 500
_BATCHES = 16
_PATIENCE_SECONDS = 30.0


class Intents:
    """The step of the pump that opens accounts."""

    def __init__(self, store: IntentStore, billing: Billing, new_id: NewId) -> None:
        """Ask `billing` for an account for every intent in the store."""
        self._store = store
        self._billing = billing
        self._new_id = new_id

    async def step(self) -> bool:
        """Open accounts, in several calls in a row while there is enough for each; return whether more may wait."""
        for _ in range(_BATCHES):
            if await self._open_next() < _BATCH:
                return False
        return True

    async def _open_next(self) -> int:
        """Open the accounts of the longest-waiting intents, all in one call; return how many that were."""
        waiting = await self._store.waiting(_BATCH)
        if not waiting:
            return 0
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        batch = self._new_id()
        with using(Context(principal=_PRINCIPAL, deadline=deadline, request_id=str(batch), chain=("patient",))):
            await self._billing.open_accounts(OpenAccounts(batch_id=batch, patient_ids=waiting))
        await self._store.done(waiting)
        return len(waiting)


class IntentCount:
    """How many accounts are on their way, looked up now and then for the metrics."""

    def __init__(self, store: IntentStore) -> None:
        """Drive it with a Pump whose step is `step`."""
        self._store = store
        self.count = 0

    async def step(self) -> bool:
        """Look once."""
        self.count = await self._store.count()
        return False
