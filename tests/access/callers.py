"""Who asks, in the access matrix: every role, every pair of roles, roles that do not exist, and nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final
from uuid import UUID, uuid5

from careplane.components.identity.api import ROLES

_NAMESPACE: Final = UUID("01890a5d-0000-7000-8000-00000000acce")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with some roles; without `signed_in` nobody in particular."""

    name: str
    roles: tuple[str, ...] = ()
    signed_in: bool = True

    @property
    def id(self) -> UUID:
        """Their user id, the same in every run."""
        return uuid5(_NAMESPACE, self.name)

    @property
    def scopes(self) -> frozenset[str]:
        """What their roles give, as the table of roles has it."""
        return frozenset[str]().union(*(ROLES.get(role, frozenset()) for role in self.roles))


def _callers() -> Iterator[Caller]:
    yield Caller("nobody", signed_in=False)
    yield Caller("no role")
    yield Caller("unknown role", ("root",))
    for role in ROLES:
        yield Caller(role, (role,))
    for pair in combinations(ROLES, 2):
        yield Caller(" and ".join(pair), pair)


CALLERS: Final = tuple(_callers())
"""Everybody in the matrix."""
