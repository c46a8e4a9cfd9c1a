"""The patient component over HTTP: each call of the API, and what its answer carries."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.gateway.conftest import World

from careplane.components.patient.api import (
    AmendPatient,
    ArchivePatient,
    GetHistory,
    RegisterPatient,
    ReplacePatient,
    SearchPatients,
)
from careplane.kernel import errors

SAMPLE = {
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "address": "12 St James's Square",
    "dateOfBirth": "1985-12-10",
    "registeredDate": "2025-01-15",
}


async def registered(client: httpx.AsyncClient) -> str:
    """Register the sample patient and return the path of the record."""
    answer = await client.post("/api/patients", json=SAMPLE)
    assert answer.status_code == 201
    return answer.headers["location"]


def asked(world: World, kind: type[Any]) -> Any:
    """Return the last request that the registry got, which must be of that kind."""
    request = world.registry.asked[-1][0]
    assert isinstance(request, kind)
    return request


async def test_a_client_of_the_java_sample_registers(world: World) -> None:
    """Its five fields are enough, and come back under their names."""
    answer = await world.client().post("/api/patients", json=SAMPLE)
    assert answer.status_code == 201
    shown = answer.json()
    assert {**SAMPLE, "registeredDate": date(2025, 1, 15).isoformat()}.items() <= shown.items()
    assert answer.headers["location"] == f"/api/patients/{shown['id']}"
    assert answer.headers["etag"] == '"v1"'
    assert UUID(shown["id"]).version == 7
    assert asked(world, RegisterPatient).registered_date == "2025-01-15"


async def test_what_is_null_is_not_sent_on(world: World) -> None:
    """The registry names what is missing; null is as missing as nothing."""
    await world.client().post("/api/patients", json={"name": None, "gender": None, "email": "a@b.org"})
    request = asked(world, RegisterPatient)
    assert (request.name, request.gender, request.email) == ("", None, "a@b.org")


async def test_shapes_are_sent_on(world: World) -> None:
    """The FHIR shapes of the API are the messages of the component."""
    contact = {"relationship": ["N"], "name": {"family": "King", "given": ["W"]}, "telecom": [{"value": "1"}]}
    await world.client().post("/api/patients", json={**SAMPLE, "contacts": [contact]})
    (sent,) = asked(world, RegisterPatient).contacts
    assert (sent.relationship, sent.name.given, sent.telecom[0].value) == (("N",), ("W",), "1")


async def test_reading_gives_the_version_as_an_etag(world: World) -> None:
    """Who has that version already is told so in a few bytes."""
    client = world.client()
    path = await registered(client)
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["etag"], answer.headers["vary"]) == (200, '"v1"', "accept")
    for tag in ('"v1"', 'W/"v1"', '"v7", "v1"', "*"):
        again = await client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"v1"')
    assert (await client.get(path, headers={"If-None-Match": '"v2"'})).status_code == 200


@pytest.mark.parametrize(
    ("accept", "fhir"),
    [
        ("application/fhir+json", True),
        ("application/fhir+json; charset=utf-8", True),
        ("application/fhir+json, application/json;q=0.5", True),
        ("application/fhir+json;q=0.1, application/json", False),
        ("application/json", False),
        ("*/*", False),
        ("text/html", False),
    ],
)
async def test_the_complete_record_is_there_as_fhir(world: World, accept: str, fhir: bool) -> None:
    """Which one it is, Accept says."""
    client = world.client()
    answer = await client.get(await registered(client), headers={"Accept": accept})
    assert answer.headers["content-type"] == ("application/fhir+json" if fhir else "application/json")
    assert ("resourceType" in answer.json()) is fhir
    assert answer.headers["etag"] == '"v1"'


async def test_replacing_needs_no_registered_date(world: World) -> None:
    """What is left out stays; what is null or empty is cleared; the new ETag comes back."""
    client = world.client()
    path = await registered(client)
    kept = {k: v for k, v in SAMPLE.items() if k != "registeredDate"}
    body: dict[str, Any] = {**kept, "phone": None, "identifiers": [], "gender": "female"}
    answer = await client.put(path, json=body, headers={"If-Match": '"v1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"v2"')
    request = asked(world, ReplacePatient)
    assert (request.expected_version, request.registered_date, request.gender) == (1, None, "female")
    assert set(request.cleared) == {"phone", "identifiers"}


async def test_amending_sends_the_patch_on(world: World) -> None:
    """Null means to take away (RFC 7396), and what is not there is not touched."""
    client = world.client()
    path = await registered(client)
    answer = await client.patch(path, json={"name": "Ada King", "phone": None})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"v2"')
    request = asked(world, AmendPatient)
    assert (request.patch, request.expected_version) == ('{"name":"Ada King","phone":null}', None)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_stale_if_match_changes_nothing(world: World, method: str) -> None:
    """412; a weak tag and one of another making are stale too, and * is any version."""
    client = world.client()
    path = await registered(client)
    body = None if method == "DELETE" else SAMPLE
    for tag in ('"v2"', 'W/"v1"', '"other"'):
        answer = await client.request(method, path, json=body, headers={"If-Match": tag})
        assert answer.status_code == 412, tag
    assert (await client.request(method, path, json=body, headers={"If-Match": "*"})).status_code < 300


@pytest.mark.parametrize("tag", ["v1", '"v1', "1", '"v1", "v2"', ""])
async def test_an_if_match_that_is_none_is_refused(world: World, tag: str) -> None:
    """400 says how it is written."""
    answer = await world.client().delete(
        "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057", headers={"If-Match": tag}
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "If-Match")


async def test_archiving_and_restoring(world: World) -> None:
    """204 without a body, then 410, and after a restore 200 again."""
    client = world.client()
    path = await registered(client)
    gone = await client.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert asked(world, ArchivePatient).expected_version is None
    assert (await client.get(path)).status_code == 410
    back = await client.post(f"{path}/restore")
    assert (back.status_code, back.headers["etag"], back.json()["archived"]) == (200, '"v3"', False)
    assert (await client.get(path)).status_code == 200


async def test_the_list_can_be_paged_through(world: World) -> None:
    """The cursor is the registry's, sealed; it comes back to it as it was."""
    world.registry.next_after = '["inner",1]'
    client = world.client()
    await registered(client)
    page = (await client.get("/api/patients", params={"name": "ada", "sort": "name"})).json()
    assert [p["name"] for p in page["patients"]] == ["Ada Lovelace"]
    assert "inner" not in page["nextCursor"]
    query = {"name": "ada", "sort": "name", "cursor": page["nextCursor"]}
    assert (await client.get("/api/patients", params={**query, "limit": 7})).status_code == 200
    request = asked(world, SearchPatients)
    assert (request.after, request.limit, request.name) == ('["inner",1]', 7, "ada")


