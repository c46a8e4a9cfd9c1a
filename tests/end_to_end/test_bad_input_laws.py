"""Laws of input over HTTP, tried with what hypothesis thinks of: refused with a reason, or stored exactly as sent."""

import json
import unicodedata
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.end_to_end.patients import assert_problem, fresh_email, somebody
from tests.end_to_end.program import Program

TRIES = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
FIELDS = (
    *somebody(),
    *("gender", "phone", "identifiers", "names", "telecom", "addresses", "contacts", "communication", "links"),
    *("deceased", "deceasedAt", "maritalStatus", "id", "version", "archived"),
)
TEXTS = st.text(st.characters(), max_size=30)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)
STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=100).filter(
    lambda text: bool(text.strip())
)
SCRIPTS = (
    "Zoë Müller-Østergård",
    "Nguyễn Thị Ánh Tuyết",
    "Александра Щербакова",
    "Ελευθερία Παπαδοπούλου",
    "محمد عبد الرحمن",
    "שרה בת־אברהם",
    "राजेश कुमार शर्मा",
    "ராஜேஷ் குமார்",
    "సుబ్రహ్మణ్యం",
    "বিকাশ চট্টোপাধ্যায়",
    "สมชาย ใจดี",
    "ချမ်းမြေ့",
    "ភីរុណ",
    "ལྷ་མོ་",
    "გიორგი მაისურაძე",
    "Արամ Խաչատրյան",
    "አበበ በቂላ",
    "王小明",
    "田中さくら",
    "タナカ サクラ",
    "김철수",
    "ᏣᎳᎩ",
    "ᐃᓄᒃ",
    "𠮷田𝒜",
    "O’Brien–Smith",
    "e\u0301cole",
    "école",
    "ﬁne",
    "İstanbul ıssız",
    "\u202eright to left\u202c",
    "👩🏽‍⚕️ Ada",
    "  spaces around  ",
    "tab\tinside",
    "line\nbreak",
    'quote " and \\ backslash',
    "</script><b>",
    "${jndi:x} {{7*7}} %s",
    "\u200b\u200d\ufeffx",
)


def send(client: httpx.Client, method: str, path: str, body: Any) -> httpx.Response:
    """Send a value as JSON, lone surrogates, NaN and all."""
    return client.request(method, path, content=json.dumps(body), headers={"Content-Type": "application/json"})


def refused(answer: httpx.Response) -> bool:
    """Tell whether an answer is a refusal, which must be a problem with a reason."""
    if answer.is_success:
        return False
    assert 400 <= answer.status_code < 500, answer.text
    assert_problem(answer, answer.status_code, *[fault["field"] for fault in answer.json().get("errors", [])])
    return True


def not_dots(segment: str) -> bool:
    """Tell whether a path's segment reaches the server: a client takes dots away itself (RFC 3986, section 5.2.4)."""
    return segment not in {".", ".."}


@TRIES
@given(field=st.sampled_from(FIELDS), value=ANYTHING)
def test_any_value_of_any_field_is_taken_or_refused(client: httpx.Client, field: str, value: Any) -> None:
    """One field of a registration is anything at all: 201 or a 4xx with reasons, and what is taken can be read."""
    body = somebody(**{field: value})
    answer = send(client, "POST", "/api/patients", body)
    if refused(answer):
        if isinstance(body["email"], str) and "\x00" not in body["email"] and body["email"].isascii():
            found = client.get("/api/patients", params={"email": body["email"]})
            assert not found.is_success or not found.json()["patients"] or answer.status_code == 409
    else:
        assert client.get(answer.headers["location"]).json() == answer.json()


@TRIES
@given(body=ANYTHING, method=st.sampled_from(["POST", "PUT", "PATCH"]))
def test_any_body_is_answered_in_kind(client: httpx.Client, body: Any, method: str) -> None:
    """A body is anything at all: never a 5xx."""
    path = "/api/patients" if method == "POST" else "/api/patients/01890a5d-ac96-774b-bcce-b302099a8057"
    assert refused(send(client, method, path, body))


@TRIES
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_answered_in_kind(client: httpx.Client, raw: bytes) -> None:
    """A body is any bytes: never a 5xx, and hardly a patient."""
    answer = client.post("/api/patients", content=raw, headers={"Content-Type": "application/json"})
    assert refused(answer)


@TRIES
@given(
    parameter=st.sampled_from(
        ["name", "q", "email", "identifier", "dateOfBirth", "sort", "cursor", "limit", "archived"]
    ),
    value=st.one_of(st.binary(max_size=40), TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))),
)
def test_any_query_is_answered_in_kind(client: httpx.Client, parameter: str, value: bytes) -> None:
    """A parameter is any bytes: a page, or a refusal that names it."""
    answer = client.get(f"/api/patients?{parameter}={quote(value)}")
    if refused(answer):
        assert [fault["field"] for fault in answer.json()["errors"]] == [parameter]


@TRIES
@given(segment=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(not_dots))
def test_any_id_is_answered_in_kind(client: httpx.Client, segment: str) -> None:
    """An id is any text: never a 5xx."""
    assert refused(client.get(f"/api/patients/{quote(segment, safe='')}"))


@TRIES
@given(name=STORABLE)
def test_what_is_taken_comes_back_exactly(client: httpx.Client, name: str) -> None:
    """A name of any characters comes back letter for letter, from the answer, from reading and from the list."""
    email = fresh_email()
    answer = send(client, "POST", "/api/patients", somebody(name=name, email=email))
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == name
    assert client.get(answer.headers["location"]).json()["name"] == name
    assert client.get("/api/patients", params={"email": email}).json()["patients"][0]["name"] == name


@pytest.mark.parametrize("name", SCRIPTS)
def test_names_of_every_script_come_back_exactly(program: Program, client: httpx.Client, name: str) -> None:
    """Not normalised, not trimmed, not escaped: in every field that holds a name, and in FHIR."""
    body = somebody(
        name=name,
        address=name,
        names=[{"text": name, "family": name, "given": [name, "x"]}],
        contacts=[{"name": {"text": name}}],
    )
    answer = client.post("/api/patients", json=body)
    assert answer.status_code == 201, answer.text
    path = answer.headers["location"]
    for view in (answer.json(), client.get(path).json(), client.get(f"{path}/history/1").json()):
        assert (view["name"], view["address"]) == (name, name)
        assert any(entry.get("family") == name and entry["given"] == [name, "x"] for entry in view["names"])
        assert view["contacts"][0]["name"]["text"] == name
    fhir = client.get(path, headers={"Accept": "application/fhir+json"}).json()
    assert any(entry.get("family") == name for entry in fhir["name"])
    assert name.encode() in client.get(path).content or json.dumps(name)[1:-1] in client.get(path).text
    visible = [c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] == "L"]
    if visible:
        found = client.get("/api/patients", params={"q": name.strip(), "limit": 200})
        assert found.status_code == 200, found.text
        assert answer.json()["id"] in [one["id"] for one in found.json()["patients"]]
