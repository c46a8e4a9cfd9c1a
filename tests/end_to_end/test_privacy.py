"""Personal data stays in the record: canaries in every field are in no log, error, metric, URL, audit row or event."""

import json
import uuid
from pathlib import Path

import httpx
import pytest
from tests.end_to_end.canaries import BIRTH, PHONE, Cage, patient
from tests.end_to_end.conftest import StartProgram, programs
from tests.end_to_end.program import Program, run_careplane, until_true


def live_through(client: httpx.Client, cage: Cage) -> None:
    """Register, read, find, change, collide, archive and restore a patient made of canaries."""
    body = patient(cage)
    keyed = {"Idempotency-Key": "privacy-1"}
    first = client.post("/api/patients", json=body, headers=keyed)
    assert first.status_code == 201, first.text
    path = first.headers["location"]
    answers = [
        client.post("/api/patients", json=body, headers=keyed),
        client.post("/api/patients", json={**patient(cage), "email": body["email"]}),
        client.post("/api/patients", json=patient(cage), headers=keyed),
        client.get(path),
        client.get(path, headers={"Accept": "application/fhir+json"}),
        client.put(path, json=patient(cage)),
        client.patch(path, json={"name": cage.bird(), "email": cage.mail(), "phone": PHONE}),
        client.patch(path, json={"name": cage.bird()}, headers={"If-Match": '"v1"'}),
        client.get(f"{path}/history"),
        client.get(f"{path}/history/1"),
        client.get(f"{path}/billing-account"),
        client.delete(path),
        client.get(path),
        client.patch(path, json={"name": cage.bird()}),
        client.post(f"{path}/restore"),
        *(
            client.get("/api/patients", params={"limit": 1, parameter: value})
            for parameter, value in (
                ("name", body["name"].split()[0]),
                ("q", body["phone"]),
                ("q", cage.bird()),
                ("q", cage.mail()),
                ("email", body["email"]),
                ("identifier", cage.bird()),
                ("dateOfBirth", BIRTH),
            )
        ),
    ]
    assert all(answer.status_code < 500 for answer in answers)
    cage.answers += [first, *answers]


def go_wrong(client: httpx.Client, cage: Cage) -> None:
    """Send canaries in bodies that are refused: values, fields, bytes."""
    bird, post = cage.bird, client.post
    media = {"Content-Type": "application/json"}
    fields = (
        "name",
        "email",
        "address",
        "dateOfBirth",
        "registeredDate",
        "gender",
        "phone",
        "names",
        "deceasedAt",
        "id",
    )
    cage.answers += [
        *(post("/api/patients", json={**patient(cage), field: bird() * 40}) for field in fields),
        *(post("/api/patients", json={**patient(cage), field: {cage.field(): bird()}}) for field in fields),
        post("/api/patients", json={**patient(cage), cage.field(): bird()}),
        post("/api/patients", json={**patient(cage), "names": [{cage.field(): bird()}]}),
        post("/api/patients", json={**patient(cage), "name": bird() + "\0"}),
        post("/api/patients", content=f'{{"name": "{bird()}\\ud800"}}', headers=media),
        post("/api/patients", content=f'{{"name": "{bird()}', headers=media),
        post("/api/patients", content=f'{{"name": "{bird()}"}}'.encode() + b"\xff", headers=media),
        post("/api/patients", content=bird(), headers={"Content-Type": f"text/{bird()}"}),
        post("/api/patients", json=patient(cage), headers={"Idempotency-Key": f"{bird()} {bird()}"}),
    ]


def go_astray(client: httpx.Client, cage: Cage) -> None:
    """Send canaries in sign-ins, queries, paths, methods, headers and tokens that lead nowhere."""
    bird, post = cage.bird, client.post
    cage.answers += [
        post("/auth/login", json={"email": cage.mail(), "password": bird()}),
        post("/auth/login", json={"email": "testuser@test.com", "password": bird()}),
        post("/auth/login", json={"email": bird(), "password": bird()}),
        post("/auth/login", json={"email": [bird()], cage.field(): bird()}),
        *(
            client.get(f"/api/patients?{query}")
            for query in (
                f"{cage.field()}=1",
                f"sort={bird()}",
                f"cursor={bird()}",
                f"limit={bird()}",
                f"dateOfBirth={bird()}",
            )
        ),
        client.get("/api/patients", params={"q": bird() * 20}),
        client.get(f"/api/patients/{bird()}"),
        client.get(f"/{bird()}/{bird()}"),
        client.request(bird().upper(), "/api/patients"),
        client.get("/api/patients", headers={"Authorization": f"Bearer {bird()}.{bird()}.{bird()}"}),
        client.get("/api/patients", headers={"X-Careplane-User": bird(), "X-Forwarded-For": bird(), "Cookie": bird()}),
        client.patch(f"/api/patients/{uuid.uuid4()}", json={"name": bird()}, headers={"If-Match": bird()}),
        client.get("/api/analytics/registrations", params={"from": bird()}),
    ]


def fail_inside(program: Program, client: httpx.Client, cage: Cage) -> None:
    """Send canaries while the database is away, when the program has most to write about what it could not do."""
    postgres = program.postgres()
    assert postgres is not None
    postgres.stop(program.data.resolve() / "postgres", 10.0)
    cage.answers += [
        client.post("/api/patients", json=patient(cage)),
        client.get("/api/patients", params={"q": cage.bird()}),
        client.post("/auth/login", json={"email": cage.mail(), "password": cage.bird()}),
        client.get("/health/ready"),
    ]
    assert {answer.status_code for answer in cage.answers[-4:-1]} == {503}


