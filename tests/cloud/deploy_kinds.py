"""How the tests make a type of resource that moto's CloudFormation skips, or mend what it makes with holes."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.cloud.deploy_document import Json
from tests.cloud.moto_cloud import Cloud

SKIPPED = "moto's CloudFormation skips it"
NOWHERE = "moto has no call for it"


@dataclass(frozen=True)
class Resource:
    """One resource of the template, with every function in its properties worked out."""

    cloud: Cloud
    stack: str
    logical: str
    properties: Json
    physical: str = ""

    @property
    def name(self) -> str:
        """The name that CloudFormation would give it."""
        return f"{self.stack}-{self.logical}"

    def named(self, of: str) -> str:
        """The name that the template gives it in the property `of`, or else CloudFormation's."""
        return str(self.properties.get(of, self.name))


Make = Callable[[Resource], str]
"""Makes it, and says what its `Ref` is."""
Mend = Callable[[Resource], None]


@dataclass
class Kind:
    """What is done for one type besides, or instead of, moto's CloudFormation."""

    why: str
    """Why CloudFormation alone will not do."""
    make: Make | None = None
    mend: Mend | None = None
    change: Make | None = field(default=None)
    """Changes it when the stack is updated; says what its `Ref` is then."""


KINDS: dict[str, Kind] = {}


def direct(kind: str, why: str = SKIPPED) -> Callable[[Make], Make]:
    """Register what makes resources of a type through its own API."""

    def register(make: Make) -> Make:
        KINDS[kind] = Kind(why, make=make)
        return make

    return register


def changed(kind: str) -> Callable[[Make], Make]:
    """Register what changes resources of a type that is made through its own API."""

    def register(change: Make) -> Make:
        KINDS[kind].change = change
        return change

    return register


def mended(kind: str, why: str) -> Callable[[Mend], Mend]:
    """Register what gives resources made by moto's CloudFormation the properties that it passed over."""

    def register(mend: Mend) -> Mend:
        KINDS[kind] = Kind(why, mend=mend)
        return mend

    return register


def through_cloudformation(kind: str) -> bool:
    """Tell whether moto's CloudFormation makes resources of a type here."""
    return kind not in KINDS or KINDS[kind].make is None
