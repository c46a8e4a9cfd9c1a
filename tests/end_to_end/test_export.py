"""`careplane export` with the real program: nothing is lost, nothing is half there, and nobody else may read it."""

import csv
import itertools
import json
import os
import random
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.end_to_end.conftest import programs
from tests.end_to_end.patients import registered
from tests.end_to_end.program import Program, assert_one_sentence, environment, run_careplane, until_true
from tests.end_to_end.test_command_line import RICH

SEED = random.randrange(2**32)
TRICKY = (
    '=HYPERLINK("http://x")',
    "+31 10 555 0100",
    "-2",
    "@here",
    "O'Brien",
    "'=1",
    'say "hi", twice',
    "line\nbreak",
)


@pytest.fixture(scope="module")
def full() -> Iterator[Program]:
    """Give a program with imported, registered, restricted and archived records."""
    with programs() as start:
        program = start()
        lines = [json.dumps({**json.loads(RICH), **chance(n)}) for n in range(300)]
        lines += [RICH.replace("\n", " ").replace("@", f"rich-{n}") for n in range(3)]
        source = program.data / "people.ndjson"
        source.write_text("\n".join(lines) + "\n")
        said = run_careplane("import", str(source), "--data", str(program.data))
        assert "303 imported" in said.stdout, (SEED, said.stdout, said.stderr)
        with httpx.Client(base_url=program.url, headers=program.sign_in(), timeout=30.0) as client:
            for text in TRICKY:
                registered(client, name=f"Ada {text}" if text.startswith("line") else text, address=text, phone=text)
            away = registered(client, name="Archived One")
            assert client.delete(f"/api/patients/{away['id']}").status_code == 204
            closed = registered(client, name="Restricted One")
            body = {"restricted": True, "careTeam": [closed["updatedBy"]]}
            assert client.put(f"/api/patients/{closed['id']}/access", json=body).status_code == 200
        yield program


def chance(number: int) -> dict[str, Any]:
    """Return fields made up at random, the same for the same seed."""
    dice = random.Random(SEED + number)
    letters = "aéß漢\u0627𝒜'\"\\=+-@,;\t "
    word = "".join(dice.choice(letters) for _ in range(dice.randint(1, 30))).strip() + "x"
    made: dict[str, Any] = {
        "id": f"r{number}",
        "identifier": [{"system": "urn:r", "value": f"{SEED}-{number}"}],
        "name": [{"text": word}],
        "birthDate": f"19{dice.randint(10, 99)}-0{dice.randint(1, 9)}-1{dice.randint(0, 9)}",
    }
    if dice.random() < 0.1:
        made["meta"] = {
            "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}]
        }
    return made


def exported(program: Program, path: Path, *options: str) -> str:
    """Export to a file and return what the command said."""
    said = run_careplane("export", str(path), *options, "--data", str(program.data))
    assert said.returncode == 0, said.stderr
    assert "Traceback" not in said.stderr
    return said.stdout


def documents(path: Path) -> list[str]:
    """Return the lines of a file, each as JSON in one form, with the digits of its fractions."""
    lines = path.read_text().splitlines()
    return sorted(json.dumps(json.loads(line, parse_float=lambda d: ["fraction", d]), sort_keys=True) for line in lines)


def test_an_import_of_an_export_is_the_same_registry(full: Program, tmp_path: Path) -> None:
    """NDJSON into an empty platform, and out of it again: every document is identical, fractions digit by digit."""
    first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
    assert f"{303 + len(TRICKY) + 2} records exported" in exported(full, first)
    with programs() as start:
        empty = start()
        said = run_careplane("import", str(first), "--data", str(empty.data))
        assert f"{303 + len(TRICKY) + 2} imported, 0 known already, 0 rejected" in said.stdout, (SEED, said.stdout)
        exported(empty, second)
        closed = empty.sql("SELECT count(*) AS n FROM patient.patients WHERE restricted")
    assert documents(first) == documents(second), SEED
    assert closed == full.sql("SELECT count(*) AS n FROM patient.patients WHERE restricted")


def test_a_document_comes_out_as_it_went_in(full: Program, tmp_path: Path) -> None:
    """What a file of another system said is in the export, letter for letter."""
    file = tmp_path / "out.ndjson"
    exported(full, file)
    sent = [RICH.replace("@", f"rich-{n}") for n in range(3)]
    canonical = [json.dumps(json.loads(s, parse_float=lambda d: ["fraction", d]), sort_keys=True) for s in sent]
    assert set(canonical) <= set(documents(file))


