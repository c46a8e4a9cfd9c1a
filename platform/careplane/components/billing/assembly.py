"""How the billing component is put together: stores, actor, and the relay of its events."""

from careplane.components.assembly import Assembly, Parts
from careplane.components.billing.actor import BillingActor
from careplane.components.billing.api import BILLING
from careplane.components.billing.settings import BillingSettings
from careplane.components.billing.store import AccountStore
from careplane.components.billing.store_ledger import LedgerStore
from careplane.storage.pump import Pump
from careplane.storage.relay import Relay


async def assemble(parts: Parts) -> Assembly:
    """Put the component together from its parts."""
    settings = parts.section(BillingSettings)
    relay = Relay(parts.database, BILLING.name, parts.publish, reader="events")
    pump = Pump("billing event relay", relay.step, parts.report)
    accounts = AccountStore(parts.database, pump.wake)
    ledger = LedgerStore(parts.database)
    return Assembly(
        make=lambda: BillingActor(accounts, ledger, parts.clock, parts.new_id, settings),
        pumps=(pump,),
        commits={
            "post": ledger.postings,
            "account": accounts.accounts.commit,
            "statement": accounts.statements.commit,
        },
    )
