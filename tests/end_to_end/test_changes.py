"""Changing, archiving and restoring patients over HTTP, their history, and their accounts."""

from datetime import UTC, datetime
from typing import Any

import httpx
import jwt
import pytest
from tests.end_to_end.patients import UUID_PATTERN, assert_problem, etag_of, fresh_email, registered, somebody
from tests.end_to_end.program import until_true

UNKNOWN_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
def patient(client: httpx.Client) -> dict[str, Any]:
    """Give a patient who has just been registered."""
    return registered(client, phone="+31 10 555 0100", gender="other")


def path_of(patient: dict[str, Any]) -> str:
    """Return a patient's path."""
    return f"/api/patients/{patient['id']}"


def test_put_replaces_and_needs_no_date_of_registration(client: httpx.Client, patient: dict[str, Any]) -> None:
    """The simple fields are replaced, the date of registration and what was not sent stay, the ETag is new."""
    sent = somebody(name="Grace Hopper", address="Arlington", dateOfBirth="1906-12-09")
    del sent["registeredDate"]
    answer = client.put(path_of(patient), json=sent)
    assert answer.status_code == 200
    body = answer.json()
    assert {name: body[name] for name in sent} == sent
    assert etag_of(answer) == '"v2"'
    assert body["version"] == 2
    for kept in ("id", "medicalRecordNumber", "registeredDate", "phone", "gender", "createdAt"):
        assert body[kept] == patient[kept]
    assert client.get(path_of(patient)).json() == body


def test_put_is_checked_as_a_registration_is(client: httpx.Client, patient: dict[str, Any]) -> None:
    """All faults at once, and nothing changed."""
    assert_problem(
        client.put(path_of(patient), json={"name": "", "email": "x"}), 400, "name", "email", "address", "dateOfBirth"
    )
    assert client.get(path_of(patient)).json() == patient


def test_patch_changes_what_it_names(client: httpx.Client, patient: dict[str, Any]) -> None:
    """RFC 7396: what is named is changed, null takes away, the rest stays."""
    patch = {"name": "Grace Hopper", "phone": None}
    answer = client.patch(path_of(patient), json=patch, headers=MERGE_PATCH)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["name"], body["phone"], body["version"]) == ("Grace Hopper", None, 2)
    assert etag_of(answer) == '"v2"'
    for kept in ("email", "address", "dateOfBirth", "gender", "registeredDate"):
        assert body[kept] == patient[kept]


def test_patch_replaces_lists_whole(client: httpx.Client, patient: dict[str, Any]) -> None:
    """RFC 7396 has no way into a list: the one sent takes the place of the old one."""
    for languages in ([{"language": "nl"}, {"language": "en"}], [{"language": "de", "preferred": True}]):
        body = client.patch(path_of(patient), json={"communication": languages}).json()
        assert body["communication"] == languages
    assert client.patch(path_of(patient), json={"communication": None}).json()["communication"] == []


def test_a_patch_without_effect_makes_no_version(client: httpx.Client, patient: dict[str, Any]) -> None:
    """What changes nothing is answered 200, with the ETag there was."""
    for patch in ({}, {"name": patient["name"]}):
        answer = client.patch(path_of(patient), json=patch, headers=MERGE_PATCH)
        assert (answer.status_code, etag_of(answer)) == (200, '"v1"')


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"name": None}, "name"),
        ({"email": None}, "email"),
        ({"dateOfBirth": "2020-02-30"}, "dateOfBirth"),
        ({"id": UNKNOWN_ID}, "id"),
        ({"version": 9}, "version"),
        ({"nickname": "x"}, "nickname"),
        ({"communication": "nl"}, "communication"),
    ],
)
def test_a_wrong_patch_changes_nothing(
    client: httpx.Client, patient: dict[str, Any], patch: dict[str, Any], field: str
) -> None:
    """The field at fault is named, and the record stays as it was."""
    assert_problem(client.patch(path_of(patient), json=patch, headers=MERGE_PATCH), 400, field)
    assert client.get(path_of(patient)).json() == patient


def test_a_stale_version_is_refused_everywhere(client: httpx.Client, patient: dict[str, Any]) -> None:
    """A change on top of a version that is no longer the newest is answered 412; on the newest it goes through."""
    path = path_of(patient)
    stale, fresh = {"If-Match": '"v1"'}, {"If-Match": '"v2"'}
    assert client.patch(path, json={"phone": "1234567"}, headers=stale).status_code == 200
    assert_problem(client.patch(path, json={"phone": "7654321"}, headers=stale), 412)
    assert_problem(client.put(path, json=somebody(), headers=stale), 412)
    assert_problem(client.delete(path, headers=stale), 412)
    assert client.get(path).json()["phone"] == "1234567"
    assert client.delete(path, headers=fresh).status_code == 204
    assert_problem(client.post(f"{path}/restore", headers=fresh), 412)
    assert client.post(f"{path}/restore", headers={"If-Match": '"v3"'}).status_code == 200


