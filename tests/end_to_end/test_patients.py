"""Registering and reading patients over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.end_to_end.patients import UUID_PATTERN, assert_problem, etag_of, fresh_email, registered, somebody

UNKNOWN_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
EVERYTHING: dict[str, Any] = {
    "gender": "female",
    "phone": "+44 20 7946 0000",
    "identifiers": [
        {"use": "secondary", "system": "urn:oid:2.16.528.1", "value": "AB-123", "type": "MR"},
        {"value": "no system"},
    ],
    "names": [
        {"use": "official", "family": "Lovelace", "given": ["Ada", "Augusta"], "prefix": ["Countess"]},
        {"use": "maiden", "text": "Augusta Ada Byron", "period": {"start": "1985", "end": "2005-07"}},
    ],
    "telecom": [{"system": "pager", "value": "4711", "use": "work", "rank": 3}],
    "addresses": [
        {
            "use": "home",
            "type": "both",
            "line": ["12 St James's Square"],
            "city": "London",
            "postalCode": "SW1Y 4JH",
            "country": "GB",
        }
    ],
    "contacts": [
        {
            "relationship": ["N"],
            "name": {"text": "Charles Babbage"},
            "telecom": [{"system": "phone", "value": "+44 20 7946 0001"}],
            "gender": "male",
        }
    ],
    "communication": [{"language": "en-GB", "preferred": True}, {"language": "fr"}],
    "links": [{"other": f"Patient/{UNKNOWN_ID}", "type": "seealso"}],
    "maritalStatus": "M",
}


def tomorrow() -> str:
    """Return a date that is in the future everywhere on earth."""
    return (datetime.now(UTC) + timedelta(days=2)).date().isoformat()


def test_a_registration_is_answered_as_the_java_sample_does_and_more(client: httpx.Client) -> None:
    """201, Location, ETag, and every field as it was sent, beside what the registry gives."""
    sent = somebody()
    answer = client.post("/api/patients", json=sent)
    assert answer.status_code == 201
    body = answer.json()
    assert {name: body[name] for name in sent} == sent
    assert UUID_PATTERN.fullmatch(body["id"])
    assert answer.headers["location"] == f"/api/patients/{body['id']}"
    assert etag_of(answer) == '"v1"'
    assert body["version"] == 1
    assert body["archived"] is False
    assert body["medicalRecordNumber"]
    assert datetime.fromisoformat(body["createdAt"]) <= datetime.now(UTC)
    read = client.get(answer.headers["location"])
    assert read.json() == body
    assert etag_of(read) == etag_of(answer)


def test_without_a_date_of_registration_it_is_today(client: httpx.Client) -> None:
    """`registeredDate` may be left out."""
    sent = somebody()
    del sent["registeredDate"]
    before = datetime.now(UTC).date()
    body = client.post("/api/patients", json=sent).json()
    assert before.isoformat() <= body["registeredDate"] <= datetime.now(UTC).date().isoformat()


def test_every_optional_field_comes_back(client: httpx.Client) -> None:
    """What FHIR has beyond the simple fields is taken, kept and shown."""
    sent = somebody(**EVERYTHING, name="Countess Ada Augusta Lovelace")
    sent["address"] = "12 St James's Square, London, SW1Y 4JH, GB"
    answer = client.post("/api/patients", json=sent)
    assert answer.status_code == 201, answer.text
    body = client.get(answer.headers["location"]).json()
    for name, value in sent.items():
        if name == "telecom":
            assert all(point in body[name] for point in value)
        elif name in {"names", "addresses"}:
            assert all(any(part.items() <= shown.items() for shown in body[name]) for part in value), body[name]
        else:
            assert body[name] == value, name


def test_the_complete_record_is_fhir(client: httpx.Client) -> None:
    """Asked for as FHIR it is a FHIR R4 Patient, under the same id and ETag."""
    body = registered(client, gender="female")
    answer = client.get(f"/api/patients/{body['id']}", headers={"Accept": "application/fhir+json"})
    assert answer.headers["content-type"] == "application/fhir+json"
    assert etag_of(answer) == '"v1"'
    document = answer.json()
    assert (document["resourceType"], document["id"]) == ("Patient", body["id"])
    assert (document["gender"], document["birthDate"]) == ("female", "1985-12-10")
    assert {"system": "email", "value": body["email"]}.items() <= document["telecom"][0].items()


WRONG: list[tuple[str, Any]] = [
    ("name", ""),
    ("name", "   "),
    ("name", None),
    ("name", "x" * 101),
    ("name", 7),
    ("email", "no address"),
    ("email", "@example.org"),
    ("email", "a@b"),
    ("email", ""),
    ("email", "x" * 250 + "@example.org"),
    ("address", ""),
    ("address", None),
    ("address", "x" * 501),
    ("dateOfBirth", "1985-13-01"),
    ("dateOfBirth", "1985-02-30"),
    ("dateOfBirth", "10/12/1985"),
    ("dateOfBirth", "1985"),
    ("dateOfBirth", tomorrow()),
    ("dateOfBirth", "1066-10-14"),
    ("dateOfBirth", 19851210),
    ("registeredDate", "2025-02-30"),
    ("registeredDate", "yesterday"),
    ("registeredDate", tomorrow()),
    ("gender", "F"),
    ("phone", " "),
    ("maritalStatus", "x" * 101),
    ("deceasedAt", "last year"),
    ("deceased", "yes"),
    ("identifiers", {"value": "x"}),
    ("id", UNKNOWN_ID),
    ("version", 1),
    ("medicalRecordNumber", "000000042-2"),
    ("nickname", "Ada"),
    ("date_of_birth", "1985-12-10"),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_what_is_wrong_is_named_and_nothing_is_stored(client: httpx.Client, field: str, value: Any) -> None:
    """A field that breaks a rule is answered 400 with its name and what it must be, and nobody is registered."""
    sent = somebody()
    email = sent["email"]
    sent[field] = value
    assert_problem(client.post("/api/patients", json=sent), 400, field)
    assert client.get("/api/patients", params={"email": email}).json()["patients"] == []


def test_faults_inside_of_lists_are_named_by_their_place(client: httpx.Client) -> None:
    """A fault far inside says where it is."""
    sent = somebody(
        identifiers=[{"value": "fine"}, {"system": "s"}],
        names=[{"family": "x", "use": "stage"}],
        communication=[{"language": "!"}],
    )
    assert_problem(
        client.post("/api/patients", json=sent),
        400,
        "identifiers[1].value",
        "names[0].use",
        "communication[0].language",
    )


def test_all_faults_are_named_at_once(client: httpx.Client) -> None:
    """Nobody has to mend a form field by field."""
    problem = assert_problem(
        client.post("/api/patients", json={"dateOfBirth": "never", "gender": "F"}),
        400,
        "name",
        "email",
        "address",
        "dateOfBirth",
        "gender",
    )
    assert problem["type"] == "urn:careplane:problem:invalid-argument"


@pytest.mark.parametrize("length", [1, 100])
def test_names_of_one_to_a_hundred_characters_are_taken(client: httpx.Client, length: int) -> None:
    """The bounds themselves are inside."""
    assert registered(client, name="é" * length)["name"] == "é" * length


def test_an_active_patients_email_is_taken(client: httpx.Client) -> None:
    """A second registration with it is a conflict, in whatever case it is written; the field is named."""
    email = fresh_email()
    first = registered(client, email=email)
    assert_problem(client.post("/api/patients", json=somebody(email=email.upper())), 409, "email")
    assert client.delete(f"/api/patients/{first['id']}").status_code == 204
    assert registered(client, email=email)["email"] == email


def test_an_unknown_id_is_not_found(client: httpx.Client) -> None:
    """404, as a problem."""
    for path in ("", "/history", "/history/1", "/billing-account"):
        assert_problem(client.get(f"/api/patients/{UNKNOWN_ID}{path}"), 404)


def test_who_has_the_newest_version_gets_304(client: httpx.Client) -> None:
    """If-None-Match spares the body, as long as nothing has changed."""
    answer = client.post("/api/patients", json=somebody())
    path, etag = answer.headers["location"], etag_of(answer)
    for tags in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        unchanged = client.get(path, headers={"If-None-Match": tags})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert etag_of(unchanged) == etag
    assert client.get(path, headers={"If-None-Match": '"v7"'}).status_code == 200
    assert client.patch(path, json={"phone": "1234567"}).status_code == 200
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_head_is_get_without_the_body(client: httpx.Client) -> None:
    """HEAD says what GET would."""
    path = f"/api/patients/{registered(client)['id']}"
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert etag_of(answer) == etag_of(client.get(path))
