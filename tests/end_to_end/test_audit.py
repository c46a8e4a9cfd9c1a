"""The audit from end to end: all that was done is seen through the API, and what was done to the audit is found."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.end_to_end.conftest import StartProgram, programs
from tests.end_to_end.patients import somebody
from tests.end_to_end.program import DEMO_EMAIL, Program, assert_one_sentence, run_careplane, until_true

PASSWORD = "purple otters climb ladders"
COMPONENTS = ("identity", "billing", "patient", "analytics")
_SEALED = " AND ".join(
    f"(SELECT count(*) FROM {c}.audit) = (SELECT coalesce(sum(cardinality(row_ids)), 0) FROM {c}.audit_seal)"
    for c in COMPONENTS
)


@pytest.fixture(scope="module")
def running() -> Iterator[Program]:
    """Give a program of this file's own, with an auditor and an analyst."""
    with programs() as start:
        program = start()
        for role in ("auditor", "analyst"):
            said = run_careplane(
                "users", "add", f"{role}@example.org", "--role", role, "--data", str(program.data), stdin=PASSWORD
            )
            assert said.returncode == 0, said.stderr
        yield program


def signed_in(program: Program, name: str) -> httpx.Client:
    """Return the client of somebody who has signed in."""
    header = program.sign_in() if name == "demo" else program.sign_in(f"{name}@example.org", PASSWORD)
    return httpx.Client(base_url=program.url, headers=header, timeout=30.0)


def entries(client: httpx.Client, path: str = "/api/audit", **query: Any) -> list[dict[str, Any]]:
    """Follow the cursors to the end."""
    found: list[dict[str, Any]] = []
    while True:
        answer = client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        found += answer.json()["entries"]
        query["cursor"] = answer.json()["nextCursor"]
        if query["cursor"] is None:
            return found


def audit(program: Program, command: str, *more: str) -> tuple[int, str]:
    """Run an audit command, and return its exit code and all that it said."""
    said = run_careplane("audit", command, "--data", str(program.data), *more)
    assert "Traceback" not in said.stderr
    if said.returncode:
        assert_one_sentence(said)
    return said.returncode, said.stdout + said.stderr


def test_an_auditor_sees_who_did_what_with_a_patient(running: Program) -> None:
    """Registration, reads, changes and a refusal, over all components, newest first, each with its caller."""
    with signed_in(running, "demo") as demo, signed_in(running, "analyst") as analyst:
        patient = demo.post("/api/patients", json=somebody()).json()["id"]
        path = f"/api/patients/{patient}"
        until_true(lambda: demo.get(f"{path}/billing-account").json()["status"] == "ACTIVE")
        demo.patch(path, json={"phone": "+31 10 555 0100"})
        refused = analyst.get(path)
        assert refused.status_code == 403
    with signed_in(running, "auditor") as auditor:
        assert auditor.get(path).status_code == 403
        found = entries(auditor, f"{path}/audit", limit=3)
        users = {user["email"]: user["id"] for user in auditor.get("/api/users").json()["users"]}
    told = [(entry["action"], entry["outcome"], entry["caller"]) for entry in found]
    route = "GET /api/patients/{patient_id}"
    assert told[0] == (route, "denied", users["auditor@example.org"])
    assert told[1] == (route, "denied", users["analyst@example.org"])
    assert told[2] == ("patient/amend", "done", users[DEMO_EMAIL])
    assert told[-1] == ("patient/register", "done", users[DEMO_EMAIL])
    assert ("billing/account", "done", users[DEMO_EMAIL]) in told
    assert found[1]["requestId"] == refused.headers["x-request-id"]
    assert {entry["subject"] for entry in found} == {patient}
    assert [entry["at"] for entry in found] == sorted((entry["at"] for entry in found), reverse=True)


def test_an_auditor_sees_sign_ins_and_other_auditors(running: Program) -> None:
    """Good ones, refused ones, what was done at a terminal, and that the audit itself was read."""
    with httpx.Client(base_url=running.url, timeout=30.0) as stranger:
        answer = stranger.post("/auth/login", json={"email": DEMO_EMAIL, "password": "not this one"})
        assert answer.status_code == 401
    with signed_in(running, "auditor") as auditor:
        logins = entries(auditor, action="identity/login", limit=200)
        assert {"signed in", "refused"} <= {entry["outcome"] for entry in logins}
        at_terminal = entries(auditor, action="identity/add_user")
        assert sum(entry["caller"].startswith("operator:") for entry in at_terminal) == 2
        read = {entry["component"] for entry in entries(auditor) if entry["action"].endswith("/audit_trail")}
        assert read == set(COMPONENTS)


