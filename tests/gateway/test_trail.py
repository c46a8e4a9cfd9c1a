"""The audit over HTTP: all components merged, newest first, page by page, and whole or not at all."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gateway.conftest import TOKENS, World
from tests.gateway.stand_ins import NOW
from tests.gateway.stand_trail import StandTrail

from careplane.kernel.errors import DeadlineExceeded, Overloaded, PermissionDenied, PlatformError, Unimplemented
from careplane.kernel.principal import Principal

AUDIT = "/api/audit"
ADA = UUID(int=1)
NAMES = ("billing", "identity", "patient")


@pytest.fixture
def trails(world: World) -> dict[str, StandTrail]:
    """Put three trails behind the gateway, and let an auditor in."""
    trails = {name: StandTrail(name) for name in NAMES}
    world.trails.update(trails)
    return trails


@pytest.fixture
def auditor(world: World, monkeypatch: pytest.MonkeyPatch, trails: dict[str, StandTrail]) -> httpx.AsyncClient:
    """Return the client of somebody who may read the audit and nothing else."""
    monkeypatch.setitem(TOKENS, "auditor", Principal(id="user-7", scopes=frozenset({"audit:read"})))
    world.table = world.table.times(10_000)
    return world.client("auditor")


async def everything(client: httpx.AsyncClient, limit: int, path: str = AUDIT) -> list[tuple[str, int]]:
    """Follow the cursors to the end, and name each entry shown."""
    shown: list[tuple[str, int]] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        answer = (await client.get(path, params=query)).json()
        assert len(answer["entries"]) <= limit
        shown += [(entry["component"], entry["id"]) for entry in answer["entries"]]
        if answer["nextCursor"] is None:
            return shown
        query["cursor"] = answer["nextCursor"]


async def test_an_entry_tells_who_did_what(trails: dict[str, StandTrail], auditor: httpx.AsyncClient) -> None:
    """In one shape for all components, with its detail as an object."""
    trails["patient"].add(3, NOW, subject=ADA, detail='{"outcome":"done","found":2}')
    answer = await auditor.get(AUDIT)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "entries": [
            {
                "id": 3,
                "at": "2025-01-15T09:30:00Z",
                "component": "patient",
                "caller": "user-1",
                "action": "patient/get",
                "subject": str(ADA),
                "requestId": "r",
                "traceId": "t",
                "outcome": "done",
                "detail": {"outcome": "done", "found": 2},
            }
        ],
        "nextCursor": None,
    }


async def test_all_components_are_merged_newest_first(
    trails: dict[str, StandTrail], auditor: httpx.AsyncClient
) -> None:
    """By time, whoever noted it."""
    for number, name in enumerate(["patient", "billing", "identity", "patient", "billing"]):
        trails[name].add(number, NOW + timedelta(seconds=number))
    expected = [("billing", 4), ("patient", 3), ("identity", 2), ("billing", 1), ("patient", 0)]
    assert await everything(auditor, 50) == expected
    assert await everything(auditor, 2) == expected


@settings(max_examples=60, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 4)), max_size=25),
    limit=st.integers(1, 9),
)
async def test_pages_together_are_the_whole_in_order(
    trails: dict[str, StandTrail], auditor: httpx.AsyncClient, rows: list[tuple[str, int]], limit: int
) -> None:
    """However many entries share an instant, none is shown twice and none is left out."""
    for trail in trails.values():
        trail.rows.clear()
    for number, (name, second) in enumerate(rows):
        trails[name].add(number, NOW + timedelta(seconds=second))
    made = [row for trail in trails.values() for row in trail.rows]
    expected = [
        (row.component, row.id) for row in sorted(made, key=lambda row: (row.at, row.component, row.id), reverse=True)
    ]
    assert await everything(auditor, limit) == expected


async def test_what_is_noted_meanwhile_does_not_shift_the_pages(
    trails: dict[str, StandTrail], auditor: httpx.AsyncClient
) -> None:
    """Newer entries, such as those of the reading itself, are before the first page."""
    for number in range(4):
        trails["patient"].add(number, NOW + timedelta(seconds=number))
    first = (await auditor.get(AUDIT, params={"limit": 2})).json()
    trails["billing"].add(9, NOW + timedelta(seconds=9))
    second = (await auditor.get(AUDIT, params={"limit": 2, "cursor": first["nextCursor"]})).json()
    assert [entry["id"] for entry in second["entries"]] == [1, 0]


async def test_filters_reach_every_component(trails: dict[str, StandTrail], auditor: httpx.AsyncClient) -> None:
    """As they were given, and with the auditor's own rights."""
    query: dict[str, str | int] = {"subject": str(ADA), "caller": "user-2", "action": "patient/get", "limit": 7}
    times = {"from": "2025-01-01T00:00:00Z", "to": "2025-02-01T01:00:00+01:00"}
    assert (await auditor.get(AUDIT, params={**query, **times})).status_code == 200
    for trail in trails.values():
        asked, context = trail.asked[0]
        assert (asked.subject, asked.caller, asked.action, asked.limit) == (ADA, "user-2", "patient/get", 7)
        assert asked.since is not None
        assert asked.until is not None
        assert asked.until - asked.since == timedelta(days=31)
        assert context.principal.id == "user-7"


