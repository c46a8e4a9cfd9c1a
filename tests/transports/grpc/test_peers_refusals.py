"""Refusals that a moment mends: a call to another process of the component came before this one."""

import pytest
from tests.transports.conformance.counter import Counter, calling, opening
from tests.transports.grpc.stream_ends import calling_at, desk

from careplane.kernel.context import using
from careplane.kernel.errors import Aborted
from careplane.kernel.message import Message
from careplane_transports.grpc.retries import TRIES_MAX

pytestmark = pytest.mark.usefixtures("nothing_left")


async def test_a_command_that_another_one_came_before_is_sent_again() -> None:
    """Nothing was done, so it is done a moment later; without a key its caller is told, and a few times only."""
    refusals = [Aborted(), Aborted()]

    async def answer(request: Message) -> Message:
        if refusals:
            raise refusals.pop()
        return await there.accounts(request)

    there = Counter(answer)
    async with desk(there) as process, calling_at(process.port) as (_, billing):
        with using(calling(idempotency_key="k-1")):
            await billing.open_accounts(opening())
            assert len(there.asked) == 3
            refusals += [Aborted()] * 10
            with pytest.raises(Aborted):
                await billing.open_accounts(opening())
            assert len(there.asked) == 3 + TRIES_MAX
        with using(calling(idempotency_key=None)), pytest.raises(Aborted):
            await billing.open_accounts(opening())
        assert len(there.asked) == 3 + TRIES_MAX + 1
    await there.mailbox.close()
