"""Restricted records and emergencies over HTTP: closed in every way, opened for a reason, loudly, and reviewed."""

import json
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from tests.end_to_end.patients import assert_problem, etag_of, fresh_word, registered, somebody
from tests.end_to_end.program import Program
from tests.end_to_end.staff import Member, staff

REASON = "Unconscious in the emergency room, medication unknown"

GUESSES: tuple[dict[str, str], ...] = (
    {},
    {"If-None-Match": '"v2"'},
    {"If-Match": '"v2"'},
    {"If-Match": '"v9"'},
    {"Accept": "application/fhir+json", "If-None-Match": "*"},
)


@pytest.fixture(scope="module")
def members(program: Program) -> Iterator[list[Member]]:
    """Give two clinicians and an auditor."""
    with staff(program, "clinician", "clinician", "auditor") as found:
        yield found


@pytest.fixture(scope="module")
def ana(members: list[Member]) -> Member:
    """Give a clinician on the care team."""
    return members[0]


@pytest.fixture(scope="module")
def ben(members: list[Member]) -> Member:
    """Give a clinician who is not on it."""
    return members[1]


@pytest.fixture(scope="module")
def auditor(members: list[Member]) -> httpx.Client:
    """Give the client of an auditor."""
    return members[2].client


@pytest.fixture
def closed(ana: Member) -> dict[str, str]:
    """Give a record that Ana has restricted to herself, under a name that nobody else has."""
    made = registered(ana.client, name=f"Ada {fresh_word()}")
    answer = ana.client.put(
        f"/api/patients/{made['id']}/access",
        json={"restricted": True, "careTeam": [ana.id]},
        headers={"If-Match": '"v1"'},
    )
    assert answer.status_code == 200, answer.text
    assert etag_of(answer) == '"v2"'
    assert answer.json() == {"patientId": made["id"], "restricted": True, "careTeam": [ana.id], "version": 2}
    return made


def requests_on(patient_id: str) -> list[tuple[str, str, object]]:
    """Return every request there is on one record, and what it sends."""
    path = f"/api/patients/{patient_id}"
    return [
        ("GET", path, None),
        ("PUT", path, somebody()),
        ("PATCH", path, {"phone": "1"}),
        ("DELETE", path, None),
        ("POST", f"{path}/restore", None),
        ("GET", f"{path}/history", None),
        ("GET", f"{path}/history/1", None),
        ("GET", f"{path}/billing-account", None),
        ("GET", f"{path}/access", None),
        ("PUT", f"{path}/access", {"restricted": False}),
    ]


def test_a_closed_record_tells_nothing(ben: Member, closed: dict[str, str]) -> None:
    """One answer to everything, whatever version is guessed, in JSON or FHIR, archived or not."""
    said = set()
    for method, path, body in requests_on(closed["id"]):
        headers: tuple[dict[str, str], ...] = (
            {},
            {"If-None-Match": '"v2"'},
            {"If-Match": '"v2"'},
            {"If-Match": '"v9"'},
        )
        for header in (*headers, {"Accept": "application/fhir+json", "If-None-Match": "*"}):
            answer = ben.client.request(method, path, json=body, headers=header)
            problem = assert_problem(answer, 403)
            assert "etag" not in answer.headers
            said.add((problem["title"], problem["detail"]))
    assert len(said) == 1
    assert "break-glass" in str(said)


def test_an_archived_record_is_closed_rather_than_gone(ana: Member, ben: Member, closed: dict[str, str]) -> None:
    """403 for those outside, 410 for the team."""
    path = f"/api/patients/{closed['id']}"
    assert ana.client.delete(path).status_code == 204
    assert_problem(ana.client.get(path), 410)
    for method, url, body in requests_on(closed["id"]):
        assert_problem(ben.client.request(method, url, json=body), 403)


def test_search_finds_it_for_the_team_alone(
    ana: Member, ben: Member, client: httpx.Client, closed: dict[str, str]
) -> None:
    """By name, e-mail and number, for the team and for who opens all records."""
    for query in ({"name": closed["name"]}, {"email": closed["email"]}, {"q": closed["medicalRecordNumber"]}):
        for caller, found in ((ana.client, [closed["id"]]), (client, [closed["id"]]), (ben.client, [])):
            answer = caller.get("/api/patients", params=query)
            assert [one["id"] for one in answer.json()["patients"]] == found, query


def test_the_team_sees_that_it_is_restricted(ana: Member, closed: dict[str, str]) -> None:
    """In the view, in FHIR, under access and in the history."""
    path = f"/api/patients/{closed['id']}"
    assert ana.client.get(path).json()["restricted"] is True
    fhir = ana.client.get(path, headers={"Accept": "application/fhir+json"}).json()
    assert [label["code"] for label in fhir["meta"]["security"]] == ["R"]
    assert ana.client.get(f"{path}/access").json()["careTeam"] == [ana.id]
    history = ana.client.get(f"{path}/history").json()["versions"]
    assert [version["change"] for version in history] == ["restricted", "registered"]


