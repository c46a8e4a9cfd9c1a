"""The contract of a component: its methods, and what each promises about keys, scopes and repeats."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, get_type_hints

from careplane.kernel.message import Message

PUBLIC: Final = "public"
"""The scope of a method that anybody may call, signed in or not."""

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_MARK: Final = "__careplane_method__"


class Kind(Enum):
    """Whether a method changes something."""

    COMMAND = "command"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class _Mark:
    kind: Kind
    scope: str
    key: str | None
    creates: bool = False
    owner: str | None = None
    record: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """One method of an interface: what it takes and answers, and its policy.

    The policy is the `scope`; the request field `owner`, if any, that names the user who needs no scope, since it is
    about themselves; and the request field `record`, if any, that names the patient whose record must be open to the
    caller, which the component itself sees to.
    """

    component: str
    name: str
    kind: Kind
    scope: str
    key: str | None
    creates: bool
    request: type[Message]
    reply: type[Message]
    owner: str | None = None
    record: str | None = None

    @property
    def path(self) -> str:
        """The method's full name, such as `patient/register`."""
        return f"{self.component}/{self.name}"


def command(
    *, key: str, scope: str, creates: bool = False, owner: str | None = None, record: str | None = None
) -> Callable[[F], F]:
    """Mark a method that changes something: it runs one at a time for each value of the request field `key`.

    With `creates` the key is an id that the caller makes for this very call, so a repeat of the call carries another
    one, and it does not count when two calls under one idempotency key are compared. `owner` and `record` are those
    of `Method`.
    """
    return _marker(_Mark(Kind.COMMAND, scope, key, creates, owner, record))


def query(
    *, scope: str, key: str | None = None, owner: str | None = None, record: str | None = None
) -> Callable[[F], F]:
    """Mark a method that only reads: calls may interleave, and asking again is safe."""
    return _marker(_Mark(Kind.QUERY, scope, key, owner=owner, record=record))


def _marker(mark: _Mark) -> Callable[[F], F]:
    def marked(function: F) -> F:
        setattr(function, _MARK, mark)
        return function

    return marked


class Component(Generic[T]):
    """A component as others know it: its name, the version of its interface, and the interface itself."""

    def __init__(self, name: str, *, version: int, interface: type[T]) -> None:
        """Read the contract off `interface`, a Protocol; raise TypeError where a method of it promises nothing."""
        self.name = name
        self.version = version
        self.interface = interface
        self.methods = MappingProxyType({m.name: m for m in _methods(name, interface)})


def _methods(component: str, interface: type[Any]) -> list[Method]:
    return [_method(component, name, f) for name, f in vars(interface).items() if not name.startswith("_")]


def _method(component: str, name: str, function: Any) -> Method:  # noqa: ANN401 - whatever stands in the class body
    mark: _Mark | None = getattr(function, _MARK, None)
    if mark is None:
        message = f"{component}.{name} promises nothing: mark it with @command or @query"
        raise TypeError(message)
    hints = get_type_hints(function)
    if set(hints) != {"request", "return"}:
        message = f"{component}.{name} must take one annotated `request` and annotate what it answers"
        raise TypeError(message)
    request, reply = hints["request"], hints["return"]
    if not all(isinstance(kind, type) and issubclass(kind, Message) for kind in (request, reply)):
        message = f"{component}.{name} must take a Message and answer with one: both may have to cross a wire"
        raise TypeError(message)
    if not mark.scope:
        message = f"{component}.{name} has no policy: give it a scope, or say that it is PUBLIC"
        raise TypeError(message)
    for field in (mark.key, mark.owner, mark.record):
        if field is not None and field not in request.__struct_fields__:
            message = f"{component}.{name} refers to {field!r}, which {request.__name__} does not have"
            raise TypeError(message)
    return Method(
        component, name, mark.kind, mark.scope, mark.key, mark.creates, request, reply, mark.owner, mark.record
    )
