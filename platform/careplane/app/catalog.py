"""The catalogue of components: one line each, those that are called before those that call them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.components.analytics.api import ANALYTICS
from careplane.components.analytics.assembly import assemble as analytics
from careplane.components.assembly import Assembly, Parts
from careplane.components.billing.api import ACCOUNT_OPENED, BILLING, AccountOpened
from careplane.components.billing.assembly import assemble as billing
from careplane.components.events import PATIENT_CHANGED, PatientEventBody
from careplane.components.identity.api import IDENTITY
from careplane.components.identity.assembly import assemble as identity
from careplane.components.patient.api import PATIENT
from careplane.components.patient.assembly import assemble as patient
from careplane.kernel.contract import Component
from careplane.kernel.message import Message


@dataclass(frozen=True, slots=True)
class Entry:
    """A component, how it is put together and its section of the settings; and what it has to do with others.

    `calls` names the components that it calls, each with the scopes that it needs there: from another process no other
    ones are believed of it, for whomever it asks. `hears` names the components whose events it takes, and `tells` the
    types of its own events, each with the struct of its body.
    """

    component: Component[Any]
    assemble: Callable[[Parts], Awaitable[Assembly]]
    section: Callable[[Settings], object]
    calls: Mapping[str, frozenset[str]] = field(default_factory=dict)
    hears: tuple[str, ...] = ()
    tells: Mapping[str, type[Message]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The component's name, which is also its schema's."""
        return self.component.name


CATALOG = (
    Entry(IDENTITY, identity, lambda settings: settings.identity),
    Entry(BILLING, billing, lambda settings: settings.billing, tells={ACCOUNT_OPENED: AccountOpened}),
    Entry(
        PATIENT,
        patient,
        lambda settings: settings.patients,
        calls={BILLING.name: frozenset({"billing:open", "billing:read"})},
        tells={PATIENT_CHANGED: PatientEventBody},
    ),
    Entry(
        ANALYTICS,
        analytics,
        lambda settings: settings.analytics,
        calls={PATIENT.name: frozenset({"events:read"})},
        hears=(PATIENT.name,),
    ),
)
NAMES = tuple(entry.name for entry in CATALOG)


def entries(names: tuple[str, ...]) -> tuple[Entry, ...]:
    """Return the entries named, all of them for no name; raise SetupError for a name that is not in the catalogue."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        message = f"There is no component {unknown[0]!r}: choose from {', '.join(NAMES)}."
        raise SetupError(message)
    return tuple(entry for entry in CATALOG if not names or entry.name in names)
