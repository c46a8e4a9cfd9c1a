"""Billing under test: its interface on the running platform, and a short way to an account."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from careplane.app.host import Host
from careplane.components.billing.api import BILLING, AccountView, Billing, OpenAccounts
from careplane.kernel.context import Context, using
from careplane.kernel.invoke import proxy
from careplane.storage.database import Database


@pytest.fixture
async def billing(platform: Host, as_tester: Context) -> AsyncIterator[Billing]:
    """Give the interface, in each wiring, called by somebody who may do everything."""
    with using(as_tester):
        yield proxy(BILLING, platform.calls)


@pytest.fixture
def database(platform: Host) -> Database:
    """Give the component's own database."""
    return platform.hosted["billing"].database


@pytest.fixture
def patient() -> UUID:
    """Give the id of a patient whom billing has never heard of."""
    return uuid4()


@pytest.fixture
async def account(billing: Billing, patient: UUID) -> AccountView:
    """Give that patient an account."""
    opened = await billing.open_accounts(OpenAccounts(batch_id=uuid4(), patient_ids=(patient,)))
    return opened.accounts[0]
