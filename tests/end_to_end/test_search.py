"""Finding patients by name over HTTP: any order, no accents, prefixes, and one slip a word."""

import re
from typing import Any

import httpx
import pytest
from tests.end_to_end.patients import assert_problem, fresh_word, registered


def found(client: httpx.Client, **params: Any) -> list[str]:
    """Return the ids found."""
    answer = client.get("/api/patients", params={"limit": 200, **params})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["patients"]]


@pytest.mark.parametrize("parameter", ["name", "q"])
def test_any_order_accents_case_and_prefixes(client: httpx.Client, parameter: str) -> None:
    """However the words of a name are written, the patient is found; with a word that is not theirs they are not."""
    word = fresh_word()
    patient = registered(client, name=f"Zoë Müller-Østergård {word.capitalize()}ý")
    fitting = (
        f"zoe muller ostergard {word}y",
        f"{word}y zoe",
        f"OSTERGARD {word.upper()}Ý",
        f"Mul {word[:6]}",
        f"müller   {word}ý",
        f"zo ost {word[:4]}",
    )
    for text in fitting:
        assert patient["id"] in found(client, **{parameter: text}), text
    assert patient["id"] not in found(client, **{parameter: f"{word}y wilhelmina"})


@pytest.mark.parametrize("parameter", ["name", "q"])
def test_one_slip_a_word(client: httpx.Client, parameter: str) -> None:
    """One letter wrong, missing, too many or swapped in every word still finds; two in one word do not."""
    first, last = fresh_word(7), fresh_word(8)
    patient = registered(client, name=f"{first} {last}")
    wrong = first[:3] + "a" + first[4:]
    missing = last[:3] + last[4:]
    extra = first[:4] + "a" + first[4:]
    swapped = last[:2] + last[3] + last[2] + last[4:] if last[2] != last[3] else last
    for text in (wrong, missing, extra, swapped, f"{wrong} {missing}", f"{swapped} {extra}", f"{last} {first}"):
        assert patient["id"] in found(client, **{parameter: text}), text
    for text in (first[:2] + "aa" + first[4:], f"{first} {last[:1]}ae{last[3:]}"):
        assert patient["id"] not in found(client, **{parameter: text}), text


def test_the_best_fit_comes_first(client: httpx.Client) -> None:
    """As written before begun, begun before misspelt."""
    word = fresh_word(8)
    slip, begun, exact = (
        registered(client, name=name)["id"] for name in (f"Abe {word[:4]}a{word[5:]}", f"Abe {word}son", f"Abe {word}")
    )
    assert found(client, name=word) == [exact, begun, slip]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("王小明", "小明"),
        ("Мария Кузнецова", "кузнецова МАРИЯ"),
        ("Ελένη Παπαδοπούλου", "παπαδοπουλου"),
        ("محمد عبد الرحمن", "عبد محمد"),
        ("יעל כהן", "כהן"),
        ("राजेश कुमार", "कुमार"),
        ("さくら 田中", "サクラ"),
        ("김철수", "철수"),
        ("Þórður Ægisson", "thordur aegisson"),
        ("Nguyễn Thị Ánh", "nguyen anh"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("O’Brien-Smith", "obrien"),
    ],
)
def test_names_of_every_script_are_found(client: httpx.Client, name: str, text: str) -> None:
    """Names are found in their own script, however they are spelt, and come back as they were sent."""
    patient = registered(client, name=name)
    assert patient["name"] == name
    assert patient["id"] in found(client, name=text)
    assert patient["id"] in found(client, q=text)


def test_a_changed_name_is_found_by_the_new_one(client: httpx.Client) -> None:
    """The index follows the record, at once."""
    old, new = fresh_word(), fresh_word()
    patient = registered(client, name=old)
    client.patch(f"/api/patients/{patient['id']}", json={"name": new})
    assert found(client, name=new) == [patient["id"]]
    assert found(client, name=old) == []


def test_q_finds_numbers_and_addresses_too(client: httpx.Client) -> None:
    """What somebody types into a search box may be a number, an e-mail address or its beginning, or a phone number."""
    word = fresh_word()
    patient = registered(
        client,
        email=f"{word}@example.org",
        phone="+31 6 5550 1" + str(len(word)) + "77",
        identifiers=[{"value": "id" + word}],
    )
    mrn = patient["medicalRecordNumber"]
    for text in (mrn, mrn[:-2], f"{word}@example.org", f"{word}@", word, "id" + word, patient["phone"]):
        assert patient["id"] in found(client, q=text), text


SQL = (
    "'; DROP TABLE patients; --",
    "' OR '1'='1",
    "%",
    "_",
    "\\",
    "qzxjv%' --",
    "{} $1 %(qzxjv)s",
    "E'\\x41'",
    "x') UNION SELECT password_hash FROM identity.users --",
)


@pytest.mark.parametrize("text", SQL)
@pytest.mark.parametrize("parameter", ["name", "q", "email", "identifier"])
def test_sql_is_only_text(client: httpx.Client, parameter: str, text: str) -> None:
    """SQL in a search term is refused or finds whom its bare words find, which is nobody as a rule; all stays there."""
    answer = client.get("/api/patients", params={parameter: text})
    if answer.status_code == 200:
        words = " ".join(re.findall(r"[^\W_]+", text)) if parameter in {"name", "q"} else ""
        alike = client.get("/api/patients", params={parameter: words}).json()["patients"] if words else []
        assert answer.json()["patients"] == alike
    else:
        assert_problem(answer, 400, parameter)
    assert client.get("/api/patients", params={"limit": 1}).status_code == 200
