"""Fields that are not the sender's to set: each is refused by name, wherever it is sent, and nothing changes."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.end_to_end.patients import assert_problem, fresh_email, registered, somebody

NOT_YOURS: dict[str, Any] = {
    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "patientId": "01890a5d-ac96-774b-bcce-b302099a8057",
    "version": 9,
    "expectedVersion": 1,
    "mrn": "000000001-8",
    "medicalRecordNumber": "000000001-8",
    "archived": True,
    "restricted": False,
    "careTeam": [],
    "createdAt": "2020-01-01T00:00:00Z",
    "updatedAt": "2020-01-01T00:00:00Z",
    "updatedBy": "somebody-else",
    "balance": 0,
    "balanceMinor": 0,
    "accountId": "01890a5d-ac96-774b-bcce-b302099a8057",
    "role": "admin",
    "roles": ["admin"],
    "scopes": ["patients:restricted"],
    "cleared": ["phone"],
    "patch": "{}",
    "document": "{}",
    "sources": [],
    "__proto__": {"restricted": False},
    "constructor": {},
}
OTHER_SPELLINGS = ("Restricted", "RESTRICTED", "care_team", "medical_record_number", "Id", "ID", "updated_by")


def sent(client: httpx.Client, method: str, path: str, extra: dict[str, Any]) -> httpx.Response:
    """Send a good registration, replacement or change, and something that is not the sender's."""
    body = {"phone": "1"} if method == "PATCH" else somebody()
    return client.request(method, path, json={**body, **extra})


@pytest.fixture(scope="module")
def patient(program: Any, signed_in: dict[str, str]) -> dict[str, Any]:
    """Give a patient whom nobody changes."""
    with httpx.Client(base_url=program.url, headers=signed_in, timeout=30.0) as client:
        return registered(client)


def path_for(method: str, patient: dict[str, Any]) -> str:
    """Return where a method is sent."""
    return "/api/patients" if method == "POST" else f"/api/patients/{patient['id']}"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("name", [*NOT_YOURS, *OTHER_SPELLINGS])
def test_what_is_not_yours_is_refused_by_name(
    client: httpx.Client, patient: dict[str, Any], method: str, name: str
) -> None:
    """It is not ignored, which would look like success; nobody is registered, nothing is changed."""
    extra = {name: NOT_YOURS.get(name, "x")}
    answer = sent(client, method, path_for(method, patient), extra)
    assert answer.status_code == 400, answer.text
    named = [fault["field"] for fault in assert_problem_fields(answer)]
    assert named == [name if name[0] != "_" else "(unknown)"]
    assert client.get(f"/api/patients/{patient['id']}").json() == patient


def assert_problem_fields(answer: httpx.Response) -> list[dict[str, str]]:
    """Return the faults of a problem."""
    faults: list[dict[str, str]] = answer.json()["errors"]
    assert_problem(answer, 400, *[fault["field"] for fault in faults])
    return faults


def test_all_of_it_is_named_at_once(client: httpx.Client, patient: dict[str, Any]) -> None:
    """Who tries everything is told of everything."""
    for method in ("POST", "PUT", "PATCH"):
        answer = sent(client, method, path_for(method, patient), NOT_YOURS)
        named = {fault["field"] for fault in assert_problem_fields(answer)}
        assert named == {name if name[0] != "_" else "(unknown)" for name in NOT_YOURS}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("access", {"restricted": True, "careTeam": [], "version": 2}, "version"),
        ("access", {"restricted": True, "careTeam": [], "patientId": "x"}, "patientId"),
        ("access", {"restricted": True, "careTeam": [], "breakGlass": True}, "breakGlass"),
        ("break-glass", {"reason": "A reason that is long enough", "until": "2099-01-01T00:00:00Z"}, "until"),
        ("break-glass", {"reason": "A reason that is long enough", "minutes": 1000}, "minutes"),
        ("break-glass", {"reason": "A reason that is long enough", "userId": "x"}, "userId"),
    ],
)
def test_access_takes_no_more_than_it_says(
    client: httpx.Client, patient: dict[str, Any], path: str, body: dict[str, Any], field: str
) -> None:
    """Neither how long an emergency lasts nor for whom is the caller's to say."""
    method = "PUT" if path == "access" else "POST"
    assert_problem(client.request(method, f"/api/patients/{patient['id']}/{path}", json=body), 400, field)
    assert client.get(f"/api/patients/{patient['id']}/access").json()["restricted"] is False


def test_inner_objects_take_no_more_either(client: httpx.Client) -> None:
    """At every depth, what is not declared is refused by its path."""
    for field, inner in (("names", {"given": ["A"], "id": "x"}), ("telecom", {"value": "1", "verified": True})):
        answer = client.post("/api/patients", json=somebody(**{field: [inner]}))
        unknown = next(name for name in inner if name in {"id", "verified"})
        assert_problem(answer, 400, f"{field}[0].{unknown}")


def test_the_last_of_two_same_names_does_not_slip_by(client: httpx.Client, patient: dict[str, Any]) -> None:
    """A name sent twice is no way round the check."""
    raw = b'{"phone": "1", "restricted": true, "restricted": false}'
    answer = client.patch(
        f"/api/patients/{patient['id']}", content=raw, headers={"Content-Type": "application/merge-patch+json"}
    )
    assert_problem(answer, 400, "restricted")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    extra=st.dictionaries(
        st.one_of(st.sampled_from(list(NOT_YOURS)), st.text(st.characters(exclude_categories=["Cs"]), max_size=12)),
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        min_size=1,
        max_size=3,
    )
)
def test_no_unknown_field_is_ever_taken(client: httpx.Client, extra: dict[str, Any]) -> None:
    """Whatever its name and value, null too: the registration is refused, and nobody is registered."""
    unknown = {name: value for name, value in extra.items() if name not in somebody() and name not in OPTIONAL}
    body = {**unknown, **somebody(email=fresh_email())}
    answer = client.post("/api/patients", json=body)
    assert answer.status_code == (400 if unknown else 201), answer.text
    if unknown:
        assert client.get("/api/patients", params={"email": body["email"]}).json()["patients"] == []


OPTIONAL = frozenset(
    {
        *("gender", "phone", "identifiers", "names", "telecom", "addresses", "contacts", "communication", "links"),
        *("deceased", "deceasedAt", "maritalStatus"),
    }
)
