"""A circuit breaker for each address: after failures in a row it is left alone for a while, then tried."""

import asyncio
from typing import Final

from purgatory.domain.model import CLOSED, OPENED, Context, HalfOpenedState

_FAILED: Final = ConnectionError("no answer")


class Breaker:
    """Decides whether an address gets calls: closed is yes, open is no, half open is one at a time."""

    def __init__(self, name: str, *, failures: int, open_s: float) -> None:
        """Open after that many failures in a row, for that many seconds."""
        self._circuit = Context(name, failures, open_s)
        self._open_s = open_s
        self._since = 0.0  # when it opened, or was tried last, by the loop's clock: the library's own may be set back

    @property
    def is_closed(self) -> bool:
        """Whether all is well."""
        return self._circuit.state == CLOSED

    def admits(self) -> bool:
        """Tell whether a call may go there now; who is told so while it is half open is the one who tries."""
        if self._circuit.state == CLOSED:
            return True
        now = asyncio.get_running_loop().time()
        if now - self._since < self._open_s:
            return False
        self._circuit.set_state(HalfOpenedState())
        self._circuit.messages.clear()
        self._since = now
        return True

    def succeeded(self) -> None:
        """Note that it answers."""
        circuit = self._circuit
        if circuit.state != CLOSED or circuit.failure_count:
            circuit.handle_end_request()
            circuit.messages.clear()

    def failed(self) -> None:
        """Note that it did not answer in time, or went away with calls under way."""
        before = self._circuit.state
        self._circuit.handle_exception(_FAILED)
        self._circuit.messages.clear()
        if self._circuit.state == OPENED != before:
            self._since = asyncio.get_running_loop().time()
