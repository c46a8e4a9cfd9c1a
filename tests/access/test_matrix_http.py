"""Every route, for every caller, in every way of standing to what is asked for: who gets in, over HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from tests.access.callers import CALLERS, Caller
from tests.access.policy import Stand, Verdict, cells, stands_of_route, verdict_on_route
from tests.access.world import World, running_world
from tests.gateway.conftest import default_table

from careplane.gateway.routes import Route

ROUTES = default_table().routes
AT_A_TIME = 16
# These answer 401 themselves: not about the token, but about what is shown in the body.
SHOW_THEMSELVES = {"/auth/login", "/auth/refresh", "/auth/token"}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Give a running program, and ways to put records into it."""
    with running_world() as world:
        yield world


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Give an HTTP client."""
    async with httpx.AsyncClient(base_url=world.url, timeout=30.0) as client:
        yield client


def test_the_matrix_is_large() -> None:
    """Two thousand cells or more."""
    assert cells(map(stands_of_route, ROUTES), len(CALLERS)) >= 2000


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
async def test_a_caller_gets_in_where_the_policy_says_so_and_nowhere_else(
    world: World, http: httpx.AsyncClient, caller: Caller
) -> None:
    """One caller's row of the matrix: each route, each way of standing to it."""
    examples, places = await world.examples(http), asyncio.Semaphore(AT_A_TIME)

    async def wrong(route: Route, stand: Stand) -> str:
        async with places:
            variables = await world.variables(http, caller, stand)
            call = examples.request(route, variables, caller.id)
            call["headers"] = call.get("headers", {}) | world.signed_in(caller)
            found = await http.request(**call)
        expected = verdict_on_route(route, caller, stand)
        if verdict(route, found) is expected:
            return ""
        return f"{route.method} {route.path} ({stand}): {expected} expected, {found.status_code} found: {found.text}"

    asked = [wrong(route, stand) for route in ROUTES for stand in stands_of_route(route)]
    faults = [fault for fault in await asyncio.gather(*asked) if fault]
    assert not faults, "\n".join(faults)


def verdict(route: Route, found: httpx.Response) -> Verdict | int:
    """Tell what became of a request; an answer that no client may see is its status."""
    if found.status_code == 401:
        return Verdict.PASSES if route.path in SHOW_THEMSELVES else Verdict.UNAUTHENTICATED
    if found.status_code == 403:
        return Verdict.DENIED
    return found.status_code if found.status_code >= 500 or found.status_code in {405, 429} else Verdict.PASSES


def test_each_verdict_occurs() -> None:
    """The policy is not of one colour."""
    found = Counter(verdict_on_route(r, c, s) for r in ROUTES for c in CALLERS for s in stands_of_route(r))
    assert min(found[v] for v in Verdict) > 50
