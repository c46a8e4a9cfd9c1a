"""What the gateway hands a component's http.py besides the component itself."""

from dataclasses import dataclass

from careplane.kernel.clock import Clock
from careplane.kernel.ids import NewId
from careplane.web.cursors import SignedCursors


@dataclass(frozen=True, slots=True)
class WebParts:
    """Time, ids and cursors for the handlers of one component."""

    new_id: NewId
    clock: Clock
    cursors: SignedCursors
