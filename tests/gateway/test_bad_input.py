"""Bad input: always a 4xx that says what is wrong, never a 5xx, and never anything for the component to do."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gateway.conftest import World

JSON = {"Content-Type": "application/json"}
GOOD = {"name": "A", "email": "a@b.org", "address": "x", "dateOfBirth": "1990-01-01"}
UNIT = "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057"
DEEP = b"[" * 100_000

BODIES = [
    (b"", "(body)", "is required: send a JSON object"),
    (b"{", "(body)", "is not well-formed JSON"),
    (b"{}x", "(body)", "is not well-formed JSON"),
    (b"\xff", "(body)", "is not well-formed JSON"),
    (b'\xef\xbb\xbf{"name":"A"}', "(body)", "is not well-formed JSON"),
    (b'{"name":"\xff"}', "(body)", "is not well-formed JSON"),
    (b'{"name":"\\ud800"}', "(body)", "is not well-formed JSON"),
    (b'{"name":"\\udc00x"}', "(body)", "is not well-formed JSON"),
    (b'{"name":"a\x00b"}', "(body)", "is not well-formed JSON"),
    (b'{"name":NaN}', "(body)", "is not well-formed JSON"),
    (b"null", "(body)", "must be a JSON object"),
    (b"[]", "(body)", "must be a JSON object"),
    (b'"text"', "(body)", "must be a JSON object"),
    (b"7", "(body)", "must be a JSON object"),
    (DEEP, "(body)", "must be a JSON object"),
    (b'{"name":' + DEEP, "(body)", "is nested too deeply"),
    (b'{"other":' + DEEP, "(body)", "is nested too deeply"),
    (b'{"name":' + b'{"a":' * 100_000, "(body)", "is nested too deeply"),
    (b'{"name":"a\\u0000b"}', "name", "must not contain NUL"),
    (b'{"contacts":[{"name":{"text":"\\u0000"}}]}', "contacts[0].name.text", "must not contain NUL"),
    (b'{"name":5}', "name", "must be text, not a whole number"),
    (b'{"name":1e999}', "name", "is a number out of range"),
    (b'{"name":' + b"9" * 5000 + b"}", "name", "is a number out of range"),
    (b'{"name":["A"]}', "name", "must be text, not a list"),
    (b'{"deceased":"yes"}', "deceased", "must be true or false, not text"),
    (b'{"identifiers":{}}', "identifiers", "must be a list, not an object"),
    (b'{"identifiers":[5]}', "identifiers[0]", "must be an object, not a whole number"),
    (b'{"telecom":[{"rank":"first"}]}', "telecom[0].rank", "must be a whole number, not text"),
    (b'{"nmae":"A"}', "nmae", "is not a field of this request"),
    (b'{"a secret person":"A"}', "(unknown)", "is not a field of this request"),
    (b'{"contacts":[{"nmae":"A"}]}', "contacts[0].nmae", "is not a field of this request"),
    (b'{"id":"x"}', "id", "is set by the platform"),
    (b'{"medicalRecordNumber":"x"}', "medicalRecordNumber", "is set by the platform"),
    (b'{"version":3}', "version", "is set by the platform"),
]


@pytest.mark.parametrize(("body", "field", "said"), BODIES, ids=[str(body[:30]) for body, _, _ in BODIES])
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/patients"), ("PUT", UNIT), ("PATCH", UNIT)])
async def test_a_body_that_does_not_fit_is_refused(
    world: World, method: str, path: str, body: bytes, field: str, said: str
) -> None:
    """The field at fault is named, and the value is not repeated."""
    answer = await world.client().request(method, path, content=body, headers=JSON)
    assert answer.status_code == 400, answer.text
    faults = {fault["field"]: fault["message"] for fault in answer.json()["errors"]}
    assert faults[field].startswith(said)
    assert world.registry.asked == []


async def test_all_faults_of_form_are_told_at_once(world: World) -> None:
    """Each wrong field has its line."""
    body = {"name": 1, "email": [], "deceased": "no", "x": 1, "id": "y"}
    answer = await world.client().post("/api/patients", json=body)
    assert {fault["field"] for fault in answer.json()["errors"]} == {"name", "email", "deceased", "x", "id"}


async def test_text_about_nul_is_no_nul(world: World) -> None:
    """An escaped backslash before u0000 makes it six harmless letters."""
    answer = await world.client().post("/api/patients", content=b'{"name":"a\\\\u0000b"}', headers=JSON)
    assert answer.status_code == 201
    assert answer.json()["name"] == "a\\u0000b"


@pytest.mark.parametrize("name", ["Ωλγα", "王小明", "محمد", "नमस्ते", "🧑‍⚕️", "Ǻström", "e\u0301", "\u202eabc"])
async def test_names_of_every_script_come_back_as_they_were_sent(world: World, name: str) -> None:
    """Nothing is normalised on the way."""
    client = world.client()
    made = await client.post("/api/patients", json={**GOOD, "name": name})
    read = await client.get(made.headers["location"])
    assert read.json()["name"] == made.json()["name"] == name


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/JSON;charset=UTF-8", 201),
        ('application/json; charset="utf-8"', 201),
        ("application/json; charset=utf-16", 415),
        ("application/merge-patch+json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/msgpack", 415),
        ("", 415),
        (None, 415),
    ],
)
async def test_only_json_is_taken(world: World, sent: str | None, status: int) -> None:
    """Anything else is answered 415, with what would be taken."""
    headers = {} if sent is None else {"Content-Type": sent}
    answer = await world.client().post("/api/patients", content=json.dumps(GOOD).encode(), headers=headers)
    assert answer.status_code == status
    if status == 415:
        assert answer.headers["accept"] == "application/json"


async def test_a_patch_may_be_a_merge_patch(world: World) -> None:
    """Both media types are taken, and told in Accept-Patch."""
    client = world.client()
    location = (await client.post("/api/patients", json=GOOD)).headers["location"]
    patch = b'{"name":"B"}'
    for media in ("application/merge-patch+json", "application/json"):
        answer = await client.patch(location, content=patch, headers={"Content-Type": media})
        assert answer.status_code == 200
    answer = await client.patch(location, content=patch, headers={"Content-Type": "application/json-patch+json"})
    assert answer.headers["accept-patch"] == "application/merge-patch+json, application/json"


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("limit=0", "limit", "must be a whole number, at least 1"),
        ("limit=201", "limit", "must be a whole number, at most 200"),
        ("limit=x", "limit", "must be a whole number, not text"),
        ("limit=" + "9" * 5000, "limit", "is a number out of range"),
        ("limit=", "limit", "must be a whole number"),
        ("limit=1&limit=2", "limit", "is given more than once"),
        ("page=2", "page", "is not a parameter of this path; known are archived, cursor, dateOfBirth"),
        ("date_of_birth=x", "date_of_birth", "is not a parameter of this path"),
        ("%3Cscript%3E=1", "(unknown)", "is not a parameter of this path"),
        ("archived=perhaps", "archived", "must be true or false"),
        ("name=%00", "name", "must not contain NUL"),
        ("name=%ff", "name", "is not UTF-8 text"),
        ("name=%ed%a0%80", "name", "is not UTF-8 text"),
        ("name=%zz", "name", "is not UTF-8 text"),
        ("cursor=forged", "cursor", "is not a cursor of this search"),
        ("cursor=%C3%A9", "cursor", "is not a cursor of this search"),
        ("cursor=" + "A" * 5000, "cursor", "is not a cursor of this search"),
    ],
)
async def test_a_query_that_does_not_fit_is_refused(world: World, query: str, field: str, said: str) -> None:
    """Unknown, repeated and wrong parameters are named."""
    answer = await world.client().get(f"/api/patients?{query}")
    assert answer.status_code == 400, answer.text
    faults = {fault["field"]: fault["message"] for fault in answer.json()["errors"]}
    assert faults[field].startswith(said)
    assert world.registry.asked == []


async def test_a_query_that_is_too_long_is_refused(world: World) -> None:
    """By bytes, and by parameters."""
    for query in ("name=" + "x" * 9000, "&".join("name=x" for _ in range(60))):
        answer = await world.client().get(f"/api/patients?{query}")
        assert answer.status_code == 400
        assert "too long" in answer.json()["detail"]


@pytest.mark.parametrize("term", ["'; DROP TABLE patients; --", "%' OR 1=1 --", "\\", '"', "a&b", "a+b", "%"])
async def test_sql_in_a_search_term_is_a_search_term(world: World, term: str) -> None:
    """It reaches the component letter by letter."""
    answer = await world.client().get("/api/patients", params={"q": term})
    assert answer.status_code == 200
    assert getattr(world.registry.asked[0][0], "q") == term  # noqa: B009 - the request is one of several kinds


@pytest.mark.parametrize(
    "odd", ["1", "x", "../../etc/passwd", "01890a5d-ac96-774b-bcce-b302099a805", "{id}", "é", "0" * 999]
)
async def test_an_id_that_is_none_is_refused(world: World, odd: str) -> None:
    """400 says that a UUID is wanted; a path of another length does not exist."""
    answer = await world.client().get(f"/api/patients/{odd}")
    if answer.status_code != 404 or "/" not in odd:
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "patientId"


@pytest.mark.parametrize("version", ["0", "-1", "x", "1.5", "99999999999999999999"])
async def test_a_version_that_is_none_is_refused(world: World, version: str) -> None:
    """Versions count from 1."""
    answer = await world.client().get(f"{UNIT}/history/{version}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "version")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.sampled_from(["name", "email", "identifiers", "names", "deceased", "contacts", "links", "gender", "id"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(FIELDS | st.text(max_size=5), JSON_VALUES, max_size=5))
async def test_no_json_ends_in_a_5xx(world: World, body: dict[str, Any]) -> None:
    """Whatever object is sent, it is taken or refused."""
    answer = await world.client().post("/api/patients", content=json.dumps(body).encode(), headers=JSON)
    assert answer.status_code in {201, 400, 429}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
async def test_no_bytes_end_in_a_5xx(world: World, body: bytes) -> None:
    """Whatever bytes are sent, they are refused."""
    answer = await world.client().put(UNIT, content=body, headers=JSON)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "body",
    [{f"x{n}": 1 for n in range(5000)}, {"identifiers": [{"value": "\0"}] * 5000}],
    ids=["unknown fields", "texts with NUL"],
)
async def test_a_long_list_of_faults_is_cut_short(world: World, body: dict[str, Any]) -> None:
    """An answer is never many times as long as what was sent."""
    answer = await world.client().post("/api/patients", json=body)
    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == 100
