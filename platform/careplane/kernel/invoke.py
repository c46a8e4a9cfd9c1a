"""`Invoke`: the one verb. Mailboxes, transports and middleware all are one, and a proxy dresses one as an interface."""

from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, Protocol, TypeVar

from careplane.kernel.contract import Component, Method
from careplane.kernel.errors import PlatformError
from careplane.kernel.message import Message

T = TypeVar("T")


Answer = Coroutine[Any, Any, Message]
"""A call under way: what comes of awaiting it is the reply, or the error that is raised there."""


class Invoke(Protocol):
    """Carries a request to a method and brings back its reply, or raises a PlatformError.

    What only looks at a call and passes it on is best a plain function that returns what the next one returned: each
    coroutine between costs a call, and every time it is resumed.
    """

    def __call__(self, method: Method, request: Message, /) -> Answer:
        """Call `method` with `request` in the current context."""
        ...


Middleware = Callable[[Invoke], Invoke]


async def raising(error: PlatformError) -> NoReturn:
    """Return the answer of a plain function that refuses a call: the error is raised where it is awaited."""
    raise error


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