async def test_a_patients_trail_is_about_that_patient(
    trails: dict[str, StandTrail], auditor: httpx.AsyncClient
) -> None:
    """Over all components, and nobody else's entries."""
    for number, name in enumerate(NAMES):
        trails[name].add(number, NOW + timedelta(seconds=number), subject=ADA)
        trails[name].add(number + 10, NOW, subject=UUID(int=2))
    expected = [("patient", 2), ("identity", 1), ("billing", 0)]
    assert await everything(auditor, 2, f"/api/patients/{ADA}/audit") == expected


@pytest.mark.parametrize("error", [Overloaded(), DeadlineExceeded(), Unimplemented()])
async def test_a_trail_with_a_gap_is_no_answer(
    trails: dict[str, StandTrail], auditor: httpx.AsyncClient, error: PlatformError
) -> None:
    """Where one component cannot be reached the answer is 503, and says which."""
    trails["patient"].add(1, NOW)
    trails["billing"].fault = error
    answer = await auditor.get(AUDIT)
    assert answer.status_code == 503
    assert "'billing'" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "1"


async def test_a_component_that_refuses_refuses_the_whole(
    trails: dict[str, StandTrail], auditor: httpx.AsyncClient
) -> None:
    """Each checks the scope for itself."""
    trails["billing"].fault = PermissionDenied()
    assert (await auditor.get(AUDIT)).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"subject": "ada"},
        {"from": "yesterday"},
        {"cursor": "made-up"},
        {"name": "ada"},
    ],
)
async def test_what_does_not_fit_is_refused(
    trails: dict[str, StandTrail], auditor: httpx.AsyncClient, query: dict[str, str | int]
) -> None:
    """400, with the parameter's name."""
    answer = await auditor.get(AUDIT, params=query)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == list(query)
    assert trails["patient"].asked == []


async def test_a_cursor_belongs_to_its_search(trails: dict[str, StandTrail], auditor: httpx.AsyncClient) -> None:
    """It cannot be taken to another patient."""
    for number in range(3):
        trails["patient"].add(number, NOW, subject=ADA)
    first = (await auditor.get(f"/api/patients/{ADA}/audit", params={"limit": 1})).json()
    cursor = {"cursor": first["nextCursor"]}
    assert (await auditor.get(f"/api/patients/{ADA}/audit", params=cursor)).status_code == 200
    assert (await auditor.get(f"/api/patients/{UUID(int=2)}/audit", params=cursor)).status_code == 400
    assert (await auditor.get(AUDIT, params=cursor)).status_code == 400
