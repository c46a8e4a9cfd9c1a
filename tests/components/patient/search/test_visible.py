"""Finding only what is open: the condition is part of every plan, and takes no index away from any of them."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from tests.components.patient.search.conftest import Registry, Someone

from careplane.components.patient.search.filters import Filters, parse_order
from careplane.components.patient.search.store_conditions import visible_to
from careplane.components.patient.search.store_search import COLUMNS, search

NOW = dt.datetime(2026, 7, 30, tzinfo=dt.UTC)
ME = uuid.UUID(int=7)
SEARCHES = {
    "name": Filters(name="nr17"),
    "q": Filters(q="nr17"),
    "mail": Filters(email="ann17@example.org"),
    "number": Filters(q="000000017-7"),
    "identifier": Filters(identifier="urn:x|17"),
    "born": Filters(birth_date=dt.date(1980, 1, 18)),
    "all": Filters(),
    "newest": Filters(order=parse_order("-updatedAt")),
}


async def filled(registry: Registry) -> list[uuid.UUID]:
    """Fill the registry with people of whom every tenth is restricted, and tell the planner."""
    ids = await registry.add(
        *(
            Someone(
                name=f"Ann Nr{n}",
                email=f"ann{n}@example.org",
                identifiers=(f"urn:x|{n}", str(n)),
                born=dt.date(1980, 1, 1) + dt.timedelta(days=n),
            )
            for n in range(3000)
        )
    )
    await registry.connection.execute("UPDATE patients SET restricted = true WHERE id = ANY($1::uuid[])", ids[::10])
    await registry.connection.execute("VACUUM ANALYZE patients")
    return ids


class Explainer:
    """A connection that asks for the plan of each statement before it runs it."""

    def __init__(self, registry: Registry) -> None:
        """Explain what is asked of the registry."""
        self._registry = registry
        self.plans: list[list[str]] = []

    async def fetch(self, query: str, /, *args: object) -> Sequence[Any]:
        """Keep the plan, and run the statement."""
        rows = await self._registry.connection.fetch(f"EXPLAIN (FORMAT JSON) {query}", *args)
        self.plans.append(list(ways(json.loads(rows[0][0])[0]["Plan"])))
        return await self._registry.connection.fetch(query, *args)


class Hider:
    """A connection on which a record is restricted after it has been found and before it is fetched."""

    def __init__(self, registry: Registry, patient_id: uuid.UUID) -> None:
        """Restrict that patient's record."""
        self._registry = registry
        self._patient_id = patient_id
        self.hidden = 0

    async def fetch(self, query: str, /, *args: object) -> Sequence[Any]:
        """Run the statement, after restricting the record if it is the one that fetches complete rows."""
        if f"SELECT {COLUMNS} FROM" in query:
            statement = "UPDATE patients SET restricted = true WHERE id = $1 AND NOT restricted RETURNING id"
            self.hidden += len(await self._registry.connection.fetch(statement, self._patient_id))
        return await self._registry.connection.fetch(query, *args)


def ways(plan: dict[str, Any]) -> Iterator[str]:
    """Yield how each table is read; the grants, which are few, are looked up once for the whole statement."""
    if "Relation Name" in plan or "Index Name" in plan:
        yield f"{plan['Node Type']} {plan.get('Relation Name')} {plan.get('Index Name')}"
    for inner in plan.get("Plans", ()):
        if inner["Parent Relationship"] != "SubPlan":
            yield from ways(inner)


@pytest.mark.parametrize("kind", SEARCHES)
async def test_the_condition_costs_no_index(registry: Registry, kind: str) -> None:
    """Every statement reads the table in the way in which it does where nothing is hidden."""
    await filled(registry)
    plain, hiding = Explainer(registry), Explainer(registry)
    await search(plain, SEARCHES[kind], 20)
    await search(hiding, SEARCHES[kind], 20, None, visible_to("me", ME, NOW))
    assert any("patients" in way for plan in plain.plans for way in plan)
    assert hiding.plans == plain.plans


async def test_every_page_is_full_and_holds_only_what_is_open(registry: Registry) -> None:
    """Page after page, as if the closed records did not exist; with a team or a grant they do."""
    ids = await filled(registry)
    team, granted, ended, anew = ids[:40:10]
    await registry.connection.execute("UPDATE patients SET care_team = ARRAY[$2::uuid] WHERE id = $1", team, ME)
    await registry.connection.execute("UPDATE patients SET restricted_since = 5 WHERE restricted")
    later = NOW + dt.timedelta(seconds=1)
    for patient_id, until, version in ((granted, later, 5), (ended, NOW, 5), (anew, later, 4)):
        await registry.connection.execute(
            "INSERT INTO break_glass VALUES ($1, $2, 'me', 'because', $3, $4, 'r', $5)",
            uuid.uuid4(),
            patient_id,
            NOW - dt.timedelta(hours=1),
            until,
            version,
        )
    found: list[uuid.UUID] = []
    after: str | None = None
    while True:
        rows, after = await search(registry, Filters(), 500, after, visible_to("me", ME, NOW))
        found += [row["id"] for row in rows]
        if after is None:
            break
        assert len(rows) == 500
    assert sorted(found) == sorted(set(ids) - set(ids[::10]) | {team, granted})
    everything, _ = await search(registry, Filters(email="ann20@example.org"), 5)
    assert [row["id"] for row in everything] == [ended]


async def test_what_is_hidden_between_finding_and_fetching_is_not_shown(registry: Registry) -> None:
    """The page is without the record that was restricted while it was put together."""
    ids = await registry.add(*(Someone(name=f"Ann Nr{n}") for n in range(3)))
    hider = Hider(registry, ids[1])
    rows, _ = await search(hider, Filters(name="ann"), 5, None, visible_to("me", ME, NOW))
    assert hider.hidden == 1
    assert [row["id"] for row in rows] == [ids[0], ids[2]]