def test_an_emergency_opens_it_loudly(
    program: Program, ana: Member, ben: Member, auditor: httpx.Client, closed: dict[str, str]
) -> None:
    """201 with the end of it; a warning in the log, a number in the metrics, the reason for the auditor."""
    path = f"/api/patients/{closed['id']}"
    answer = ben.client.post(f"{path}/break-glass", json={"reason": REASON}, headers={"Idempotency-Key": closed["id"]})
    assert answer.status_code == 201, answer.text
    assert answer.json()["patientId"] == closed["id"]
    until = datetime.fromisoformat(answer.json()["until"])
    assert 29 * 60 < (until - datetime.now(until.tzinfo)).total_seconds() <= 30 * 60
    read = ben.client.get(path)
    assert (read.status_code, read.json()["name"]) == (200, closed["name"])
    assert ben.client.get("/api/patients", params={"name": closed["name"]}).json()["patients"]
    assert_problem(ben.client.put(f"{path}/access", json={"restricted": True, "careTeam": [ben.id, ana.id]}), 403)
    warnings = [json.loads(line) for line in program.said().splitlines() if "break-glass: " in line]
    assert {(w["level"], w["user_id"], w["patient_id"]) for w in warnings if w["patient_id"] == closed["id"]} == {
        ("warning", ben.id, closed["id"])
    }
    assert REASON not in program.said()
    assert 'careplane_component{gauge="patient_break_glass_granted"}' in program.metrics()
    grants = auditor.get("/api/break-glass", params={"limit": 1}).json()["grants"]
    assert [(g["userId"], g["patientId"], g["reason"]) for g in grants] == [(ben.id, closed["id"], REASON)]
    rows = program.sql(
        "SELECT action, detail FROM patient.audit WHERE caller = $1 AND subject = $2::uuid ORDER BY id",
        ben.id,
        closed["id"],
    )
    assert [(row["action"], json.loads(row["detail"])) for row in rows] == [
        ("patient/break_glass", {"until": answer.json()["until"]}),
        ("patient/get", {"breakGlass": True}),
        ("patient/restrict", {"outcome": "denied", "reason": "restricted"}),
    ]


def test_the_wristband_is_enough(ben: Member, closed: dict[str, str]) -> None:
    """Who knows only the medical record number opens the record by it, and learns whose it is."""
    body = {"mrn": closed["medicalRecordNumber"], "reason": REASON}
    answer = ben.client.post("/api/break-glass", json=body)
    assert (answer.status_code, answer.json()["patientId"]) == (201, closed["id"])
    assert ben.client.get(f"/api/patients/{closed['id']}").status_code == 200
    assert_problem(ben.client.post("/api/break-glass", json={**body, "mrn": "999999999-9"}), 404)


def test_auditors_page_through_the_grants(ben: Member, auditor: httpx.Client, closed: dict[str, str]) -> None:
    """Newest first; a cursor of another making is refused, and clinicians do not review themselves."""
    for _ in range(3):
        ben.client.post(f"/api/patients/{closed['id']}/break-glass", json={"reason": REASON})
    seen: list[str] = []
    cursor: str | None = None
    while len(seen) < 3:
        page = auditor.get("/api/break-glass", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        seen += [grant["id"] for grant in page["grants"]]
        cursor = page["nextCursor"]
    assert seen == sorted(seen, reverse=True)
    assert_problem(auditor.get("/api/break-glass", params={"cursor": f"{cursor}A"}), 400, "cursor")
    assert_problem(ben.client.get("/api/break-glass"), 403)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": "short"}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({}, "reason"),
        ({"reason": REASON, "until": "2099-01-01T00:00:00Z"}, "until"),
        ({"reason": REASON, "userId": "x"}, "userId"),
    ],
)
def test_an_emergency_needs_a_reason_and_nothing_else(
    ben: Member, closed: dict[str, str], body: dict[str, str], field: str
) -> None:
    """What is missing, senseless or not for the caller to say is named."""
    assert_problem(ben.client.post(f"/api/patients/{closed['id']}/break-glass", json=body), 400, field)
    assert_problem(ben.client.get(f"/api/patients/{closed['id']}"), 403)


def test_where_nothing_is_closed_there_is_no_glass(ana: Member, ben: Member, closed: dict[str, str]) -> None:
    """409 for a record that is open to the caller, 404 for one that is not there."""
    other = registered(ana.client)
    for caller, patient_id in ((ben, other["id"]), (ana, closed["id"])):
        answer = caller.client.post(f"/api/patients/{patient_id}/break-glass", json={"reason": REASON})
        assert_problem(answer, 409)
    unknown = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert_problem(ben.client.post(f"/api/patients/{unknown}/break-glass", json={"reason": REASON}), 404)


def test_nobody_locks_themselves_out(ana: Member, ben: Member) -> None:
    """A team without the caller is refused by name, as is one that is no list of ids."""
    made = registered(ana.client)
    path = f"/api/patients/{made['id']}/access"
    assert_problem(ana.client.put(path, json={"restricted": True, "careTeam": [ben.id]}), 400, "careTeam")
    assert_problem(ana.client.put(path, json={"restricted": True}), 400, "careTeam")
    assert_problem(ana.client.put(path, json={"careTeam": [ana.id]}), 400, "restricted")
    wrong = ana.client.put(path, json={"restricted": True, "careTeam": ["Ana"]})
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["field"].startswith("careTeam")
    assert ben.client.get(f"/api/patients/{made['id']}").status_code == 200


def test_who_lost_access_is_answered_again_what_they_were_told(ana: Member, ben: Member) -> None:
    """A repeat under its key gives the caller their own earlier answer, and never a later state of the record."""
    made = registered(ana.client)
    path, keyed = f"/api/patients/{made['id']}", {"Idempotency-Key": f"{made['id']}-lost"}
    first = ben.client.patch(path, json={"phone": "555 0100"}, headers=keyed)
    assert first.status_code == 200
    ana.client.put(f"{path}/access", json={"restricted": True, "careTeam": [ana.id]})
    ana.client.patch(path, json={"phone": "555 0199"})
    again = ben.client.patch(path, json={"phone": "555 0100"}, headers=keyed)
    assert (again.status_code, again.content) == (200, first.content)
    assert_problem(ben.client.patch(path, json={"phone": "555 0101"}), 403)
