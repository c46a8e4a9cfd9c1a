"""What travels with every call, unseen: deadline, trace, principal, idempotency key and the chain of components."""

from contextvars import ContextVar

import msgspec

from careplane.kernel.principal import ANONYMOUS, Principal


class Trace(msgspec.Struct, frozen=True):
    """Where a call stands in a distributed trace (W3C Trace Context): ids in lower-case hex."""

    trace_id: str = "0" * 32
    span_id: str = "0" * 16
    flags: int = 0

    @property
    def traceparent(self) -> str:
        """The `traceparent` header that continues this trace."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


class Context(msgspec.Struct, frozen=True):
    """The circumstances of a call; `deadline` is in seconds of the event loop's clock, None for no limit."""

    principal: Principal = ANONYMOUS
    deadline: float | None = None
    request_id: str = "-"
    trace: Trace = Trace()
    idempotency_key: str | None = None
    chain: tuple[str, ...] = ()

    def inside(self, component: str) -> "Context":
        """Return the context in which `component` answers this call, and makes calls of its own meanwhile."""
        return Context(
            self.principal,
            self.deadline,
            self.request_id,
            self.trace,
            self.idempotency_key,
            (*self.chain, component),
        )


_NONE = Context()
_current: ContextVar[Context] = ContextVar("careplane_context", default=_NONE)


def current() -> Context:
    """Return the context of the running call, or the anonymous one outside of any."""
    return _current.get()


def current_or_none() -> Context | None:
    """Return the context of the running call, or None outside of any."""
    context = _current.get()
    return None if context is _NONE else context


class using:  # noqa: N801 - reads as a word: `with using(context):`
    """Make a context the current one for the body; a class, for a generator would cost every call twice as much."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        """Take the context."""
        self._context = context

    def __enter__(self) -> None:
        self._token = _current.set(self._context)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