def test_csv_goes_round(full: Program, tmp_path: Path) -> None:
    """Registered people come back out of another platform with the same fields; formulas are text in between."""
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    assert "without the archived ones" in exported(full, first)
    rows = table(first)
    assert not [cell for row in rows for cell in row.values() if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    mine = [row for row in rows if row["email"].startswith("e2e-")]
    assert len(mine) == len(TRICKY) + 1
    with programs() as start:
        empty = start()
        said = run_careplane("import", str(first), "--data", str(empty.data))
        assert said.returncode == 0, said.stderr
        exported(empty, second)
    assert [but_number(row) for row in mine] == [
        but_number(row) for row in table(second) if row["email"].startswith("e2e-")
    ]
    assert [row["restricted"] for row in mine if row["name"] == "Restricted One"] == ["true"]


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, by e-mail."""
    with path.open(newline="") as file:
        return sorted(csv.DictReader(file, strict=True), key=lambda row: row["email"])


def but_number(row: dict[str, str]) -> dict[str, str]:
    """Return a row without its number, of which every registry gives its own."""
    return {name: value for name, value in row.items() if name != "medicalRecordNumber"}


def test_archived_records_can_be_left_out(full: Program, tmp_path: Path) -> None:
    """They are there as not active, unless they are not wanted."""
    file = tmp_path / "out.jsonl"
    exported(full, file)
    away = [json.loads(line) for line in file.read_text().splitlines() if "Archived One" in line]
    assert [document["active"] for document in away] == [False]
    assert "without the archived ones" in exported(full, file, "--without-archived", "--force")
    assert "Archived One" not in file.read_text()


def test_the_file_is_its_owners_alone(full: Program, tmp_path: Path) -> None:
    """Mode 0600, whatever the umask; nothing else is left in the folder."""
    file = tmp_path / "health"
    before = os.umask(0)
    try:
        exported(full, file, "--format", "csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["health"]


def test_nothing_is_overwritten_unasked(full: Program, tmp_path: Path) -> None:
    """A file that is there stays as it is, and one sentence says what to do; so with a name without a format."""
    file = tmp_path / "out.csv"
    file.write_text("mine")
    refused = run_careplane("export", str(file), "--data", str(full.data))
    assert "--force" in assert_one_sentence(refused)
    assert file.read_text() == "mine"
    exported(full, file, "--force")
    assert file.read_text().startswith('"medicalRecordNumber"')
    assert "--format" in assert_one_sentence(run_careplane("export", str(tmp_path / "out"), "--data", str(full.data)))
    nowhere = run_careplane("export", str(tmp_path / "no" / "out.csv"), "--data", str(full.data))
    assert "cannot be written" in assert_one_sentence(nowhere)
    (tmp_path / "half.csv.part").write_text("of another run")
    assert "--force" in assert_one_sentence(
        run_careplane("export", str(tmp_path / "half.csv"), "--data", str(full.data))
    )
    exported(full, tmp_path / "half.csv", "--force")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["half.csv", "out.csv"]


def test_an_export_that_is_broken_off_leaves_nothing(full: Program, tmp_path: Path) -> None:
    """Asked to stop while it writes, it takes its piece of a file away; the file is there whole or not at all."""
    file = tmp_path / "out.ndjson"
    part = tmp_path / "out.ndjson.part"
    process = subprocess.Popen(
        [sys.executable, "-m", "careplane", "export", str(file), "--data", str(full.data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(),
    )
    until_true(lambda: part.exists() or process.poll() is not None, pause=0.001)
    process.terminate()
    said, _ = process.communicate(timeout=30)
    assert not part.exists(), said
    assert (process.returncode, file.exists()) in {(130, False), (0, True)}, said


def test_every_page_is_in_the_audit(full: Program, tmp_path: Path) -> None:
    """Who at which terminal, how many, from which id to which."""
    before = len(full.sql("SELECT FROM patient.audit WHERE action = 'patient/export'"))
    exported(full, tmp_path / "out.ndjson")
    noted = full.sql("SELECT caller, detail FROM patient.audit WHERE action = 'patient/export' ORDER BY id")[before:]
    counts = [json.loads(row["detail"])["count"] for row in noted]
    assert sum(counts) == 303 + len(TRICKY) + 2
    assert all(row["caller"].startswith("operator:") for row in noted)
    details = [json.loads(row["detail"]) for row in noted]
    assert all(one["first"] <= one["last"] for one in details)
    assert all(one["last"] < next_one["first"] for one, next_one in itertools.pairwise(details))


def test_patients_who_come_meanwhile_do_no_harm(full: Program, tmp_path: Path) -> None:
    """An export while others register holds everybody who was there when it began, each once."""
    ids = {str(row["id"]) for row in full.sql("SELECT id FROM patient.patients")}
    done = threading.Event()

    def keep_registering() -> None:
        with httpx.Client(base_url=full.url, headers=full.sign_in(), timeout=30.0) as client, suppress(httpx.HTTPError):
            while not done.is_set():
                registered(client)

    thread = threading.Thread(target=keep_registering)
    thread.start()
    try:
        exported(full, tmp_path / "out.csv")
        exported(full, tmp_path / "out.ndjson")
    finally:
        done.set()
        thread.join()
    found = [row["medicalRecordNumber"] for row in table(tmp_path / "out.csv")]
    assert len(found) == len(set(found)) >= len(ids) - 1
    assert len((tmp_path / "out.ndjson").read_text().splitlines()) >= len(ids)
