"""What the tests of the stream of calls ask for: a server, and that nothing is left behind."""

from collections.abc import AsyncIterator

import pytest
from tests.transports.grpc.stream_ends import Desk, desk, leaving_nothing


@pytest.fixture
async def nothing_left() -> AsyncIterator[None]:
    """Let a test leave no task and no file descriptor behind."""
    async with leaving_nothing():
        yield


@pytest.fixture
async def served() -> AsyncIterator[Desk]:
    """Give a server."""
    async with desk() as made:
        yield made
