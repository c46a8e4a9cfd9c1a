"""Analytics over HTTP: counts that the registry's events have reached."""

import collections
import itertools
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from tests.end_to_end.patients import assert_problem, fresh_word, registered
from tests.end_to_end.program import until_true

_days = itertools.count(date(1990, 1, 1).toordinal(), 40)


def a_day() -> date:
    """Return a day on which no other test registers anybody, far from the next such day."""
    return date.fromordinal(next(_days))


def registrations(client: httpx.Client, **params: Any) -> dict[str, Any]:
    """Return the registrations of an interval."""
    answer = client.get("/api/analytics/registrations", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def everybody(client: httpx.Client, **params: str) -> int:
    """Return how many patients the lists of the registry have."""
    count, cursor = 0, None
    while True:
        asked = {**params, "limit": "200", **({"cursor": cursor} if cursor else {})}
        page = client.get("/api/patients", params=asked).json()
        count += len(page["patients"])
        cursor = page["nextCursor"]
        if cursor is None:
            return count


def test_the_summary_comes_to_agree_with_the_registry(client: httpx.Client) -> None:
    """Once quiet, it counts exactly the patients that the lists show, active and archived."""
    patients = [registered(client, registeredDate=datetime.now(UTC).date().isoformat()) for _ in range(5)]
    client.delete(f"/api/patients/{patients[0]['id']}")
    client.delete(f"/api/patients/{patients[1]['id']}")
    client.post(f"/api/patients/{patients[1]['id']}/restore")
    active, archived = everybody(client), everybody(client, archived="true")

    def agrees() -> bool:
        summary = client.get("/api/analytics/summary").json()
        # After six of the eight events the numbers agree already, and then for a while no longer.
        counted = (summary["patientsActive"], summary["patientsArchived"]) == (active, archived)
        return bool(counted and summary["eventsCounted"] >= 8)

    until_true(agrees)
    summary = client.get("/api/analytics/summary").json()
    assert summary["patientsTotal"] == active + archived
    assert summary["registeredLast30Days"] >= summary["registeredLast7Days"] >= summary["registeredToday"] >= 5
    assert summary["eventsSetAside"] == 0
    assert datetime.fromisoformat(summary["updatedAt"]) <= datetime.now(UTC)


@pytest.mark.parametrize("interval", ["day", "week", "month"])
def test_registrations_fall_into_their_intervals(client: httpx.Client, interval: str) -> None:
    """Each registration is counted once, on its registered date; empty intervals are there with zero."""
    first = a_day()
    days = [first, first, date.fromordinal(first.toordinal() + 8), date.fromordinal(first.toordinal() + 20)]
    for day in days:
        registered(client, registeredDate=day.isoformat())
    asked = {"interval": interval, "from": first.isoformat(), "to": days[-1].isoformat()}
    until_true(lambda: registrations(client, **asked)["total"] == len(days))
    found = registrations(client, **asked)
    assert (found["interval"], found["dateFrom"], found["dateTo"]) == (interval, asked["from"], asked["to"])
    starts = [date.fromisoformat(bucket["start"]) for bucket in found["buckets"]]
    assert starts == sorted(set(starts))

    def start_of(day: date) -> date:
        if interval == "week":
            return date.fromordinal(day.toordinal() - day.weekday())
        return day.replace(day=1) if interval == "month" else day

    spanned = {start_of(date.fromordinal(n)) for n in range(first.toordinal(), days[-1].toordinal() + 1)}
    assert set(starts) == spanned
    wanted = collections.Counter(start_of(day) for day in days)
    assert {date.fromisoformat(b["start"]): b["count"] for b in found["buckets"] if b["count"]} == wanted


def test_registrations_end_today_unless_told(client: httpx.Client) -> None:
    """Without dates it is the last 30 days, 12 weeks or 12 months."""
    for interval, count in (("day", 30), ("week", 12), ("month", 12)):
        assert len(registrations(client, interval=interval)["buckets"]) == count
    assert registrations(client)["interval"] == "day"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"interval": "year"}, "interval"),
        ({"interval": ""}, "interval"),
        ({"from": "2025-02-30"}, "from"),
        ({"to": "soon"}, "to"),
        ({"from": "2025-02-01", "to": "2025-01-01"}, "from"),
        ({"interval": "day", "from": "0001-01-01", "to": "9999-12-31"}, "from"),
        ({"since": "2025-01-01"}, "since"),
    ],
)
def test_dates_that_make_no_sense_are_named(client: httpx.Client, params: dict[str, str], field: str) -> None:
    """400, with the parameter at fault."""
    assert_problem(client.get("/api/analytics/registrations", params=params), 400, field)


def shares(client: httpx.Client, dimension: str) -> dict[str, int]:
    """Return how many active patients share each value."""
    return {share["value"]: share["count"] for share in client.get("/api/analytics/demographics").json()[dimension]}


def test_demographics_follow_the_events(client: httpx.Client) -> None:
    """Gender, age and area are counted from registrations, follow changes, and leave the archived out."""
    settled(client)
    before = client.get("/api/analytics/demographics").json()
    genders, bands = shares(client, "byGender"), shares(client, "byAgeBand")
    area = fresh_word(6)
    home = [{"line": ["Street 1"], "city": "Nowhere", "state": area, "country": "XX"}]
    birth = f"{datetime.now(UTC).year - 33}-01-01"
    patients = [registered(client, gender="female", dateOfBirth=birth, addresses=home) for _ in range(7)]
    until_true(lambda: shares(client, "byPostalArea").get(f"XX-{area}") == 7)
    assert shares(client, "byGender")["female"] == genders["female"] + 7
    assert shares(client, "byAgeBand")["30-39"] == bands["30-39"] + 7
    client.patch(f"/api/patients/{patients[0]['id']}", json={"gender": "male"})
    client.delete(f"/api/patients/{patients[1]['id']}")
    until_true(lambda: shares(client, "byPostalArea").get(f"XX-{area}") == 6)
    until_true(lambda: shares(client, "byGender")["male"] == genders["male"] + 1)
    assert shares(client, "byGender")["female"] == genders["female"] + 5
    after = client.get("/api/analytics/demographics").json()
    assert after["patientsActive"] == before["patientsActive"] + 6
    assert sum(shares(client, "byAgeBand").values()) == after["patientsActive"]
    assert sum(shares(client, "byGender").values()) == after["patientsActive"]


def test_an_area_of_few_is_not_named(client: httpx.Client) -> None:
    """Four patients of one postal area are counted among the others: their area would name them."""
    area = fresh_word(6)
    before = client.get("/api/analytics/demographics").json()["patientsActive"]
    for _ in range(4):
        registered(client, addresses=[{"line": ["Street 1"], "city": "Nowhere", "state": area, "country": "XX"}])
    until_true(lambda: client.get("/api/analytics/demographics").json()["patientsActive"] >= before + 4)
    assert area not in client.get("/api/analytics/demographics").text


def settled(client: httpx.Client) -> None:
    """Return when a registration made now, and so all before it, has been counted."""
    day = a_day().isoformat()
    registered(client, registeredDate=day)
    until_true(lambda: registrations(client, **{"from": day, "to": day})["total"] == 1)
