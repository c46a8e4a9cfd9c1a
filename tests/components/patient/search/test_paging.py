"""Paging: whatever the size of a page, every patient comes exactly once, in the order of one long page."""

import datetime as dt
import random
from typing import Any

import pytest

from careplane.components.patient.search import store_segments
from careplane.components.patient.search.filters import Column, Filters, Order
from careplane.components.patient.search.store_search import search
from careplane.kernel.errors import InvalidArgument

_KEYS = {
    Column.NAME: "name_key",
    Column.REGISTERED: "registered_date",
    Column.BORN: "birth_date",
    Column.UPDATED: "updated_at",
}
_BORN = dt.date(1990, 1, 1)


@pytest.fixture
async def people(registry: Any) -> Any:
    """Give a registry of eighty people with names, dates and states that repeat."""
    rng = random.Random(4)
    names = ["Maria Lopez", "Mariana Lopez", "Marta Lopes", "Maria Garcia", "Ana Lopez", "王小明", "Mario Rossi"]
    await registry.add(
        *(
            registry.someone(
                name=rng.choice(names),
                email=f"maria{at}@x.org",
                born=None if rng.random() < 0.2 else _BORN + dt.timedelta(days=rng.randrange(5)),
                identifiers=("urn:x|1", "1") if at % 3 else (),
                archived=rng.random() < 0.1,
                day=rng.randrange(6),
            )
            for at in range(80)
        )
    )
    return registry


async def pages(registry: Any, filters: Filters, limit: int) -> list[Any]:
    """Return all rows, read page by page."""
    rows, after = await search(registry, filters, limit)
    found = list(rows)
    while after is not None:
        assert len(rows) == limit
        rows, after = await search(registry, filters, limit, after)
        assert rows
        found += rows
    return found


@pytest.fixture(params=["few", "many", "far"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let hits count as few, or as many, or as many that a walk gives up looking for."""
    if request.param != "few":
        monkeypatch.setattr(store_segments, "MAX_FEW", 3)
        monkeypatch.setattr(store_segments, "MAX_WALK", 1000 if request.param == "many" else 2)
    return str(request.param)


@pytest.mark.parametrize("limit", [1, 7, 79])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", list(Column))
async def test_a_listing_is_in_order(people: Any, column: Column, descending: bool, limit: int) -> None:
    """By each column both ways, patients without a value at the end, first when descending."""
    rows = await pages(people, Filters(archived=None, order=Order(column, descending)), limit)
    await assert_ordered(people, rows, column, descending, 80)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", list(Column))
async def test_a_filtered_listing_is_in_order(people: Any, size: str, column: Column, descending: bool) -> None:
    """A name and other filters narrow a listing, however many they leave."""
    filters = Filters(name="maria lopez", identifier="urn:x|1", order=Order(column, descending))
    rows = await pages(people, filters, 4)
    assert {row["name_key"] for row in rows} == {"maria lopez", "mariana lopez", "marta lopes"}
    assert not any(row["archived"] for row in rows)
    assert all("1" in row["identifiers"] for row in rows)
    await assert_ordered(people, rows, column, descending, len(rows))


async def assert_ordered(registry: Any, rows: list[Any], column: Column, descending: bool, count: int) -> None:
    """Assert that `rows` are `count` different ones in the order of `column`, then of the id."""
    key = _KEYS[column]
    ordered = sorted(rows, key=lambda row: (row[key] is None, row[key] or _BORN, row["id"]), reverse=descending)
    assert [row["id"] for row in rows] == [row["id"] for row in ordered]
    assert len({row["id"] for row in rows}) == count


@pytest.mark.parametrize(
    "filters",
    [
        Filters(name="maria lopez"),
        Filters(name="mar"),
        Filters(q="maria"),
        Filters(q="0000"),
        Filters(name="lopez", q="maria"),
        Filters(name="maria", birth_date=_BORN),
        Filters(q="1", archived=None),
        Filters(q="maria", order=Order(Column.BORN)),
        Filters(q="小明", archived=None),
        Filters(email="MARIA7@x.org"),
        Filters(birth_date=_BORN),
        Filters(archived=True),
    ],
)
@pytest.mark.parametrize("limit", [1, 6])
async def test_pages_are_one_long_page_cut(people: Any, size: str, filters: Filters, limit: int) -> None:
    """Nobody is left out, nobody comes twice, and the order does not depend on where pages end."""
    whole, after = await search(people, filters, 1000)
    assert after is None
    paged = [row["id"] for row in await pages(people, filters, limit)]
    assert len(set(paged)) == len(paged)
    assert set(paged) == {row["id"] for row in whole}
    assert whole
    assert paged == [row["id"] for row in whole]


async def test_size_changes_the_order_but_not_who_is_found(people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many to sort come newest first within a rank, the same patients."""
    few = [row["id"] for row in await pages(people, Filters(name="maria"), 9)]
    monkeypatch.setattr(store_segments, "MAX_FEW", 3)
    many = await pages(people, Filters(name="maria"), 9)
    assert {row["id"] for row in many} == set(few)
    exact = [row["id"] for row in many if "maria" in row["name_words"]]
    assert [row["id"] for row in many][: len(exact)] == exact == sorted(exact, reverse=True)


async def test_a_page_costs_few_statements(people: Any) -> None:
    """A listing takes two; a name one to expand, one for each rank, one more where slips begin, one for the rows."""
    before = people.statements
    await search(people, Filters(), 5)
    assert people.statements == before + 2
    await search(people, Filters(name="maria lopez"), 50)
    assert people.statements <= before + 8


async def test_a_cursor_goes_on_after_its_patient_was_archived(people: Any) -> None:
    """What happens between two pages does not lose the place."""
    rows, after = await search(people, Filters(), 5)
    await people.connection.execute("UPDATE patients SET archived = true WHERE id = $1", rows[-1]["id"])
    following, _ = await search(people, Filters(), 5, after)
    everyone = [row["id"] for row in await pages(people, Filters(), 50)]
    assert [row["id"] for row in following] == everyone[4:9]


async def test_a_place_that_is_no_more_is_said_so(people: Any) -> None:
    """A date of birth taken away between two pages leaves nowhere to go on from, which is better said than guessed."""
    filters = Filters(order=Order(Column.BORN))
    rows, after = await search(people, filters, 5)
    await people.connection.execute("UPDATE patients SET birth_date = NULL WHERE id = $1", rows[-1]["id"])
    with pytest.raises(InvalidArgument) as caught:
        await search(people, filters, 5, after)
    assert [error.field for error in caught.value.fields] == ["cursor"]
