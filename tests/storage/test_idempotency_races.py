"""A repeat that another process was quicker with: it is not refused for what its own first attempt has done."""

import pytest
from tests.storage.marks import PUT, Marks, Put, PutMark, Work, work

from careplane.kernel.context import Context, using
from careplane.kernel.contract import Method
from careplane.kernel.errors import IdempotencyMismatch, StaleVersion
from careplane.kernel.message import Message
from careplane.kernel.principal import Principal
from careplane.storage.database import Database
from careplane.storage.idempotency import remembering

CONTEXT = Context(principal=Principal(id="nurse"), idempotency_key="k")


async def _refused_after(database: Database, first: Work, request: PutMark, *, keyed: bool = True) -> Message:
    """Call under the key, where the other process commits between the look-up and the decision."""
    marks = Marks(database)

    async def actor(_method: Method, _request: Message, /) -> Message:
        if keyed:
            await marks.journal.flush([first])
        raise StaleVersion

    with using(CONTEXT):
        return await remembering(database)(actor)(PUT, request)


async def test_who_is_refused_for_their_own_first_attempt_gets_its_answer(database: Database) -> None:
    """The decision was made on what the other process had written under the same key."""
    first = work(1, key="k")
    answer = await _refused_after(database, first, PutMark(id=first.request.id, value=1))
    assert isinstance(answer, Put)
    assert answer.id == first.request.id


async def test_another_request_under_the_key_is_still_told_so(database: Database) -> None:
    """It is not the repeat of anything."""
    first = work(1, key="k")
    with pytest.raises(IdempotencyMismatch):
        await _refused_after(database, first, PutMark(id=first.request.id, value=2))


async def test_who_is_refused_for_another_reason_is_told_that(database: Database) -> None:
    """Nobody has used the key."""
    with pytest.raises(StaleVersion):
        await _refused_after(database, work(), PutMark(id=work().request.id, value=1), keyed=False)
