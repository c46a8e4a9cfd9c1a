"""Commands at a terminal while the platform runs: demo, import, migrate."""

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.end_to_end.conftest import programs
from tests.end_to_end.patients import fresh_word
from tests.end_to_end.program import Program, run_careplane, until_true

# As systems around a clinic write them: fractions with their zeros, extensions beside values, what nobody here reads.
RICH = """{"resourceType": "Patient", "id": "@", "meta": {"tag": [{"code": "x"}]}, "language": "nl",
"text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>é</div>"},
"contained": [{"resourceType": "Organization", "id": "o", "name": "Clinic"}],
"extension": [{"url": "urn:a", "extension": [{"url": "b", "valueDecimal": 63.679710126000}, {"url": "c",
"valueDecimal": 100.00}]}, {"url": "urn:place", "valueAddress": {"city": "Holyoke", "country": "US"}}],
"identifier": [{"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}],
"text": "Medical Record Number"}, "system": "http://hospital.example", "value": "@", "assigner": {"display": "H"}}],
"active": true, "name": [{"use": "official", "family": "Łącki", "_family": {"extension": [{"url": "urn:own",
"valueString": "Ł"}]}, "given": ["Jan", null], "_given": [null, {"extension": [{"url": "urn:n", "valueCode":
"UNK"}]}]}], "telecom": [{"extension": [{"url": "urn:z", "valueBoolean": false}], "system": "phone",
"value": "555-1", "use": "home"}], "gender": "male", "birthDate": "1956-08",
"_birthDate": {"extension": [{"url": "urn:time",
"valueDateTime": "1956-08-01T03:00:00+01:00"}]}, "deceasedDateTime": "2019-03-01T10:00:00-05:00",
"address": [{"extension": [{"url": "urn:geo", "extension": [{"url": "latitude", "valueDecimal": 42.10}]}],
"line": ["1 A Way"], "city": "Lowell", "state": "MA", "postalCode": "01850", "country": "US"}],
"maritalStatus": {"coding": [{"system": "urn:m", "code": "S", "display": "Never Married"}], "text": "S"},
"multipleBirthInteger": 2, "photo": [{"contentType": "image/png", "data": "AAAA"}],
"communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "nl"}]}}],
"generalPractitioner": [{"display": "Dr. X"}], "managingOrganization": {"reference": "#o"}}"""


@pytest.fixture(scope="module")
def running() -> Iterator[Program]:
    """Give a program of this file's own, to be filled."""
    with programs() as start:
        yield start()


@pytest.fixture
def client(running: Program) -> Iterator[httpx.Client]:
    """Give a client of that program."""
    with httpx.Client(base_url=running.url, headers=running.sign_in(), timeout=30.0) as client:
        yield client


def total(client: httpx.Client) -> int:
    """Return how many patients analytics counts."""
    counted: int = client.get("/api/analytics/summary").json()["patientsTotal"]
    return counted


def patients(running: Program) -> int:
    """Return how many patients there are."""
    return int(running.sql("SELECT count(*) AS n FROM patient.patients")[0]["n"])


def test_demo_makes_people_once(running: Program, client: httpx.Client) -> None:
    """The same seed makes the same people, who are there already the second time; accounts and counts follow."""
    before = patients(running)
    assert "50 people registered" in running.command("demo", "--patients", "50", "--seed", "5")
    assert "0 people registered" in running.command("demo", "--patients", "50", "--seed", "5")
    assert "10 people registered" in running.command("demo", "--patients", "60", "--seed", "5")
    assert patients(running) == before + 60
    until_true(lambda: total(client) == before + 60)
    until_true(lambda: running.sql("SELECT count(*) AS n FROM billing.account")[0]["n"] == before + 60)


def people(count: int, word: str) -> list[dict[str, Any]]:
    """Return FHIR Patients that bear a word as their family name."""
    return [
        {
            "resourceType": "Patient",
            "id": f"{word}-{number}",
            "name": [{"family": word, "given": [f"G{number}"]}],
            "birthDate": "1980-01-01",
            "extension": [{"url": "urn:x", "valueDecimal": 0.10}],
        }
        for number in range(count)
    ]


def as_ndjson(resources: list[dict[str, Any]]) -> str:
    """Write one resource a line."""
    return "".join(json.dumps(resource) + "\n" for resource in resources)


def as_bundle(resources: list[dict[str, Any]], indent: int | None = None) -> str:
    """Write a Bundle, with something in it that is no Patient."""
    entries = [{"resource": r} for r in [*resources, {"resourceType": "Observation", "id": "o"}]]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}, indent=indent)