def test_an_unknown_id_is_not_found(client: httpx.Client) -> None:
    """404 for every change."""
    path = f"/api/patients/{UNKNOWN_ID}"
    assert_problem(client.put(path, json=somebody()), 404)
    assert_problem(client.patch(path, json={"phone": "1234567"}), 404)
    assert_problem(client.delete(path), 404)
    assert_problem(client.post(f"{path}/restore"), 404)


def test_another_ones_email_cannot_be_taken(client: httpx.Client, patient: dict[str, Any]) -> None:
    """A change to the e-mail of another active patient is a conflict, and so is restoring onto one."""
    other = registered(client)
    assert_problem(client.patch(path_of(other), json={"email": patient["email"]}), 409, "email")
    assert_problem(client.put(path_of(other), json=somebody(email=patient["email"])), 409, "email")
    client.delete(path_of(patient))
    assert client.patch(path_of(other), json={"email": patient["email"]}).status_code == 200
    assert_problem(client.post(f"{path_of(patient)}/restore"), 409, "email")


def test_deleted_means_archived(client: httpx.Client, patient: dict[str, Any]) -> None:
    """204, then 410 for reading and changing, until it is restored; nothing of it is lost."""
    path = path_of(patient)
    gone = client.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert_problem(client.get(path), 410)
    assert_problem(client.patch(path, json={"phone": "1234567"}), 410)
    assert_problem(client.put(path, json=somebody()), 410)
    assert_problem(client.delete(path), 410)
    assert_problem(client.get(f"{path}/billing-account"), 410)
    archived = client.get("/api/patients", params={"email": patient["email"], "archived": "true"}).json()["patients"]
    assert [one["id"] for one in archived] == [patient["id"]]
    assert client.get("/api/patients", params={"email": patient["email"]}).json()["patients"] == []
    restored = client.post(f"{path}/restore")
    assert (restored.status_code, etag_of(restored)) == (200, '"v3"')
    changed = {"version", "updatedAt", "archived"}
    assert {n: v for n, v in restored.json().items() if n not in changed} == {
        n: v for n, v in patient.items() if n not in changed
    }
    assert client.get(path).json() == restored.json()
    assert_problem(client.post(f"{path}/restore"), 409)


def test_history_tells_every_version_who_and_when(
    client: httpx.Client, patient: dict[str, Any], signed_in: dict[str, str]
) -> None:
    """Newest first, without a gap, and each version can be read as it was."""
    me = jwt.decode(signed_in["Authorization"].split()[1], options={"verify_signature": False})["sub"]
    path = path_of(patient)
    client.patch(path, json={"name": "Second Name"})
    client.put(path, json=somebody(name="Third Name"))
    client.delete(path)
    client.post(f"{path}/restore")
    found = client.get(f"{path}/history").json()
    versions = found["versions"]
    assert [v["version"] for v in versions] == [5, 4, 3, 2, 1]
    assert [v["change"] for v in versions] == ["restored", "archived", "replaced", "amended", "registered"]
    assert {v["by"] for v in versions} == {me}
    times = [datetime.fromisoformat(v["at"]) for v in versions]
    assert times == sorted(times, reverse=True)
    assert times[0] <= datetime.now(UTC)
    assert found["nextBeforeVersion"] is None
    names = [client.get(f"{path}/history/{number}").json()["name"] for number in range(1, 6)]
    assert names == ["Ada Lovelace", "Second Name", "Third Name", "Third Name", "Third Name"]
    assert client.get(f"{path}/history/1").json() == patient
    assert client.get(f"{path}/history/4").json()["archived"] is True
    assert_problem(client.get(f"{path}/history/6"), 404)


def test_history_comes_in_pages_and_outlives_archiving(client: httpx.Client, patient: dict[str, Any]) -> None:
    """Following nextBeforeVersion gives every version once; an archived patient has a history too."""
    path = path_of(patient)
    for number in range(6):
        client.patch(path, json={"phone": f"555010{number}"})
    client.delete(path)
    seen: list[int] = []
    before: int | None = None
    while True:
        params = {"limit": 3} if before is None else {"limit": 3, "beforeVersion": before}
        page = client.get(f"{path}/history", params=params).json()
        seen += [v["version"] for v in page["versions"]]
        before = page["nextBeforeVersion"]
        if before is None:
            break
    assert seen == [8, 7, 6, 5, 4, 3, 2, 1]


def test_the_account_is_on_its_way_and_then_there(client: httpx.Client) -> None:
    """Right after registration the account is PENDING or ACTIVE, never missing; soon it is ACTIVE, and stays one."""
    patient = registered(client, email=fresh_email())
    path = f"{path_of(patient)}/billing-account"
    first = client.get(path)
    assert first.status_code == 200
    assert first.json()["status"] in {"PENDING", "ACTIVE"}
    assert first.json()["patientId"] == patient["id"]
    until_true(lambda: client.get(path).json()["status"] == "ACTIVE")
    account = client.get(path).json()
    assert UUID_PATTERN.fullmatch(account["accountId"])
    assert (account["currency"], account["balanceMinor"]) == ("USD", 0)
    assert client.get(path).json() == account
