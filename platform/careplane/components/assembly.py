"""What a component is made from, and what it gives the host to run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from careplane.kernel.clock import Clock
from careplane.kernel.contract import Component
from careplane.kernel.events import Deliver, Taker
from careplane.kernel.guards import without_key
from careplane.kernel.ids import NewId
from careplane.kernel.invoke import Invoke, proxy
from careplane.storage.database import Database
from careplane.storage.group_commit import GroupCommit
from careplane.storage.pump import Pump

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the host hands a component: its database, time and ids, the way to others, its section of the settings."""

    database: Database
    clock: Clock
    new_id: NewId
    calls: Invoke
    publish: Deliver
    report: Callable[[str, Exception], None]
    settings: Any

    def to(self, component: Component[T]) -> T:
        """Return the interface of another component, wherever that runs."""
        return proxy(component, without_key(self.calls))

    def section(self, kind: type[T]) -> T:
        """Return the component's settings, which must be of that kind."""
        if not isinstance(self.settings, kind):
            message = f"expected settings of kind {kind.__name__}, got {type(self.settings).__name__}"
            raise TypeError(message)
        return self.settings


@dataclass(frozen=True, slots=True)
class Assembly:
    """What a component gives back: how to make its actor, its background pumps, the events it takes, its gauges."""

    make: Callable[[], object]
    pumps: tuple[Pump, ...] = ()
    takes: Taker | None = None
    commits: Mapping[str, GroupCommit[Any, Any]] = field(default_factory=dict)
    gauges: Mapping[str, Callable[[], float]] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None