def as_csv(resources: list[dict[str, Any]]) -> str:
    """Write the simple API's columns."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["name", "email", "address", "dateOfBirth", "registeredDate"])
    for number, resource in enumerate(resources):
        family = resource["name"][0]["family"]
        writer.writerow(
            [f"G{number} {family}", f"{family}{number}@example.org", 'A "Street", 1', "1980-01-01", "2024-01-01"]
        )
    return out.getvalue()


FILES = {
    "ndjson": ("p.ndjson", as_ndjson),
    "bundle": ("b.json", as_bundle),
    "pretty bundle": ("b.json", lambda resources: as_bundle(resources, 2)),
    "csv": ("p.csv", as_csv),
}


@pytest.mark.parametrize("kind", FILES)
def test_an_import_is_safe_to_run_again(running: Program, client: httpx.Client, tmp_path: Path, kind: str) -> None:
    """Each kind of file goes in once, however often it is imported; what is new in a longer file is added."""
    name, write = FILES[kind]
    word = fresh_word()
    file = tmp_path / name
    file.write_text(write(people(30, word)))
    assert "30 imported, 0 known already, 0 rejected" in running.command("import", str(file))
    assert "0 imported, 30 known already, 0 rejected" in running.command("import", str(file))
    file.write_text(write(people(37, word)))
    assert "7 imported, 30 known already, 0 rejected" in running.command("import", str(file))
    assert not list(tmp_path.glob("*.rejects*"))
    found = client.get("/api/patients", params={"name": word, "limit": 200}).json()["patients"]
    assert len(found) == 37
    until_true(lambda: client.get(f"/api/patients/{found[0]['id']}/billing-account").json()["status"] == "ACTIVE")


def test_two_imports_at_once_bring_everybody_once(running: Program, client: httpx.Client, tmp_path: Path) -> None:
    """Two terminals, one file: what one brings, the other knows."""
    word = fresh_word()
    file = tmp_path / "p.ndjson"
    file.write_text(as_ndjson(people(800, word)))
    with ThreadPoolExecutor(2) as terminals:
        said = list(terminals.map(lambda _: running.command("import", str(file)), range(2)))
    assert all("800 records read" in one and "0 rejected" in one for one in said)
    count = running.sql("SELECT count(*) AS n FROM patient.patients WHERE name_key LIKE '%' || $1", word)[0]["n"]
    assert count == 800
    until_true(lambda: total(client) == patients(running))


def test_rejected_lines_are_written_down_with_reasons(running: Program, tmp_path: Path) -> None:
    """What cannot go in keeps no other out; its line and the reason are in the rejects file of this run only."""
    word = fresh_word()
    good = people(3, word)
    lines = [
        json.dumps(good[0]),
        "{",
        json.dumps({**good[1], "birthDate": "1980-02-31"}),
        "",
        json.dumps({"resourceType": "Observation"}),
        json.dumps({**good[1], "name": [{"family": "a\0b"}]}),
        json.dumps(good[2]),
    ]
    file = tmp_path / "p.ndjson"
    file.write_text("\n".join(lines))
    said = running.command("import", str(file))
    assert "6 records read" in said
    assert "2 imported, 0 known already, 4 rejected" in said
    rejects = tmp_path / "p.ndjson.rejects.ndjson"
    assert str(rejects) in said
    rejected = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert sorted(one["line"] for one in rejected) == [2, 3, 5, 6]
    assert all(one["reason"] for one in rejected)
    file.write_text(as_ndjson(good))
    assert "1 imported, 2 known already, 0 rejected" in running.command("import", str(file))
    assert not rejects.exists()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_bad_line_does_not_stand_for_a_good_one(running: Program, tmp_path: Path, order: tuple[int, int]) -> None:
    """Of two records of one person the valid one goes in, whichever comes first, in a Bundle of one line too."""
    good = people(1, fresh_word())[0]
    pair = [good, {**good, "birthDate": "never"}]
    resources = [pair[number] for number in order]
    for name, text in (("p.ndjson", as_ndjson(resources)), ("b.json", as_bundle(resources))):
        fresh = text.replace(good["id"], good["id"] + name[0])
        file = tmp_path / name
        file.write_text(fresh)
        said = running.command("import", str(file))
        if order == (1, 0):
            assert "1 imported, 0 known already, 1 rejected" in said
        else:
            assert "1 imported" in said


def test_records_go_in_with_every_field(running: Program, client: httpx.Client, tmp_path: Path) -> None:
    """A record comes out as FHIR as it went in: digits of fractions, extensions, what the registry does not read."""
    word = fresh_word()
    lines = [RICH.replace("@", f"{word}-{number}").replace("\n", " ") for number in range(5)]
    file = tmp_path / "rich.ndjson"
    file.write_text("\n".join(lines))
    assert "5 imported, 0 known already, 0 rejected" in running.command("import", str(file))
    for number, line in enumerate(lines):
        sent = json.loads(line, parse_float=str)
        found = client.get("/api/patients", params={"identifier": f"{word}-{number}"}).json()["patients"]
        assert len(found) == 1
        path = f"/api/patients/{found[0]['id']}"
        stored = json.loads(client.get(path, headers={"Accept": "application/fhir+json"}).content, parse_float=str)
        assert {**stored, "id": None} == {**sent, "id": None}
        assert (found[0]["dateOfBirth"], found[0]["deceased"], found[0]["email"]) == ("1956-08", True, None)


def test_migrating_again_changes_nothing(running: Program) -> None:
    """`careplane dev` has done it."""
    assert "0 migrations applied" in running.command("migrate")


def test_commands_work_without_the_platform_too(scratch: Path) -> None:
    """On a folder on which nothing runs, a command starts the database for itself and stops it."""
    data = scratch / "data"
    said = run_careplane("demo", "--patients", "5", "--data", str(data))
    assert said.returncode == 0, said.stderr
    assert "5 people registered" in said.stdout
    program = Program(data)
    try:
        assert program.postgres() is None
        program.wait_until_ready()
        with httpx.Client(base_url=program.url, headers=program.sign_in()) as client:
            assert len(client.get("/api/patients").json()["patients"]) == 5
    finally:
        program.clear_away()


@pytest.mark.parametrize("command", [(), ("dev",), ("import",), ("users",), ("config",)])
def test_every_command_has_help(command: tuple[str, ...]) -> None:
    """--help says what there is."""
    said = run_careplane(*command, "--help", COLUMNS="120")
    assert said.returncode == 0
    assert len(said.stdout.splitlines()) > 4
