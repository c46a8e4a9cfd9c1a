"""What the tests of the suite ask for: a served counter and the way to it, over each transport in turn."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from tests.transports.conformance.carriers import Carrier, carriers
from tests.transports.conformance.counter import Counter, Script

from careplane.components.billing.api import BILLING
from careplane.kernel.invoke import Invoke

Serve = Callable[..., AbstractAsyncContextManager[tuple[Counter, Invoke]]]
"""Serves a counter with a script, and gives both ends."""


@pytest.fixture(params=tuple(carriers()))
def carrier(request: pytest.FixtureRequest) -> Carrier:
    """Give each transport in turn."""
    return carriers()[request.param]


@pytest.fixture
def serve(carrier: Carrier) -> Serve:
    """Give a way to serve a counter over the transport."""

    @asynccontextmanager
    async def served(script: Script | None = None, *, bound: int = 256) -> AsyncIterator[tuple[Counter, Invoke]]:
        counter = Counter(script, bound=bound)
        async with carrier({BILLING: counter.door}, counter.report) as calls:
            yield counter, calls
        await counter.mailbox.close()

    return served