TABLES = """
SELECT schemaname || '.' || tablename AS name FROM pg_tables
WHERE schemaname IN ('billing', 'analytics', 'identity')
   OR (schemaname = 'patient' AND tablename IN ('audit', 'outbox', 'inbox', 'dead_letter', 'billing_intents'))
"""


def tables_of(program: Program) -> dict[str, str]:
    """Return what is in the tables that must hold no personal data of patients, as text."""
    names = [str(row["name"]) for row in program.sql(TABLES)]
    return {name: json.dumps(program.sql(f"SELECT t::text FROM {name} t")) for name in names}


@pytest.fixture(scope="module")
def cage() -> Cage:
    """Give the canaries after all of them have flown, with all that the program has said, at its most talkative."""
    cage = Cage()
    with programs() as start:
        program = start(CAREPLANE_LOGGING_LEVEL="debug")
        with httpx.Client(base_url=program.url, headers=program.sign_in(), timeout=30.0) as client:
            live_through(client, cage)
            go_wrong(client, cage)
            go_astray(client, cage)
            until_true(lambda: client.get("/api/analytics/summary").json()["patientsTotal"] == 1)
            until_true(lambda: not program.sql("SELECT 1 FROM patient.billing_intents"))
            cage.tables = tables_of(program)
            fail_inside(program, client, cage)
            cage.metrics = program.metrics()
        program.stop()
        cage.told = program.said()
        logs = [program.data / "postgres-start.log", *program.data.glob("postgres/log/*")]
        cage.told += "".join(log.read_text(errors="replace") for log in logs)
    return cage


def test_no_canary_is_in_the_logs(cage: Cage) -> None:
    """Neither the program's output at level debug nor PostgreSQL's logs hold one."""
    assert len(cage.told.splitlines()) > len(cage.answers), "it logged too little for this to mean anything"
    assert cage.found_in(cage.told) == []


def test_no_canary_is_in_an_error(cage: Cage) -> None:
    """A problem names the field at fault, an unknown one too, never the value in it."""
    problems = [answer for answer in cage.answers if answer.status_code >= 400]
    assert len(problems) > 40
    for answer in problems:
        assert set(cage.found_in(answer.text)) <= cage.echoed, answer.text


def test_no_canary_is_in_a_header_or_a_url(cage: Cage) -> None:
    """Location, ETag, cursors and every other header name the record by its id."""
    for answer in cage.answers:
        assert cage.found_in(str(answer.headers)) == []
        body = answer.json() if answer.headers.get("content-type") == "application/json" and answer.content else {}
        assert cage.found_in(str(body.get("nextCursor", ""))) == []


def test_no_canary_is_in_the_metrics(cage: Cage) -> None:
    """Labels are templates and names of parts."""
    assert "careplane_http_requests_total" in cage.metrics
    assert cage.found_in(cage.metrics) == []


def test_no_canary_left_the_registry(cage: Cage) -> None:
    """Audit rows and events name ids; billing, analytics and identity know no more of a patient than they count."""
    assert {"patient.audit", "patient.outbox", "billing.account", "analytics.patient_fact", "identity.audit"} <= set(
        cage.tables
    )
    for name, rows in cage.tables.items():
        assert cage.found_in(rows) == [], name
    assert "register" in cage.tables["patient.audit"]


@pytest.mark.parametrize("name", ["people.ndjson", "people.csv"])
def test_no_canary_is_in_what_an_import_says(start_program: StartProgram, tmp_path: Path, name: str) -> None:
    """Rejected lines are told by number and reason; neither terminal nor rejects file repeats what they hold."""
    cage = Cage()
    good = {"resourceType": "Patient", "name": [{"family": cage.bird()}], "birthDate": BIRTH, "id": cage.bird()}
    # The good one shares its id with those that are rejected before it, and must go in all the same.
    lines: list[str] = [
        json.dumps({**good, field: cage.bird()}) for field in ("birthDate", "gender", "name", "resourceType")
    ]
    lines += [
        json.dumps(good),
        cage.bird(),
        f'{{"resourceType": "Patient", "{cage.bird()}',
        json.dumps({cage.bird(): cage.bird()}),
    ]
    if name.endswith("csv"):
        lines = [
            "name,email,address,dateOfBirth,gender,phone",
            f"{cage.bird()},{cage.mail()},{cage.bird()},{BIRTH},,{PHONE}",
        ]
        lines += [f"{cage.bird()},{cage.bird()},{cage.bird()},{cage.bird()},{cage.bird()},{cage.bird()}"] * 3
        lines += [",".join(cage.bird() for _ in range(9)), f'"{cage.bird()}']
    file = tmp_path / name
    file.write_text("\n".join(lines) + "\n")
    program = start_program()
    rejects = tmp_path / "rejects"
    said = run_careplane("import", str(file), "--rejects", str(rejects), "--data", str(program.data))
    assert said.returncode == 0, said.stderr
    assert "1 imported, 0 known already" in said.stdout
    assert len(rejects.read_text().splitlines()) >= 4
    assert cage.found_in(said.stdout + said.stderr + rejects.read_text() + program.said()) == []
