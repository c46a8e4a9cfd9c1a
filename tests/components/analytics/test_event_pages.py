"""The registry's event log as a rebuild reads it: page by page, by components alone."""

from uuid import UUID

import pytest
from tests.components.analytics.story import World
from tests.components.analytics.tables import rows

from careplane.components.events import ReadEvents
from careplane.kernel.context import Context, using
from careplane.kernel.errors import InvalidArgument
from careplane.kernel.principal import component_principal

READER = Context(principal=component_principal("analytics", "events:read"))


@pytest.mark.parametrize(("after", "limit"), [("x", 5), ("1", 5), ("-1:1", 5), ("1:1:1", 5), (None, 0), (None, 1001)])
async def test_a_page_that_cannot_be_is_named(plain: World, after: str | None, limit: int) -> None:
    """A position that no page has told, or a limit out of bounds, is the caller's mistake."""
    with using(READER), pytest.raises(InvalidArgument) as caught:
        await plain.patients.events(ReadEvents(after=after, limit=limit))
    assert [fault.field for fault in caught.value.fields] == ["after" if after else "limit"]


async def test_the_log_is_read_page_by_page(plain: World) -> None:
    """Every event once, in the order of the log, whatever the size of a page; at its end the position stays."""
    whole = [row[0] for row in await rows(plain.url, "SELECT id FROM patient.outbox ORDER BY xid, seq")]
    with using(READER):
        for limit in (1, 7, 1000):
            found: list[UUID] = []
            after, more = None, True
            while more:
                page = await plain.patients.events(ReadEvents(after=after, limit=limit))
                found += [event.id for event in page.events]
                after, more = page.position, page.more
            assert found == whole
            assert (await plain.patients.events(ReadEvents(after=after))).position == after
