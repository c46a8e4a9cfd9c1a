"""Lists of patients: pages, orders, filters and cursors."""

import asyncio
import base64
from typing import Any

import httpx
import pytest
from tests.end_to_end.patients import assert_problem, fresh_email, fresh_word, registered, somebody

SORTS = ("name", "registeredDate", "dateOfBirth", "updatedAt")


@pytest.fixture(scope="module")
def family(program: Any, signed_in: dict[str, str]) -> tuple[str, list[dict[str, Any]]]:
    """Give the unusual name that twenty patients bear, and the patients; some share dates."""
    surname = fresh_word()
    with httpx.Client(base_url=program.url, headers=signed_in, timeout=30.0) as client:
        members = [
            registered(
                client,
                name=f"{'ZYXWVUTSRQ'[number % 10]}{number} {surname}",
                dateOfBirth=f"19{60 + number % 7}-05-{1 + number % 3:02d}",
                registeredDate=f"2024-0{1 + number % 4}-01",
            )
            for number in range(20)
        ]
    return surname, members


def walked(client: httpx.Client, limit: int, **params: Any) -> list[dict[str, Any]]:
    """Return the patients of all pages, each page but the last of which must be full."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        asked = {**params, "limit": limit, **({"cursor": cursor} if cursor else {})}
        answer = client.get("/api/patients", params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["patients"]
        cursor = page["nextCursor"]
        if cursor is None:
            return found
        assert len(page["patients"]) == limit


@pytest.mark.parametrize("limit", [1, 7, 20, 200])
def test_pages_give_everybody_once(client: httpx.Client, family: tuple[str, list[dict[str, Any]]], limit: int) -> None:
    """Whatever the size of a page, following nextCursor gives all, each once."""
    surname, members = family
    found = walked(client, limit, name=surname)
    assert sorted(one["id"] for one in found) == sorted(one["id"] for one in members)
    assert {one["id"]: one for one in found} == {one["id"]: one for one in members}


@pytest.mark.parametrize("sort", [*SORTS, *(f"-{sort}" for sort in SORTS)])
@pytest.mark.parametrize("limit", [6, 50])
def test_lists_are_in_the_order_asked_for(
    client: httpx.Client, family: tuple[str, list[dict[str, Any]]], sort: str, limit: int
) -> None:
    """Each order, up and down, holds across pages, for values that are equal too."""
    surname, members = family
    found = walked(client, limit, name=surname, sort=sort)
    field = sort.removeprefix("-")
    values = [one[field].casefold() for one in found]
    assert values == sorted(values, reverse=sort.startswith("-"))
    assert len({one["id"] for one in found}) == len(found) == len(members)


def test_filters_hold_together(client: httpx.Client, family: tuple[str, list[dict[str, Any]]]) -> None:
    """Each filter finds what it says, and several mean all of them."""
    surname, members = family
    one = members[3]
    identified = registered(
        client,
        name=f"X {surname}x",
        identifiers=[{"system": "urn:x", "value": "Q-" + surname}],
        dateOfBirth="1971-01-01",
    )

    def ids(**params: Any) -> list[str]:
        return [found["id"] for found in walked(client, 50, **params)]

    assert ids(email=one["email"]) == [one["id"]]
    assert ids(email=one["email"].upper()) == [one["id"]]
    assert ids(identifier="Q-" + surname) == [identified["id"]]
    assert ids(identifier="urn:x|Q-" + surname) == [identified["id"]]
    assert ids(identifier="urn:y|Q-" + surname) == []
    assert ids(q=one["medicalRecordNumber"]) == [one["id"]]
    assert ids(q=one["email"]) == [one["id"]]
    same_day = sorted(m["id"] for m in members if m["dateOfBirth"] == one["dateOfBirth"])
    assert sorted(ids(name=surname, dateOfBirth=one["dateOfBirth"])) == same_day
    assert ids(name=surname, dateOfBirth=one["dateOfBirth"], email=one["email"]) == [one["id"]]
    assert ids(name=surname, email=fresh_email()) == []
    assert ids(name=surname, archived="true") == []


def forgeries(cursor: str) -> list[str]:
    """Return cursors that were not given."""
    sealed = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    flipped = []
    for place in (0, 15, 16, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[place] ^= 1
        flipped.append(base64.urlsafe_b64encode(changed).rstrip(b"=").decode())
    inner = base64.urlsafe_b64encode(bytes(sealed[16:])).rstrip(b"=").decode()
    return [*flipped, inner, cursor[:-4], cursor + "AAAA", "x", "0", "null", "%2e%2e", "ü", "A" * 5000, ""]


def test_only_cursors_that_were_given_are_taken(client: httpx.Client, family: tuple[str, list[dict[str, Any]]]) -> None:
    """A forged cursor, and a true one taken to another search, are answered 400 that names it."""
    surname, _ = family
    cursor = client.get("/api/patients", params={"name": surname, "limit": 5}).json()["nextCursor"]
    for forged in forgeries(cursor):
        answer = client.get("/api/patients", params={"name": surname, "cursor": forged})
        assert_problem(answer, 400, "cursor")
    for other in (
        {"name": surname + "x"},
        {"name": surname, "sort": "name"},
        {},
        {"name": surname, "archived": "true"},
    ):
        assert_problem(client.get("/api/patients", params={**other, "cursor": cursor}), 400, "cursor")
    assert client.get("/api/patients", params={"name": surname, "cursor": cursor, "limit": 9}).status_code == 200


def test_cursors_name_nobody(client: httpx.Client, family: tuple[str, list[dict[str, Any]]]) -> None:
    """A cursor travels in URLs, so no name, address or date is inside."""
    surname, members = family
    for sort in (*SORTS, None):
        params = {"name": surname, "limit": "5", **({"sort": sort} if sort else {})}
        cursor = client.get("/api/patients", params=params).json()["nextCursor"]
        inside = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("latin-1")
        assert surname not in inside
        assert not any(one["dateOfBirth"] in inside or one["email"] in inside for one in members)


@pytest.mark.parametrize("sort", [None, "name", "-registeredDate", "updatedAt"])
async def test_a_walk_misses_nobody_while_others_register(client: httpx.Client, sort: str | None) -> None:
    """With registrations going on, a walk over all pages gives everybody who was there before, each once."""
    surname = fresh_word()
    ordered = {"sort": sort} if sort else {}
    async with httpx.AsyncClient(base_url=client.base_url, headers=client.headers, timeout=30.0) as crowd:

        async def register(number: int) -> str:
            sent = somebody(name=f"{fresh_word(4)} {surname}", registeredDate=f"2023-{1 + number % 12:02d}-01")
            answer = await crowd.post("/api/patients", json=sent)
            assert answer.status_code == 201
            registered_id: str = answer.json()["id"]
            return registered_id

        old = set(await asyncio.gather(*(register(number) for number in range(40))))
        seen: list[str] = []
        cursor: str | None = None
        fresh: set[str] = set()
        while True:
            if len(fresh) < 60:
                fresh.update(await asyncio.gather(*(register(number) for number in range(3))))
            asked = {"name": surname, "limit": "4", **ordered, **({"cursor": cursor} if cursor else {})}
            page = (await crowd.get("/api/patients", params=asked)).json()
            seen += [one["id"] for one in page["patients"]]
            cursor = page["nextCursor"]
            if cursor is None:
                break
    assert len(seen) == len(set(seen)), "somebody came twice"
    assert set(seen) <= old | fresh
    assert old <= set(seen), "somebody who was there was left out"


@pytest.mark.parametrize("limit", ["0", "-1", "201", "ten", "1.5", "", "99999999999999999999"])
def test_a_page_has_bounds(client: httpx.Client, limit: str) -> None:
    """A page of none, or of thousands, is not given."""
    assert_problem(client.get("/api/patients", params={"limit": limit}), 400, "limit")


@pytest.mark.parametrize(
    "sort", ["email", "address", "id", "Name", "name; DROP TABLE patients", "--name", "", "name,name"]
)
def test_only_known_orders_are_taken(client: httpx.Client, sort: str) -> None:
    """A sort by an unknown column is answered 400."""
    assert_problem(client.get("/api/patients", params={"sort": sort}), 400, "sort")
