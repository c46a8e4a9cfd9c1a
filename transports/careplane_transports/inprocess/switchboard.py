"""Calls within one process: each goes straight to the component it names."""

from typing import NoReturn

from careplane.kernel.contract import Method
from careplane.kernel.errors import Unimplemented
from careplane.kernel.invoke import Answer, Invoke
from careplane.kernel.message import Message


async def unknown(method: Method, _request: Message, /) -> NoReturn:
    """Raise Unimplemented: there is no way to the component."""
    detail = f"The component {method.component!r} does not run here. Start it, or configure where it runs."
    raise Unimplemented(detail)


class Switchboard:
    """An Invoke that knows the components of this process by name, and the way to those elsewhere."""

    def __init__(self, elsewhere: Invoke = unknown) -> None:
        """Know none yet; calls for components that are not connected go to `elsewhere`."""
        self._components: dict[str, Invoke] = {}
        self._elsewhere = elsewhere

    def connect(self, component: str, invoke: Invoke) -> None:
        """Send calls for `component` to `invoke`."""
        self._components[component] = invoke

    def __call__(self, method: Method, request: Message, /) -> Answer:
        """Carry the call."""
        return self._components.get(method.component, self._elsewhere)(method, request)
