"""Running until told to stop: what else ends it is said in one sentence."""

import asyncio

import pytest

from careplane.app.host import Host
from careplane.app.running import _until
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError


class GivesUp(Host):
    """A host whose component gives up when the test says so."""

    def __init__(self) -> None:
        """Run nothing."""
        super().__init__(Settings(), {})
        self.failed = asyncio.Event()

    async def gave_up(self) -> str:
        """Name the component once it has given up."""
        await self.failed.wait()
        return "billing"


async def test_a_stop_is_no_error() -> None:
    """Being told to stop is what it waits for."""
    stop = asyncio.Event()
    stop.set()
    await _until(stop, asyncio.Event(), GivesUp())


async def test_a_server_that_ends_by_itself_ends_the_program() -> None:
    """A gateway that no longer listens must not look alive."""
    cut_off = asyncio.Event()
    cut_off.set()
    with pytest.raises(SetupError, match="HTTP server"):
        await _until(asyncio.Event(), cut_off, GivesUp())


async def test_a_component_that_gives_up_ends_the_program() -> None:
    """The sentence names it."""
    host = GivesUp()
    host.failed.set()
    with pytest.raises(SetupError, match="billing"):
        await _until(asyncio.Event(), asyncio.Event(), host)
