"""Corpora: what they ask is what systems take, and in the shares and versions that were meant."""

import random
from collections import Counter
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from benchmarks.load import requests
from benchmarks.load.corpus import UNIQUE, Request
from benchmarks.load.patients import Known
from benchmarks.load.requests import KINDS, MIX, condition, mixed, registrations, updates
from benchmarks.systems.common_shapes import NewPatient
from benchmarks.systems.running import Running

from careplane.components.patient.http.bodies import PatientBody

SOME = [
    Known(id=f"id-{n}", version=n + 1, name="Ada Lovelace", email=f"a{n}@example.org", born="1985-12-10", mrn=f"{n}")
    for n in range(3)
]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Running:
    """Return a system that has three patients."""
    monkeypatch.setattr(requests, "known", lambda _system, *, seed: SOME)
    return Running("one", "http://127.0.0.1:1", "")


def read(file: Path) -> list[Request]:
    """Return the requests of a corpus."""
    lines = [line.split("\t") for line in file.read_text().splitlines()]
    return [Request(method, path, body, kind, match) for method, path, kind, match, body in lines]


def test_a_registration_is_taken_by_all_systems(tmp_path: Path) -> None:
    """Its body is what Careplane and the common stack want, once the generator has made the e-mail address unique."""
    for request in read(registrations(tmp_path / "corpus", seed=1, count=200)):
        assert request.body.count(UNIQUE) == 1
        body = request.body.replace(UNIQUE, "1234567890123456")
        ours, theirs = msgspec.json.decode(body, type=PatientBody), NewPatient.model_validate_json(body)
        assert ours.name == theirs.name


def test_an_update_has_the_version_that_the_one_before_left(system: Running, tmp_path: Path) -> None:
    """Each patient comes in turn, and comes again with the next version."""
    found = [(one.path, one.if_match) for one in read(updates(tmp_path / "corpus", system, seed=1, count=5))]
    first = [("/api/patients/id-0", '"v1"'), ("/api/patients/id-1", '"v2"'), ("/api/patients/id-2", '"v3"')]
    assert found == [*first, ("/api/patients/id-0", '"v2"'), ("/api/patients/id-1", '"v3"')]


def test_the_mix_is_mixed_as_it_says(system: Running, tmp_path: Path) -> None:
    """Of ten thousand requests each kind has its share, within what chance allows."""
    kinds = {"GET": "read", "POST": "register", "PATCH": "update"}
    found = read(mixed(tmp_path / "corpus", system, seed=1, count=10_000))
    counted = Counter("search" if "?" in one.path else kinds[one.method] for one in found)
    assert {kind: round(counted[kind] / 100) for kind in MIX} == MIX


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_search_says_what_is_looked_for(kind: str) -> None:
    """One parameter, with something of the patient in it."""
    ((name, value),) = condition(SOME[1], kind, random.Random(1)).items()
    wanted = {"name": SOME[1].name, "email": SOME[1].email, "dateOfBirth": SOME[1].born, "identifier": SOME[1].mrn}
    assert (value == wanted[name]) is (kind != "misspelt name")


def test_a_seed_asks_the_same_again(tmp_path: Path) -> None:
    """So that two runs can be compared."""
    first, again, other = (
        list(islice(read(registrations(tmp_path / f"{n}", seed=seed, count=50)), 50))
        for n, seed in enumerate((1, 1, 2))
    )
    assert first == again != other