def test_the_audit_names_nobody(running: Program) -> None:
    """What it holds are ids: no name, address or number of a patient, and no e-mail."""
    person = somebody()
    with signed_in(running, "demo") as demo:
        demo.post("/api/patients", json=person)
        demo.get("/api/patients", params={"name": person["name"]})
    with signed_in(running, "auditor") as auditor:
        text = json.dumps(entries(auditor, limit=200), ensure_ascii=False)
    assert not any(value in text for value in (person["name"], person["email"], "example.org"))


def test_only_who_may_read_the_audit_reads_it(running: Program) -> None:
    """An analyst may not, nor may a stranger; an administrator may."""
    with signed_in(running, "analyst") as analyst, signed_in(running, "demo") as demo:
        assert analyst.get("/api/audit").status_code == 403
        assert demo.get("/api/audit").status_code == 200
    assert httpx.get(f"{running.url}/api/audit", timeout=30.0).status_code == 401


def test_it_verifies_while_the_platform_runs(running: Program) -> None:
    """Exit code 0, and a line for each component, anchored by what the platform itself has noted."""
    anchors = running.data / "audit-anchors.ndjson"
    until_true(lambda: anchors.exists() and len(anchors.read_text().splitlines()) >= len(COMPONENTS))
    code, said = audit(running, "verify")
    assert code == 0, said
    assert [line.split(":")[0] for line in said.splitlines()] == list(COMPONENTS)
    assert said.count("intact") == said.count("anchored up to block") == len(COMPONENTS)


def test_an_anchor_is_noted_when_asked_for(running: Program, tmp_path: Path) -> None:
    """Into a file of one's own choice, and on the screen; the chains hold it."""
    file = tmp_path / "elsewhere" / "anchors.ndjson"
    code, said = audit(running, "anchor", "--anchor", str(file))
    assert code == 0, said
    noted = [json.loads(line) for line in file.read_text().splitlines()]
    assert {anchor["component"] for anchor in noted} == set(COMPONENTS)
    assert all(anchor["hash"] in said for anchor in noted)
    assert file.stat().st_mode & 0o077 == 0
    assert audit(running, "verify", "--anchor", str(file))[0] == 0


def test_searches_and_exports_are_in_a_patients_trail(running: Program, tmp_path: Path) -> None:
    """Whoever saw the patient on a list or carried the record away is found by asking about the patient."""
    person = somebody()
    with signed_in(running, "demo") as demo:
        shown, other = (demo.post("/api/patients", json=one).json()["id"] for one in (person, somebody()))
        found = demo.get("/api/patients", params={"email": person["email"]})
        assert shown in {patient["id"] for patient in found.json()["patients"]}
    out = run_careplane("export", str(tmp_path / "out.ndjson"), "--data", str(running.data))
    assert out.returncode == 0, out.stderr
    with signed_in(running, "auditor") as auditor:
        actions = [entry["action"] for entry in entries(auditor, f"/api/patients/{shown}/audit")]
        assert {"patient/register", "patient/search", "patient/export"} <= set(actions)
        others = [entry["action"] for entry in entries(auditor, f"/api/patients/{other}/audit")]
        assert "patient/search" not in others
        assert "patient/export" in others


@pytest.mark.parametrize("content", [None, "not an anchor\n"])
def test_a_file_that_holds_no_anchors_is_told(running: Program, tmp_path: Path, content: str | None) -> None:
    """One sentence, whether it is not there or not what it should be."""
    file = tmp_path / "anchors.ndjson"
    if content is not None:
        file.write_text(content)
    code, said = audit(running, "verify", "--anchor", str(file))
    assert code == 1
    assert str(file) in said


def test_everything_is_sealed_and_anchored_at_the_end_and_tampering_is_found(start_program: StartProgram) -> None:
    """A superuser who alters a row, deletes one or cuts off the tail is found out, the last by the anchors alone."""
    program = start_program()
    with signed_in(program, "demo") as demo:
        patient = demo.post("/api/patients", json=somebody()).json()["id"]
        demo.get(f"/api/patients/{patient}")
    assert program.stop() == 0, program.said()[-4000:]
    assert program.said().count('"event":"audit anchor"') >= 2
    program = start_program(program.data)
    assert program.sql(f"SELECT {_SEALED} AS sealed") == [{"sealed": True}]
    program.sql("UPDATE patient.audit SET caller = 'nobody' WHERE action = 'patient/get'")
    code, said = audit(program, "verify")
    assert code == 1
    assert "altered: row 2 was altered" in said
    program.sql("DELETE FROM patient.audit WHERE action = 'patient/get'")
    assert "deleted: row 2 was deleted" in audit(program, "verify")[1]
    for table in ("audit", "audit_seal"):
        program.sql(f"DELETE FROM patient.{table}")
    code, said = audit(program, "verify")
    assert code == 1
    assert "truncated: the chain ends at block 0" in said
