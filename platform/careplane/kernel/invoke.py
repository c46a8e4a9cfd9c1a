"""`Invoke`: the one verb. Mailboxes, transports and middleware all are one, and a proxy dresses one as an interface."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from careplane.kernel.contract import Component, Method
from careplane.kernel.message import Message

T = TypeVar("T")


class Invoke(Protocol):
    """Carries a request to a method and brings back its reply, or raises a PlatformError."""

    async def __call__(self, method: Method, request: Message, /) -> Message:
        """Call `method` with `request` in the current context."""
        ...


Middleware = Callable[[Invoke], Invoke]


def layered(invoke: Invoke, *middleware: Middleware) -> Invoke:
    """Wrap `invoke` so that the first middleware named is the first to see a call."""
    for wrap in reversed(middleware):
        invoke = wrap(invoke)
    return invoke


def proxy(component: Component[T], invoke: Invoke) -> T:
    """Return an object that looks like the component's interface and sends every call through `invoke`."""
    bodies: dict[str, Any] = {name: _body(method, invoke) for name, method in component.methods.items()}
    made: T = type(f"{component.interface.__name__}Proxy", (), bodies)()
    return made


def _body(method: Method, invoke: Invoke) -> Any:  # noqa: ANN401 - the interface gives it its type
    def call(_self: object, request: Message, /) -> Any:  # noqa: ANN401 - an awaitable of the method's reply
        return invoke(method, request)

    call.__name__ = method.name
    return call
