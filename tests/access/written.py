"""Who may do what, written out for people to read: `python -m tests.access.written > tests/access/policy.txt`."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from tests.access.callers import Caller
from tests.access.policy import Stand, Verdict, stands_of_method, stands_of_route, verdict_on_method, verdict_on_route
from tests.gateway.conftest import default_table

from careplane.app.catalog import CATALOG
from careplane.components.identity.api import ROLES

FILE: Final = Path(__file__).with_name("policy.txt")
_ABOUT: Final = """\
Who may do what: every route of the gateway, then every method of the components.
(self): a user about themselves, whatever their roles. (open): only where the record is open to them, that is not
restricted, or they are of its care team, or broke the glass. Made by: python -m tests.access.written
"""
_NOBODY: Final = Caller("everybody", signed_in=False)
_NO_ROLE: Final = Caller("everybody who has signed in")
_CALLERS: Final = tuple(Caller(role, (role,)) for role in ROLES)


def lines() -> Iterator[str]:
    """Write the policy, a line for each route and method."""
    yield from _ABOUT.splitlines()
    yield ""
    for route in default_table().routes:
        verdict = partial(verdict_on_route, route)
        yield f"{route.method} {route.path}: {_who(verdict, stands_of_route(route))}"
    yield ""
    for method in (m for entry in CATALOG for m in entry.component.methods.values()):
        yield f"{method.path}: {_who(partial(verdict_on_method, method), stands_of_method(method))}"


def _who(verdict: Callable[[Caller, Stand], Verdict], stands: tuple[Stand, ...]) -> str:
    stand = Stand.OPEN if Stand.OPEN in stands else Stand.NONE
    for everybody in (_NOBODY, _NO_ROLE):
        if verdict(everybody, stand) is Verdict.PASSES:
            return everybody.name
    roles = [caller for caller in _CALLERS if verdict(caller, stand) is Verdict.PASSES]
    marks = ["(self)"] if Stand.SELF in stands else []
    if Stand.OPEN in stands and any(verdict(caller, Stand.STRANGER) is Verdict.DENIED for caller in roles):
        marks.append("(open)")
    return " ".join([*(caller.name for caller in roles), *marks]) or "components only"


if __name__ == "__main__":
    sys.stdout.write("\n".join([*lines(), ""]))