async def test_a_cursor_belongs_to_its_search(world: World) -> None:
    """With another filter or order it is refused, and with a letter changed as well."""
    world.registry.next_after = "x"
    client = world.client()
    cursor = (await client.get("/api/patients", params={"name": "ada"})).json()["nextCursor"]
    flipped = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for query in ({"name": "eve", "cursor": cursor}, {"cursor": cursor}, {"name": "ada", "cursor": flipped}):
        answer = await client.get("/api/patients", params=query)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


async def test_every_filter_is_sent_on(world: World) -> None:
    """Under the names of the API."""
    query = {"email": "a@b.org", "dateOfBirth": "1990-01-01", "identifier": "s|1", "q": "x", "archived": "true"}
    answer = await world.client().get("/api/patients", params=query)
    assert answer.json() == {"patients": [], "nextCursor": None}
    request = asked(world, SearchPatients)
    assert (request.email, request.date_of_birth, request.identifier) == ("a@b.org", "1990-01-01", "s|1")
    assert (request.q, request.archived, request.limit) == ("x", True, 50)


async def test_the_history_and_the_account(world: World) -> None:
    """Who and when, the record as it was, and the account on its way."""
    client = world.client()
    path = await registered(client)
    history = (await client.get(f"{path}/history", params={"limit": 1, "beforeVersion": 9})).json()
    assert history["versions"][0] == {
        "version": 1,
        "at": "2025-01-15T09:30:00Z",
        "by": "user-1",
        "change": "registered",
    }
    assert history["nextBeforeVersion"] == 1
    assert asked(world, GetHistory).before_version == 9
    assert (await client.get(f"{path}/history/1")).json()["version"] == 1
    account = (await client.get(f"{path}/billing-account")).json()
    assert (account["status"], account["accountId"]) == ("PENDING", None)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (errors.NotFound(), 404),
        (errors.AlreadyExists(), 409),
        (errors.StillRunning(), 409),
        (errors.IdempotencyMismatch(), 422),
        (errors.Overloaded(retry_after=2.5), 503),
        (errors.DeadlineExceeded(), 504),
    ],
)
async def test_what_the_registry_refuses_is_a_problem(world: World, fault: Exception, status: int) -> None:
    """Its errors come through in the words of HTTP."""
    world.registry.fault = fault
    answer = await world.client().post("/api/patients", json=SAMPLE)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.headers.get("retry-after") == ("3" if status == 503 else None)


async def test_a_fault_of_ours_tells_nothing_about_itself(world: World) -> None:
    """500 in the same shape, without a word of the exception."""
    world.registry.fault = RuntimeError("secret")
    answer = await world.client().get("/api/patients")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["type"] == "urn:careplane:problem:internal"
