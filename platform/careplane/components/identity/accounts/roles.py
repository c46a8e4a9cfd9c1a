"""The table of roles: what each gives, by default and as configured, and checked before anything starts with it."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from careplane.components.identity.domain import ROLES, SCOPES
from careplane.kernel.errors import FailedPrecondition

REPAIRING: Final = "users:write"
"""Whoever holds this scope can give roles to others: without anybody, nobody could repair anything."""

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_NONE: Final[frozenset[str]] = frozenset()


class RoleTable:
    """What each role gives; a role that is not in the table gives nothing."""

    def __init__(self, roles: Mapping[str, Iterable[str]]) -> None:
        """Take the roles; raise FailedPrecondition with what to do where the table is not sound."""
        self._scopes = MappingProxyType({name: frozenset(scopes) for name, scopes in roles.items()})
        for fault in _faults(self._scopes):
            raise FailedPrecondition(f"identity.roles: {fault}")

    @classmethod
    def configured(cls, changes: Mapping[str, Iterable[str]]) -> "RoleTable":
        """Return the default table with each role that is named replaced, or added; one without scopes gives none."""
        return cls({**ROLES, **changes})

    @property
    def names(self) -> tuple[str, ...]:
        """The roles there are."""
        return tuple(self._scopes)

    def scopes_of(self, roles: Iterable[str]) -> frozenset[str]:
        """Return the scopes that the roles give together."""
        return _NONE.union(*(self._scopes.get(role, _NONE) for role in roles))

    def holding(self, scope: str) -> tuple[str, ...]:
        """Return the roles that give the scope."""
        return tuple(name for name, scopes in self._scopes.items() if scope in scopes)


def _faults(roles: Mapping[str, frozenset[str]]) -> Iterable[str]:
    for name, scopes in roles.items():
        if not _NAME.fullmatch(name):
            yield f"a role cannot be called {name[:40]!r}: use up to 40 small letters, digits and hyphens."
        unknown = sorted(scopes - SCOPES)
        if unknown:
            yield f"{name!r} has the scope {unknown[0]!r}, which does not exist. There are {', '.join(sorted(SCOPES))}."
    if not any(REPAIRING in scopes for scopes in roles.values()):
        yield f"no role gives {REPAIRING!r}, so nobody could repair it: give it to one of them."
