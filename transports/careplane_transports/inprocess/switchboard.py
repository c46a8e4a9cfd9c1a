"""Calls within one process: each goes straight to the component it names."""

from careplane.kernel.contract import Method
from careplane.kernel.errors import Unimplemented
from careplane.kernel.invoke import Invoke
from careplane.kernel.message import Message


class Switchboard:
    """An Invoke that knows the components of this process by name."""

    def __init__(self) -> None:
        """Know none yet."""
        self._components: dict[str, Invoke] = {}

    def connect(self, component: str, invoke: Invoke) -> None:
        """Send calls for `component` to `invoke`."""
        self._components[component] = invoke

    async def __call__(self, method: Method, request: Message, /) -> Message:
        """Carry the call; raise Unimplemented where no such component is connected."""
        invoke = self._components.get(method.component)
        if invoke is None:
            detail = f"The component {method.component!r} does not run here. Start it, or configure where it runs."
            raise Unimplemented(detail)
        return await invoke(method, request)
