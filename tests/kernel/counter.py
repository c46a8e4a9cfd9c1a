"""A counter to stand at in tests: a mailbox, and the clerk behind it whose every step the test decides."""

import asyncio
from typing import Any

from tests.kernel.desk import DO, Ask, Clerk
from tests.kernel.virtual_time import settled

from careplane.kernel.context import Context, using
from careplane.kernel.contract import Method
from careplane.kernel.mailbox import Mailbox
from careplane.kernel.message import Message

Call = asyncio.Task[Message]


class Counter:
    """A mailbox and the clerk behind it."""

    def __init__(self, bound: int = 100) -> None:
        self.clerk = Clerk()
        self.mailbox = Mailbox(self.clerk, bound=bound)

    async def ask(self, text: str, key: str = "a", *, method: Method = DO, **context: Any) -> Call:
        """Make a call, and return when it has come as far as it gets by itself."""
        with using(Context(**context)):
            call = asyncio.create_task(self.mailbox(method, Ask(key=key, text=text)))
        await settled()
        return call

    def at_rest(self) -> bool:
        """Tell whether nothing is left of any call."""
        box = self.mailbox
        return box.held == 0 and not box._lanes and not box._workers and not box._running
