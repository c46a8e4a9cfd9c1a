"""Which function asks a service's own API what a resource of a type is, and what of it moto cannot tell."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.cloud.deploy_document import Json
from tests.cloud.deploy_kinds import Resource

Describe = Callable[[Resource], Json]
"""Answers with the resource's properties by the template's names for them, and with its attributes."""


class Missing(LookupError):
    """The API does not know the resource."""


@dataclass(frozen=True)
class Describer:
    """What asks for one type."""

    describe: Describe
    untold: dict[str, str] = field(default_factory=dict)
    """Properties that moto does not tell, and why that is bearable."""


DESCRIBERS: dict[str, Describer] = {}


def described(kind: str, **untold: str) -> Callable[[Describe], Describe]:
    """Register what asks for resources of a type, and why each property in `untold` cannot be seen."""

    def register(describe: Describe) -> Describe:
        DESCRIBERS[kind] = Describer(describe, untold)
        return describe

    return register


def only(found: Iterable[Any], what: str) -> Any:
    """Return the one thing that was found; it is missing when there is none, and wrong when there are more."""
    every = list(found)
    if not every:
        raise Missing(f"there is no {what}")
    assert len(every) == 1, f"there is more than one {what}: {every}"
    return every[0]
